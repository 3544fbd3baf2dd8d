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
        counted = {"missing": self.missing, "duplicate": self.duplicate, "backward": self.backward}
        return [f"{count} {kind} time stamp{'s' * (count > 1)} repaired" for kind, count in counted.items() if count]
