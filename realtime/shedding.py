"""When the machine does not keep up: which frames a stage looks at, so that the stages before it see them all."""

from __future__ import annotations

import math

_SOON_S = 1.0  # time constant of the load
_OVERLOADED = 0.9  # of the time between two frames is spent on one
_RELAXED = 0.65  # would be, with one frame more looked at
_CALM_S = 5.0  # without overload before more is looked at again; twice as long after each time that was too soon
_LONGEST_CALM_S = 80.0
_LONGEST_STEP_S = 0.1  # between two frames looked at; the shortest expressions rise in twice that
_LOST = 0.03  # share of frames lost further up that counts as overload


class LoadShedder:
    """Looks at one frame in so many. Pure: it is told all it knows.

    Overload is a stage that is busy nearly all the time, or frames lost before they reach it since the processors are.

    Attributes:
        one_in: 1 while all frames are looked at.
    """

    def __init__(self) -> None:
        self.one_in = 1
        self._busy_s = 0.0  # for one frame looked at
        self._interval_s = 0.0
        self._lost = 0.0  # share of frames
        self._overload_s = 0.0
        self._calm_s = 0.0
        self._patience_s = _CALM_S
        self._relaxed_ago_s = math.inf
        self._last: tuple[int, float] | None = None

    def looks_at(self, sequence: int) -> bool:
        """Whether the stage shall look at this frame."""
        return sequence % self.one_in == 0

    def lose(self, count: int) -> None:
        """Frames were lost on their way here."""
        if self._interval_s > 0:
            self._lost += count * min(1.0, self._interval_s / _SOON_S)

    def see(self, sequence: int, time_s: float, busy_s: float | None) -> bool:
        """Take note of one frame.

        Args:
            sequence: its number.
            time_s: when it was grabbed.
            busy_s: time that the stage spent on it; None when it was passed on without a look.

        Returns:
            Whether `one_in` has changed.
        """
        if self._last is None:
            self._last = sequence, time_s
            return False
        (before, before_s), self._last = self._last, (sequence, time_s)
        step_s = time_s - before_s
        if step_s <= 0 or sequence <= before or step_s > _SOON_S:
            return False
        weight = min(1.0, step_s / _SOON_S)
        interval_s = step_s / (sequence - before)
        self._interval_s += (interval_s - self._interval_s) * (weight if self._interval_s else 1.0)
        self._lost -= self._lost * weight
        if busy_s is not None:
            self._busy_s += (busy_s - self._busy_s) * min(1.0, weight * self.one_in)
        return self._decide(step_s)

    def _decide(self, step_s: float) -> bool:
        load = self._busy_s / self._interval_s
        overloaded = load / self.one_in > _OVERLOADED or self._lost > _LOST
        self._overload_s = self._overload_s + step_s if overloaded else 0.0
        self._calm_s = 0.0 if overloaded else self._calm_s + step_s
        self._relaxed_ago_s += step_s
        if self._overload_s > _SOON_S and (self.one_in + 1) * self._interval_s <= _LONGEST_STEP_S:
            too_soon = self._relaxed_ago_s < self._patience_s
            self._patience_s = min(2 * self._patience_s, _LONGEST_CALM_S) if too_soon else _CALM_S
            self.one_in += 1
            self._overload_s = self._calm_s = self._lost = 0.0
            return True
        if self.one_in > 1 and self._calm_s > self._patience_s and load / (self.one_in - 1) < _RELAXED:
            self.one_in -= 1
            self._calm_s = self._relaxed_ago_s = 0.0
            return True
        return False
