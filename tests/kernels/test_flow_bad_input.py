"""Bad input to the flow is refused with a line that says why."""

from __future__ import annotations

import numpy as np
import pytest

from kernels.cuda_launch import CudaMissing
from kernels.flow import FlowEstimator

GOOD = np.zeros((64, 64), np.uint8)


@pytest.fixture(scope="module")
def estimate():
    return FlowEstimator(64, 64)


@pytest.mark.parametrize(
    "image, words",
    [
        (np.zeros((64, 64)), "uint8 or float32, not float64"),
        (np.zeros((64, 64), np.int16), "int16"),
        (np.zeros((64, 64, 3), np.uint8), r"\(64, 64, 3\)"),
        (np.zeros((32, 64), np.uint8), r"\(32, 64\)"),
        (np.zeros((0, 0), np.uint8), r"\(0, 0\)"),
        (np.full((64, 64), np.nan, np.float32), "not finite"),
        (np.full((64, 64), np.inf, np.float32), "not finite"),
        (np.full((64, 64), 1e25, np.float32), "no grey levels"),
        (np.full((64, 64), -1e25, np.float32), "no grey levels"),
        ([[0]], "list"),
        (None, "NoneType"),
    ],
)
def test_images(estimate, image, words):
    with pytest.raises(ValueError, match=words):
        estimate(image, GOOD)
    with pytest.raises(ValueError, match=words):
        estimate(GOOD, image)


def test_a_bad_call_does_no_harm(estimate):
    with pytest.raises(ValueError, match="not finite"):
        estimate(GOOD, np.full((64, 64), np.nan, np.float32))
    assert np.isfinite(estimate(GOOD, GOOD)).all()


@pytest.mark.parametrize(
    "arguments, words",
    [
        ((16, 64), "at least 32x32"),
        ((64, 64, "fast"), "tracking, precise"),
        ((64, 64, "tracking", "torch"), "numba"),
    ],
)
def test_estimators(arguments, words):
    with pytest.raises(ValueError, match=words):
        FlowEstimator(*arguments)


def test_batches_need_the_gpu():
    with pytest.raises(ValueError, match="cupy"):
        FlowEstimator(64, 64, pairs=2)


def test_no_reference_yet():
    with pytest.raises(ValueError, match="set_reference"):
        FlowEstimator(64, 64).to(GOOD)


def test_a_first_guess_of_another_shape(estimate):
    with pytest.raises(ValueError, match="initial"):
        estimate(GOOD, GOOD, initial=np.zeros((32, 32, 2), np.float32))


@pytest.mark.parametrize("length", [np.nan, np.inf, 1e30])
def test_a_first_guess_that_leads_out_of_the_image(estimate, length):
    with pytest.raises(ValueError, match="no longer than the image"):
        estimate(GOOD, GOOD, initial=np.full((64, 64, 2), length, np.float32))


def test_room_of_another_kind(estimate):
    with pytest.raises(ValueError, match="out must"):
        estimate(GOOD, GOOD, out=np.zeros((64, 64, 2)))


def test_a_missing_gpu_is_named_not_replaced():
    try:
        import cupy

        if cupy.cuda.runtime.getDeviceCount():
            pytest.skip("this machine has a GPU")
    except Exception:
        pass
    with pytest.raises(CudaMissing, match=r"GPU|CuPy"):
        FlowEstimator(64, 64, backend="cupy")
