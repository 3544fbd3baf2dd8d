"""Pictures from elsewhere: what is decoded, and what is refused before it costs memory."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from realtime.jpeg import decode_jpeg


def jpeg(height: int, width: int) -> bytes:
    picture = np.zeros((height, width, 3), np.uint8)
    picture[..., 2] = 200  # OpenCV's red
    return cv2.imencode(".jpg", picture)[1].tobytes()


def promising(height: int, width: int) -> bytes:
    """A small picture whose header states another size."""
    data = bytearray(jpeg(16, 16))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    return bytes(data)


def test_a_picture_comes_as_red_green_blue():
    image = decode_jpeg(jpeg(20, 30), 30)
    assert image is not None and image.shape == (20, 30, 3) and image.dtype == np.uint8
    assert image[..., 0].min() > 190 and image[..., 1:].max() < 10


@pytest.mark.parametrize(
    "data",
    [b"", b"no picture", jpeg(20, 31), jpeg(20, 30)[:300][:40], cv2.imencode(".png", np.zeros((8, 8, 3)))[1].tobytes()],
    ids=["empty", "text", "too wide", "cut off", "png"],
)
def test_anything_else_is_none(data: bytes):
    assert decode_jpeg(data, 30) is None


def test_a_header_that_promises_gigabytes_is_refused_before_they_are_taken(monkeypatch):
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("it was decoded"))
    assert decode_jpeg(promising(32_768, 32_768), 4096) is None
