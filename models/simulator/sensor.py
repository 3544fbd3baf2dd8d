"""What a camera's sensor adds: gain and noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kernels.compiled import compiled
from models.simulator.lighting import Light

STEADY = Light()
_STEP = 32  # noise is stored in steps of 1/32 standard deviation


@compiled
def _expose(
    frame: NDArray[np.uint8],
    gain: float,
    across: float,
    down: float,
    sigmas: NDArray[np.float32],
    noise: NDArray[np.int8],
    start: int,
) -> NDArray[np.uint8]:
    height, width, channels = frame.shape
    out = np.empty_like(frame)
    at = start
    for y in range(height):
        at_left = gain + down * (y / height - 0.5) - 0.5 * across
        for x in range(width):
            factor = np.float32(at_left + across * x / width)
            for k in range(channels):
                level = frame[y, x, k]
                value = level * factor + sigmas[level] * noise[at]
                out[y, x, k] = np.uint8(min(max(value + np.float32(0.5), np.float32(0.0)), np.float32(255.0)))
                at += 1
    return out


class Sensor:
    """Turns an ideal frame into a recorded one, reproducibly.

    Noise of a level L has the variance `read`^2 + `shot` * L (Foi et al. 2008, "Practical Poissonian-Gaussian noise
    modeling and fitting for single-image raw-data"); levels are 0 to 255.
    """

    def __init__(
        self, shape: tuple[int, int, int], rng: np.random.Generator, *, read: float = 2.0, shot: float = 0.0
    ) -> None:
        """Prepare a sensor for frames of one shape; `read` and `shot` are in grey levels."""
        self._rng = rng
        size = int(np.prod(shape))
        # Drawing noise anew for each frame would take longer than rendering it: frames read one long row of it
        # at random places instead.
        drawn = rng.standard_normal(2 * size + 1, np.float32) * _STEP
        self._noise = np.clip(np.round(drawn), -127, 127).astype(np.int8)
        levels = np.arange(256, dtype=np.float32)
        self._sigmas = np.asarray(np.sqrt(read**2 + shot * levels) / _STEP, np.float32)

    def record(self, frame: NDArray[np.uint8], light: Light = STEADY) -> NDArray[np.uint8]:
        """A recorded frame, uint8 (height, width, 3), under one moment's light."""
        start = int(self._rng.integers(0, self._noise.size - frame.size))
        recorded: NDArray[np.uint8] = _expose(
            frame, light.gain, light.across, light.down, self._sigmas, self._noise, start
        )
        return recorded
