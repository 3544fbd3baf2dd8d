"""Where each region of the face rests, and how much it trembles there, learned from the quiet stretches."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_ACQUAINTED_S = 0.5
_EXPECTED_SHARE = 0.7  # of the noise known beforehand: no quiet moment makes it seem smaller
_LEAST_NOISE = 0.03  # px: below this a flow estimate of a still region is luck, not precision


class NeutralFace:
    """Running median position and noise of every region.

    The median is taken over a window that ends a little before now, so the foot of a rising expression
    is not mistaken for rest; slow drift (pose, lighting) is followed.

    Args:
        regions: number of regions.
        window_s: length of the window of quiet samples, seconds.
        lag_s: how long before now it ends, seconds.
        noise_s: time constant over which noise is learned, seconds.
    """

    def __init__(self, regions: int, window_s: float = 0.8, lag_s: float = 0.12, noise_s: float = 4.0) -> None:
        self.window_s = window_s
        self.lag_s = lag_s
        self.noise_s = noise_s
        self.position = np.zeros((regions, 2))
        self._variance = np.full(regions, 0.1**2)
        self._times: list[float] = []
        self._motions: list[NDArray[np.float64]] = []
        self._last_update = -np.inf
        self._learned_s = 0.0
        self._least = np.full(regions, _LEAST_NOISE)

    def expect(self, noise: NDArray[np.float64]) -> None:
        """The noise of this person's face is known beforehand.

        Args:
            noise: (regions,) standard deviation of one coordinate, px at 224 px face width.
        """
        self._variance = np.maximum(noise, _LEAST_NOISE) ** 2
        self._least = np.maximum(_EXPECTED_SHARE * noise, _LEAST_NOISE)
        self._learned_s = 2 * self.noise_s

    @property
    def noise(self) -> NDArray[np.float64]:
        """Standard deviation of one coordinate of each region's position, px at 224 px face width, (regions,)."""
        return np.maximum(np.sqrt(self._variance), self._least)

    @property
    def quiet_s(self) -> float:
        """Seconds of rest that stand behind the present estimate."""
        return self._times[-1] - self._times[0] if self._times else 0.0

    def forget_position(self) -> None:
        """The face has a new neutral pose; the noise stays what it was."""
        self._times.clear()
        self._motions.clear()
        self._last_update = -np.inf

    def learn(self, time_s: float, motion: NDArray[np.float64], believed: NDArray[np.bool_]) -> None:
        """Take in one sample of a face at rest.

        Args:
            time_s: source time.
            motion: (regions, 2) position, px at 224 px face width.
            believed: (regions,) False where a blink makes the sample worthless.
        """
        step = min(time_s - self._times[-1], 0.2) if self._times else 0.0
        if believed.all():
            self._times.append(time_s)
            self._motions.append(motion)
            while self._times[0] < time_s - self.window_s - self.lag_s:
                del self._times[0], self._motions[0]
        if not self._times:
            self._times.append(time_s)
            self._motions.append(motion)
        # The median moves slowly; at 200 frames/s there is no need to take it for every frame.
        if time_s - self._last_update >= 0.03:
            self._last_update = time_s
            rested = [m for t, m in zip(self._times, self._motions, strict=True) if t <= time_s - self.lag_s]
            self.position = np.median(rested or self._motions, axis=0)
        self._learn_noise(step, motion, believed)

    def _learn_noise(self, step: float, motion: NDArray[np.float64], believed: NDArray[np.bool_]) -> None:
        self._learned_s += step
        # A running mean at first, so that half a second of video is enough to know a camera.
        weight = step / max(min(self.noise_s, self._learned_s), step, 1e-9)
        square = ((motion - self.position) ** 2).sum(axis=1) / 2
        if self._learned_s > _ACQUAINTED_S:
            # Clipped, so that the onset of an expression cannot teach itself away as noise.
            square = np.minimum(square, 9 * np.maximum(self._variance, _LEAST_NOISE**2))
        self._variance = np.where(believed, self._variance + weight * (square - self._variance), self._variance)
