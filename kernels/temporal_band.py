"""A first-order Butterworth band in time: the difference of two low-pass filters, run causally."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels.backend import Backend, contiguous
from kernels.compiled import compiled_fast


def low_pass_weights(rate: float, cutoff: float) -> tuple[float, float]:
    """b and a of y[t] = b (x[t] + x[t-1]) + a y[t-1], by the bilinear transform; cutoff and rate in Hz."""
    warped = float(np.tan(np.pi * cutoff / rate))
    return warped / (1 + warped), (1 - warped) / (1 + warped)


def band_pass(frames: Any, rate: float, low: float, high: float, backend: Backend) -> Any:
    """What of (T, H, W) frames changes between `low` and `high` Hz, float32 (T, H, W); zero at the first frame.

    Both filters start at rest on the first frame, so a still image gives nothing from the start.
    """
    quick, slow = low_pass_weights(rate, high), low_pass_weights(rate, low)
    if backend == "cupy":
        from kernels import cuda_launch

        launch = cuda_launch.launcher()
        series = launch.arrays.ascontiguousarray(frames, dtype="float32")
        out = launch.arrays.empty_like(series)
        pixels = series[0].size
        launch("magnify", "band_pass", pixels, series, out, series.shape[0], pixels, *quick, *slow)
        return out
    series = contiguous(frames)
    if backend == "numpy":
        return _low_pass(series, *quick) - _low_pass(series, *slow)
    out = np.empty_like(series)
    _band_pass(series.reshape(series.shape[0], -1), *quick, *slow, out.reshape(series.shape[0], -1))
    return out


def _low_pass(frames: NDArray[np.float32], b: float, a: float) -> NDArray[np.float32]:
    passed = np.empty_like(frames)
    passed[0] = frames[0]
    for t in range(1, len(frames)):
        passed[t] = np.float32(b) * (frames[t] + frames[t - 1]) + np.float32(a) * passed[t - 1]
    return passed


@compiled_fast
def _band_pass(
    frames: NDArray[np.float32],
    quick_b: float,
    quick_a: float,
    slow_b: float,
    slow_a: float,
    out: NDArray[np.float32],
) -> None:
    count, pixels = frames.shape
    quick, slow = frames[0].copy(), frames[0].copy()
    qb, qa, sb, sa = np.float32(quick_b), np.float32(quick_a), np.float32(slow_b), np.float32(slow_a)
    out[0] = np.float32(0)
    for t in range(1, count):
        for i in range(pixels):
            both = frames[t, i] + frames[t - 1, i]
            quick[i] = qb * both + qa * quick[i]
            slow[i] = sb * both + sa * slow[i]
            out[t, i] = quick[i] - slow[i]
