"""What networks read: resizing as OpenCV does it, small flows over the face."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernels.expression_cloud import Measured
from kernels.inputs.resize import resized
from kernels.inputs.small_flow import motion_and_tension, small_flow


@given(st.integers(8, 60), st.integers(8, 60), st.integers(4, 70), st.integers(0, 99))
def test_shrinking_and_growing_agree_with_opencv(height: int, width: int, wanted: int, seed: int):
    picture = np.random.default_rng(seed).normal(size=(height, width)).astype(np.float32)
    smaller = resized(picture, min(wanted, height), min(wanted, width))
    size = (min(wanted, width), min(wanted, height))
    assert np.allclose(smaller, cv2.resize(picture, size, interpolation=cv2.INTER_AREA), atol=1e-5)
    larger = resized(picture, height + wanted, width + wanted)
    expected = cv2.resize(picture, (width + wanted, height + wanted), interpolation=cv2.INTER_LINEAR)
    assert np.allclose(larger, expected, atol=1e-5)


def test_stacks_are_resized_picture_by_picture_and_nothing_is_refused():
    stack = np.random.default_rng(1).integers(0, 256, (3, 2, 20, 30), dtype=np.uint8)
    whole = resized(stack, 7, 9)
    assert whole.shape == (3, 2, 7, 9) and whole.dtype == np.float32
    assert np.allclose(whole[1, 1], resized(stack[1, 1], 7, 9), atol=1e-4)
    with pytest.raises(ValueError, match="need pixels"):
        resized(stack, 0, 4)


def test_a_small_flow_covers_the_face_and_each_channel_its_range():
    mesh = np.full((468, 3), 100, np.float32)
    mesh[234], mesh[454], mesh[10], mesh[152] = (40, 100, 0), (180, 100, 0), (110, 30, 0), (110, 226, 0)
    residual = np.zeros((256, 256, 2), np.float32)
    residual[30:226, 110:180, 0] = 1.0  # the right half of the face's box
    residual[128:226, 40:180, 1] = -2.0  # its lower half
    strain = np.abs(residual[..., 0])
    small = small_flow(Measured(residual, residual, strain, None, 0.0, None), mesh)
    assert np.array_equal(small.flow[:, :, 0], np.tile(np.repeat([0, 255], 14), (28, 1)))
    assert np.array_equal(small.flow[:, :, 1], np.repeat([255, 0], 14)[:, None].repeat(28, axis=1))
    assert np.allclose(small.landmarks[[234, 454], 0], [0, 1]) and np.allclose(small.landmarks[[10, 152], 1], [0, 1])
    read = motion_and_tension(small.flow[None])
    assert np.allclose(np.median(read[0, ..., :2], axis=(0, 1)), 0) and read[0, ..., 2].max() == 1
