"""An expression's frames evenly spaced, magnified, and the flows between them (Wang et al., ICASSP 2024)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kernels.flow import FlowEstimator
from kernels.interpolate import interpolate_frames
from kernels.magnify import magnify_eulerian

LOW_HZ, HIGH_HZ = 0.5, 10.0
RISING = 8
"""Frames from onset to apex among the ten that patches are made of."""


def ten_frames(grey: NDArray[np.uint8], apex: int) -> NDArray[np.float32]:
    """Eight frames from onset to apex, the midpoint of the fall, and the offset; float32 (10, S, S)."""
    last = len(grey) - 1
    places = np.concatenate([np.linspace(0, apex, RISING), [(apex + last) / 2, last]])
    return np.asarray(interpolate_frames(grey, places, "linear"), np.float32)


def rate_of_ten(frames: int, rate: float) -> float:
    """Mean rate of the ten frames, Hz: they are not evenly spaced, and magnified as if they were, as published."""
    return max(rate * 9 / max(frames - 1, 1), 4.0)


def eulerian(light: NDArray[np.float32], rate: float, alpha: float) -> NDArray[np.float32]:
    """Magnified brightness (T, S, S); the band is narrowed where the rate is too low for it.

    The wavelength below which less is magnified (48 px) is meant for crops of 256 px and goes with the size.
    """
    shortest = 48.0 * light.shape[1] / 256
    high = min(HIGH_HZ, 0.45 * rate)
    return np.asarray(
        magnify_eulerian(light, rate, alpha=alpha, low=min(LOW_HZ, 0.5 * high), high=high, shortest=shortest),
        np.float32,
    )


class FlowSeries:
    """Flows between the ten frames of an expression.

    Args:
        size: of the frames, px.
    """

    def __init__(self, size: int) -> None:
        self._estimate = FlowEstimator(size, size, "precise")

    def consecutive(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        """From each frame to the next, (T - 1, S, S, 2), px."""
        stack = np.clip(frames, 0, 255).astype(np.float32)
        return np.stack([self._estimate.estimate(stack[at], stack[at + 1]) for at in range(len(stack) - 1)])

    def cumulative(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        """From the first frame to each other, (T - 1, S, S, 2), px."""
        stack = np.clip(frames, 0, 255).astype(np.float32)
        self._estimate.set_reference(stack[0])
        return np.stack([self._estimate.to(frame) for frame in stack[1:]])
