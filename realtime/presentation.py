"""Presentation times as they should be: growing from zero, whatever a container says."""

from __future__ import annotations

_DISORDER_S = 0.5  # a step back further than this is a clock that started anew, not frames out of order


class PresentationClock:
    """Repairs and counts missing, duplicate and backward stamps. True gaps are left as they are.

    Args:
        interval_s: time between frames where nothing better is known.
    """

    def __init__(self, interval_s: float) -> None:
        self._interval_s = interval_s
        self._shift_s: float | None = None  # added to the container's stamps
        self._last_s = 0.0
        self.missing = 0
        self.duplicate = 0
        self.backward = 0

    def stamp(self, container_s: float | None) -> float:
        """Seconds since the first frame; strictly growing."""
        if self._shift_s is None:
            self._shift_s = -(container_s or 0.0)
            self.missing += container_s is None
            return 0.0
        self._last_s = self._after_last(container_s, self._shift_s)
        return self._last_s

    def _after_last(self, container_s: float | None, shift_s: float) -> float:
        if container_s is None:
            self.missing += 1
            return self._last_s + self._interval_s
        time_s = container_s + shift_s
        if time_s > self._last_s:
            return time_s
        if self._last_s - time_s > _DISORDER_S:
            self.backward += 1
            self._shift_s = self._last_s + self._interval_s - container_s
            return self._last_s + self._interval_s
        if time_s == self._last_s:
            self.duplicate += 1
        else:
            self.backward += 1
        # A small step, so that the true stamp of the next frame still comes later.
        return self._last_s + self._interval_s / 8

    def notes(self) -> list[str]:
        """One line for each kind of stamp that was repaired."""
        return _counted({"missing": self.missing, "duplicate": self.duplicate, "backward": self.backward})


class GrowingStamps:
    """The same for a live source's own clock, in nanoseconds: what comes late or twice is moved, and counted.

    A camera's frames are stamped by the monotonic clock here, and grow by themselves; those that another machine or a
    browser stamps need not.
    """

    def __init__(self) -> None:
        self._shift_ns = 0
        self._last_ns: int | None = None
        self.duplicate = 0
        self.backward = 0

    def stamp(self, source_ns: int) -> int:
        """Strictly growing nanoseconds. After a clock was set back by more than half a second it is followed anew."""
        time_ns = source_ns + self._shift_ns
        if self._last_ns is not None and time_ns <= self._last_ns:
            if time_ns == self._last_ns:
                self.duplicate += 1
            else:
                self.backward += 1
            if self._last_ns - time_ns > _DISORDER_S * 1e9:
                self._shift_ns += self._last_ns + 1 - time_ns
            time_ns = self._last_ns + 1
        self._last_ns = time_ns
        return time_ns

    def notes(self) -> list[str]:
        """One line for each kind of stamp that was repaired."""
        return _counted({"duplicate": self.duplicate, "backward": self.backward})


def _counted(stamps: dict[str, int]) -> list[str]:
    return [f"{count} {kind} time stamp{'s' * (count > 1)} repaired" for kind, count in stamps.items() if count]
