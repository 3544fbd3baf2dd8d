"""Region motions of a whole session in bounded memory: the largest motion in each stretch of time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_FINEST_S = 1 / 250
_GAP_S = 0.25  # no line is drawn over a longer stretch without a measurement


class MotionTrace:
    """Keeps peaks; when it is full, neighbours are joined and each stretch covers twice the time.

    Args:
        regions: number of regions.
        capacity: most stretches kept.
    """

    def __init__(self, regions: int, capacity: int = 2400) -> None:
        self.stretch_s = _FINEST_S
        self.first_s: float | None = None
        self.last_s = 0.0
        self._most = np.full((capacity, regions), np.nan, np.float32)
        self._least = np.full(capacity, np.nan, np.float32)

    def add(self, time_s: float, motion: Sequence[float], least: float) -> None:
        """Take in one measurement.

        Args:
            time_s: presentation time; what lies before the first is left out.
            motion: of each region, px at 224 px face width.
            least: motion that counted at that time, same unit.
        """
        if self.first_s is None:
            self.first_s = self.last_s = time_s
        if time_s < self.first_s:
            return
        while (index := int((time_s - self.first_s) / self.stretch_s)) >= len(self._least):
            self._halve()
        self.last_s = max(self.last_s, time_s)
        self._most[index] = np.fmax(self._most[index], np.asarray(motion, np.float32))
        self._least[index] = np.fmax(self._least[index], np.float32(least))

    def columns(self, most: int) -> tuple[NDArray[np.float64], NDArray[np.float32], NDArray[np.float32]]:
        """What was measured, in at most so many columns.

        Returns:
            Times (n,), the middle of each column; largest motions (n, regions); the motion that counted (n,). A row
            of NaN stands where a line must be broken.
        """
        if self.first_s is None:
            return np.empty(0), self._most[:0], self._least[:0]
        used = int((self.last_s - self.first_s) / self.stretch_s) + 1
        join = -(-used // most)
        motion, least = _join(self._most[:used], join), _join(self._least[:used], join)
        filled = np.flatnonzero(~np.isnan(least))
        times = self.first_s + (filled + 0.5) * join * self.stretch_s
        breaks = np.flatnonzero(np.diff(times) > max(_GAP_S, 2 * join * self.stretch_s)) + 1
        return (
            np.insert(times, breaks, times[breaks]),
            np.insert(motion[filled], breaks, np.nan, axis=0),
            np.insert(least[filled], breaks, np.nan),
        )

    def _halve(self) -> None:
        half = -(-len(self._least) // 2)
        most, least = _join(self._most, 2), _join(self._least, 2)
        self._most[:half], self._most[half:] = most, np.nan
        self._least[:half], self._least[half:] = least, np.nan
        self.stretch_s *= 2


def _join(values: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """The largest of every `count` neighbours, NaN where none is known."""
    missing = -len(values) % count
    padded = np.concatenate([values, np.full((missing, *values.shape[1:]), np.nan, np.float32)])
    joined: NDArray[np.float32] = np.fmax.reduce(padded.reshape(-1, count, *values.shape[1:]), axis=1)
    return joined
