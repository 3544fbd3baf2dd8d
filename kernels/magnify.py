"""Motion magnification: of all that changes in a band of frequencies, or along a flow."""

from __future__ import annotations

from typing import Any

import numpy as np

from kernels import laplacian_pyramid as pyramid
from kernels.backend import Backend, backend_of
from kernels.displace import displaced
from kernels.temporal_band import band_pass

EXAGGERATION = 2.0
"""By which the published code raises the bound on short wavelengths."""


def magnify_eulerian(
    frames: Any,
    rate: float,
    *,
    alpha: float = 2.0,
    low: float = 0.5,
    high: float = 10.0,
    shortest: float = 48.0,
    backend: Backend | None = None,
) -> Any:
    """Eulerian magnification (Wu et al., SIGGRAPH 2012) with a first-order Butterworth band.

    Each level of a Laplacian pyramid is filtered in time and added back times `alpha`, or where its wavelength is too
    short for that, times 2 (wavelength / (8 delta) - 1), with delta = shortest / (8 (1 + alpha)) (their equation 14).
    The finest and the coarsest level are left as they are.

    Args:
        frames: (T, H, W) grey, uint8 or float32; NumPy or CuPy.
        rate: frames per second.
        alpha: magnification beyond the motion itself.
        low: Hz, lower end of the band.
        high: Hz, upper end of the band, below half the rate.
        shortest: px; the spatial wavelength (lambda_c) below which magnification is reduced.
        backend: see `kernels.backend.backend_of`.

    Returns:
        float32 (T, H, W), not clipped.

    Raises:
        ValueError: frames of another shape, or a band that does not fit the rate.
    """
    chosen = backend_of(frames, backend)
    if len(frames.shape) != 3 or frames.shape[0] < 2 or min(frames.shape[1:]) < 8:
        raise ValueError(f"frames must be (T, H, W), at least two of at least 8x8 pixels, not {frames.shape}")
    if not 0 < low < high < rate / 2:
        raise ValueError(f"the band must satisfy 0 < low < high < rate / 2, not {low}, {high} Hz at {rate} Hz")
    if not alpha >= 0 or not shortest > 0:
        raise ValueError(f"alpha must not be negative and shortest be positive, not {alpha} and {shortest}")
    stack = frames.astype("float32")
    if isinstance(stack, np.ndarray) and not np.isfinite(stack.sum()):
        raise ValueError("the frames hold values that are not finite")
    levels = pyramid.split(stack, chosen)
    delta = shortest / 8 / (1 + alpha)
    wavelength = float(np.hypot(*frames.shape[1:])) / 3
    for i in reversed(range(len(levels))):
        times = min(alpha, EXAGGERATION * (wavelength / delta / 8 - 1))
        if 0 < i < len(levels) - 1 and times > 0:
            levels[i] = levels[i] + np.float32(times) * band_pass(levels[i], rate, low, high, chosen)
        wavelength /= 2
    return pyramid.join(levels, chosen)


def magnify_lagrangian(image: Any, flow: Any, alpha: float, backend: Backend | None = None) -> Any:
    """Lagrangian magnification (Liu et al., SIGGRAPH 2005): the first image carried 1 + alpha times along the flow.

    Args:
        image: (H, W) grey, the frame that the flow starts from; NumPy or CuPy.
        flow: float32 (H, W, 2), px.
        alpha: magnification beyond the motion itself.
        backend: see `kernels.backend.backend_of`.

    Returns:
        float32 (H, W).

    Raises:
        ValueError: shapes that do not fit.
    """
    return displaced(image, flow, 1 + alpha, backend)
