"""Folders of images."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime.source import SourceError, open_source


def fill(folder: Path, names: list[str], size: tuple[int, int] = (40, 30)) -> None:
    for number, name in enumerate(names):
        cv2.imwrite(str(folder / name), np.full((size[1], size[0], 3), (0, 10, 5 * number), np.uint8))


def test_images_come_in_natural_order_at_the_given_rate(tmp_path: Path):
    names = ["img1.png", "img2.png", "img9.PNG", "img10.bmp", "img100.tif"]
    fill(tmp_path, names)
    (tmp_path / "notes.txt").write_text("passed over")
    source = open_source(str(tmp_path), image_fps=200)
    frames = list(source)
    assert (source.width, source.height, source.fps) == (40, 30, 200)
    assert source.says.endswith("5 images of 40x30, 200 frames/s")
    assert [int(frame.image[0, 0, 0]) for frame in frames] == [0, 5, 10, 15, 20], "RGB, in order"
    assert all((frame.image[0, 0, 1:] == (10, 0)).all() for frame in frames)
    assert [frame.presentation_s for frame in frames] == pytest.approx([n / 200 for n in range(5)])
    assert [frame.captured_ns for frame in frames] == [5_000_000 * n for n in range(5)]


def test_grey_and_deep_images_become_rgb(tmp_path: Path):
    cv2.imwrite(str(tmp_path / "a.png"), np.full((30, 40), 200 * 257, np.uint16))
    image = next(iter(open_source(str(tmp_path)))).image
    assert (image.shape, image.dtype) == ((30, 40, 3), np.uint8)
    assert (image == 200).all()


def test_an_empty_folder_is_refused(tmp_path: Path):
    with pytest.raises(SourceError, match=r"no image in this folder; it takes \.bmp"):
        open_source(str(tmp_path))


def test_an_image_of_another_size_is_named(tmp_path: Path):
    fill(tmp_path, ["1.png", "2.png"])
    fill(tmp_path, ["3.png"], size=(20, 20))
    frames = iter(open_source(str(tmp_path)))
    assert next(frames).image.shape == next(frames).image.shape
    with pytest.raises(SourceError, match=r"3\.png: is 20x20, the images before it 40x30"):
        next(frames)


@pytest.mark.parametrize("content", [b"", b"not an image"])
def test_an_image_that_cannot_be_read_is_named(tmp_path: Path, content: bytes):
    fill(tmp_path, ["1.png"])
    (tmp_path / "2.png").write_bytes(content)
    with pytest.raises(SourceError, match=r"2\.png: cannot be read as an image; repair it"):
        list(open_source(str(tmp_path)))


def test_a_rate_of_zero_is_refused(tmp_path: Path):
    fill(tmp_path, ["1.png"])
    with pytest.raises(SourceError, match="needs a frame rate above zero"):
        open_source(str(tmp_path), image_fps=0)
