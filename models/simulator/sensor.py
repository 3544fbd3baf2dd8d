"""What a camera's sensor adds: gain and noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kernels.compiled import compiled

_STEP = 32  # noise is stored in steps of 1/32 standard deviation


@compiled
def _expose(
    flat: NDArray[np.uint8],
    levels: NDArray[np.float32],
    sigmas: NDArray[np.float32],
    noise: NDArray[np.int8],
    start: int,
) -> NDArray[np.uint8]:
    out = np.empty_like(flat)
    for i in range(flat.size):
        level = levels[flat[i]]
        value = level + sigmas[flat[i]] * noise[start + i]
        out[i] = np.uint8(min(max(value + np.float32(0.5), np.float32(0.0)), np.float32(255.0)))
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
        self._shape = shape
        size = int(np.prod(shape))
        # Drawing noise anew for each frame would take longer than rendering it: frames read one long row of it
        # at random places instead.
        drawn = rng.standard_normal(2 * size + 1, np.float32) * _STEP
        self._noise = np.clip(np.round(drawn), -127, 127).astype(np.int8)
        self._read, self._shot = read, shot

    def record(self, frame: NDArray[np.uint8], gain: float | NDArray[np.float32] = 1.0) -> NDArray[np.uint8]:
        """A recorded frame, uint8 of the sensor's shape; `gain` is one factor or a table of 256 levels."""
        ramp = np.arange(256, dtype=np.float32)
        levels = np.asarray(gain, np.float32) if isinstance(gain, np.ndarray) else ramp * np.float32(gain)
        sigmas = np.sqrt(self._read**2 + self._shot * np.maximum(levels, 0)).astype(np.float32) / np.float32(_STEP)
        start = int(self._rng.integers(0, self._noise.size - frame.size))
        flat = np.ascontiguousarray(frame).reshape(-1)
        recorded: NDArray[np.uint8] = _expose(flat, levels, sigmas, self._noise, start)
        return recorded.reshape(self._shape)
