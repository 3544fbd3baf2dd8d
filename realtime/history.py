"""The last seconds of region motion, in arrays that never grow."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class MotionHistory:
    """Fixed-size record of samples, oldest first.

    Args:
        regions: number of regions.
        span_s: how far back samples are kept, seconds.
        capacity: most samples kept; the arrays hold twice as many, so that they shift rarely.
    """

    def __init__(self, regions: int, span_s: float, capacity: int = 4096) -> None:
        self.span_s = span_s
        self.capacity = capacity
        # Written to, not only asked for: memory is taken now and not page by page over the first minutes of a run.
        self._time = np.full(2 * capacity, 0.0)
        self._motion = np.full((2 * capacity, regions, 2), 0.0)
        self._believed = np.full((2 * capacity, regions), False)
        self._first = 0
        self._end = 0

    def __len__(self) -> int:
        return self._end - self._first

    @property
    def time(self) -> NDArray[np.float64]:
        """Source time of each sample, seconds, (samples,)."""
        return self._time[self._first : self._end]

    @property
    def motion(self) -> NDArray[np.float64]:
        """Positions, px at 224 px face width, (samples, regions, 2)."""
        return self._motion[self._first : self._end]

    @property
    def believed(self) -> NDArray[np.bool_]:
        """False where a blink makes a region's sample worthless, (samples, regions)."""
        return self._believed[self._first : self._end]

    def clear(self) -> None:
        """Forget everything."""
        self._first = self._end = 0

    def append(self, time_s: float, motion: NDArray[np.float64], believed: NDArray[np.bool_]) -> None:
        """Add one sample and let go of those older than `span_s`."""
        if self._end == len(self._time):
            kept = slice(self._first, self._end)
            count = len(self)
            for array in (self._time, self._motion, self._believed):
                array[:count] = array[kept].copy()
            self._first, self._end = 0, count
        self._time[self._end] = time_s
        self._motion[self._end] = motion
        self._believed[self._end] = believed
        self._end += 1
        too_old = int(np.searchsorted(self.time, time_s - self.span_s))
        self._first = max(self._first + too_old, self._end - self.capacity)

    def since(self, time_s: float) -> slice:
        """The samples at or after a time."""
        return slice(int(np.searchsorted(self.time, time_s)), len(self))
