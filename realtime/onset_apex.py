"""Onset, apex and offset in a stream of region motions: causal, in one pass, with no picture in sight."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from realtime import course
from realtime.held import HeldExpression
from realtime.history import MotionHistory
from realtime.neutral import NeutralFace
from realtime.occurrence import Occurrence
from realtime.settings import SpotSettings

_UNREST_S = 0.3  # time constant with which a moment of unrest is forgotten
_LOOK_BACK_S = 1.0  # an onset is searched this far before the motion became significant
_SAMPLES_S = 0.034  # significance must last this long, one frame of an ordinary webcam


class ExpressionDetector:
    """The decision itself.

    An expression opens when a believed region has moved from its neutral position by more than its noise allows.
    It is then followed along its own direction (the pattern of motion at its largest) until it has returned, and
    judged as a whole: micro or macro by its duration, onset and offset at the feet of the rise and the decay.
    One that outlasts a micro-expression is announced and set aside; its plateau becomes the neutral from which
    further expressions are found, until it goes away or has become the face's new rest.

    Args:
        settings: thresholds and durations.
        spotted: (regions,) True for the regions in which expressions are looked for (eyelids are not).
    """

    def __init__(self, settings: SpotSettings, spotted: Sequence[bool]) -> None:
        self.settings = settings
        self.spotted = np.asarray(spotted, bool)
        self.neutral = NeutralFace(len(self.spotted))
        self.history = MotionHistory(len(self.spotted), settings.longest_event + 2 * _LOOK_BACK_S)
        self.held: HeldExpression | None = None
        self._unrest = 0.0
        self._started_s: float | None = None
        self._opened_s: float | None = None
        self._peak = 0.0
        self._returning_s: float | None = None

    @property
    def active(self) -> bool:
        """An expression is rising, at its peak or returning; one that is merely held does not count."""
        return self._opened_s is not None

    @property
    def thresholds(self) -> NDArray[np.float64]:
        """Motion that each region must exceed, px at 224 px face width, (regions,)."""
        least = max(self.settings.least_motion, self.settings.unrest_factor * self._unrest)
        return np.maximum(least, self.settings.noise_factor * self.neutral.noise)

    def reset(self) -> None:
        """Throw the window away: nothing is bridged. The noise learned so far stays."""
        self.history.clear()
        self.neutral.forget_position()
        self._started_s = None
        self.held = None
        self._quieten()

    def push(
        self, time_s: float, motion: NDArray[np.float64], believed: NDArray[np.bool_], residual: float = 0.0
    ) -> list[Occurrence]:
        """Take in the region motions of one frame.

        Args:
            time_s: source time, growing.
            motion: (regions, 2) position of each region, px at 224 px face width.
            believed: (regions,) False where a blink makes the sample worthless.
            residual: motion left on still skin after the head's was taken out, same unit: while the head moves
                in ways the fit cannot follow, regions must move further to count.

        Returns:
            The announcement of a macro-expression that is still held, and what is over.
        """
        if self._started_s is None:
            self._started_s = time_s
        step = time_s - self.history.time[-1] if len(self.history) else 0.0
        self._unrest = max(residual, self._unrest * np.exp(-step / _UNREST_S))
        self.history.append(time_s, motion, believed)
        found = self._let_go(time_s) if self.held is not None else []
        if self._opened_s is None:
            self._watch(time_s, motion, believed)
            return found
        return found + self._follow(time_s)

    def disbelieve(self, since_s: float, regions: NDArray[np.bool_]) -> None:
        """A blink has been noticed: samples of these regions since then are worthless in hindsight too."""
        self.history.believed[self.history.since(since_s)] &= ~regions
        if self._opened_s is not None and self._significance(self._opened_s - 0.1).max() < 1:
            self._quieten()

    def finish(self) -> list[Occurrence]:
        """The stream ends: what is open or held is closed where it stands."""
        if len(self.history) == 0:
            return []
        last_s = float(self.history.time[-1])
        found = self._close(last_s) if self._opened_s is not None else []
        return found + self._release(last_s)

    def _watch(self, time_s: float, motion: NDArray[np.float64], believed: NDArray[np.bool_]) -> None:
        settled = self._started_s is not None and time_s - self._started_s >= self.settings.settle
        if settled and self.neutral.quiet_s >= self.settings.settle / 2:
            recent = self._significance(time_s - _SAMPLES_S)
            # Two samples in a row, or one beyond doubt: a single bad frame opens nothing.
            if (len(recent) >= 2 and recent.min() > 1) or recent[-1] > 2:
                self._opened_s = time_s
                return
        self.neutral.learn(time_s, motion, believed)

    def _follow(self, time_s: float) -> list[Occurrence]:
        """An expression is open: has it returned, or does it last?"""
        assert self._opened_s is not None
        times, progress, _ = self._course()
        self._peak = max(self._peak, float(progress.max(initial=0.0)))
        onset_s = course.onset(times, progress)
        if self._opened_s - onset_s > self.settings.slowest_rise:
            self._drop()
            return []
        if progress[-1] >= course.RETURNED * self._peak:
            self._returning_s = None
            return self._announce(time_s, onset_s) if time_s - onset_s > self.settings.announce_macro else []
        if self._returning_s is None:
            self._returning_s = time_s
        back = progress[-1] < 0.5 * course.FOOT * self._peak
        return self._close(time_s) if back or self._stopped(times, progress) else []

    def _stopped(self, times: NDArray[np.float64], progress: NDArray[np.float64]) -> bool:
        """The return has come to a stop, if not quite where it began: drift and pose leave a little behind."""
        assert self._returning_s is not None
        delay = self.settings.decision_delay
        before = progress[int(np.searchsorted(times, times[-1] - delay))]
        return bool(times[-1] - self._returning_s >= delay and before - progress[-1] < course.STOPPED * self._peak)

    def _close(self, now_s: float) -> list[Occurrence]:
        """What is open is over."""
        times, progress, moved = self._course()
        onset_s, offset_s = course.onset(times, progress), course.offset(times, progress)
        inside = (times >= onset_s) & (times <= offset_s)
        going = self.held is not None and self.held.opposes(moved)
        self._drop()
        if going or not inside.any() or offset_s - onset_s < self.settings.shortest_event:
            return []
        brief = offset_s - onset_s <= self.settings.longest_micro
        slight = _lengths(moved)[self.spotted].max() <= self.settings.largest_micro
        kind: Literal["micro", "macro"] = "micro" if brief and slight else "macro"
        apex_s = course.apex(times[inside], progress[inside])
        return [Occurrence(kind, onset_s, apex_s, offset_s, _lengths(moved), self._score(moved), "over")]

    def _announce(self, now_s: float, onset_s: float) -> list[Occurrence]:
        """What is open lasts: set it aside, and take its plateau for neutral."""
        times, progress, moved = self._course()
        if self.held is not None and self.held.opposes(moved):
            self._drop()
            return []
        found = self._release(onset_s)
        score = self._score(moved)
        self.held = HeldExpression(onset_s, self.neutral.position.copy(), moved, 1 / self.thresholds, score)
        apex_s = course.apex(times[times >= onset_s], progress[times >= onset_s])
        self._drop()
        return [*found, Occurrence("macro", onset_s, apex_s, now_s, _lengths(moved), score, "held")]

    def _let_go(self, time_s: float) -> list[Occurrence]:
        """Has the held expression gone, or become the new neutral face?"""
        assert self.held is not None
        gone = self.held.over(self.history, self.settings.decision_delay)
        if not gone and time_s - self.held.onset_s <= self.settings.longest_event:
            return []
        if self._opened_s is not None and self.held.opposes(self._course()[2]):
            self._drop()
        return self._release(time_s)

    def _release(self, latest_s: float) -> list[Occurrence]:
        """The final word on what was announced."""
        if self.held is None:
            return []
        held, self.held = self.held, None
        apex_s, offset_s, moved = held.span(self.history)
        return [Occurrence("macro", held.onset_s, apex_s, min(offset_s, latest_s), moved, held.score, "released")]

    def _drop(self) -> None:
        """Nothing is open any more, and where the face is now is its rest until more is known."""
        self._quieten()
        self.neutral.forget_position()

    def _quieten(self) -> None:
        self._opened_s = None
        self._peak = 0.0
        self._returning_s = None

    def _score(self, moved: NDArray[np.float64]) -> float:
        return float((_lengths(moved) / self.neutral.noise)[self.spotted].max())

    def _deviation(self, motion: NDArray[np.float64]) -> NDArray[np.float64]:
        """Distance of each region from neutral, (samples, regions)."""
        return np.sqrt(((motion - self.neutral.position) ** 2).sum(axis=-1))

    def _significance(self, since_s: float) -> NDArray[np.float64]:
        """Largest motion over its threshold among believed, spotted regions, per sample since a time."""
        window = self.history.since(since_s)
        ratio = self._deviation(self.history.motion[window]) / self.thresholds
        return np.where(self.history.believed[window] & self.spotted, ratio, 0.0).max(axis=1, initial=0.0)

    def _course(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """The open expression along its own direction.

        Returns:
            Times (samples,), progress towards the peak pattern (samples,), and the displacement of each region at
            the peak (regions, 2), zero where it is not believed.
        """
        assert self._opened_s is not None
        window = self.history.since(self._opened_s - _LOOK_BACK_S)
        times = self.history.time[window]
        moved = course.smooth(times, self.history.motion[window] - self.neutral.position)
        believed = self.history.believed[window]
        weight = ((believed & self.spotted) / self.thresholds)[..., None]
        energy = np.where(times >= self._opened_s, ((moved * weight) ** 2).sum(axis=(1, 2)), 0.0)
        peak = int(np.argmax(energy))
        pattern = moved[peak] * weight[peak]
        length = np.sqrt((pattern**2).sum()) + 1e-12
        # Where a region is not believed for a while, the others speak for it.
        seen = np.sqrt(((pattern * (weight > 0)) ** 2).sum(axis=(1, 2)) / length**2)
        progress = (moved * weight * pattern).sum(axis=(1, 2)) / length / np.maximum(seen, 0.3) ** 2
        return times, progress, moved[peak] * believed[peak, :, None]


def _lengths(moved: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.sqrt((moved**2).sum(axis=-1))
