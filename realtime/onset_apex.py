"""Onset, apex and offset in a stream of region motions: causal, in one pass, with no picture in sight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from realtime.history import MotionHistory
from realtime.neutral import NeutralFace
from realtime.settings import SpotSettings

_FOOT = 0.2  # share of the peak at which a rise is taken to start and a decay to be over, before extrapolation
_PLATEAU_BY_S = 1.5  # the first plateau of a macro-expression is looked for this long after it was noticed
_RETURNED = 0.45  # share of the peak below which the face counts as returning
_STOPPED = 0.08  # share of the peak by which a return must still fall within the decision delay to be under way
_HELD_S = 0.15  # a rise has stopped when nothing is gained for this long
_SMOOTHING_S = 0.034  # samples are averaged over one frame of an ordinary webcam
_UNREST_S = 0.3  # time constant with which a moment of unrest is forgotten
_LOOK_BACK_S = 1.0  # an onset is searched this far before the motion became significant


@dataclass(frozen=True)
class Occurrence:
    """One expression. Times in seconds on the source clock; motions in px at 224 px face width."""

    kind: Literal["micro", "macro"]
    onset_s: float
    apex_s: float
    offset_s: float
    regions: NDArray[np.float64]  # (regions,) peak motion
    score: float  # peak motion over noise, of the region that stands out most
    closed: bool  # False: announced as macro, still held


class ExpressionDetector:
    """The decision itself.

    An expression opens when a believed region has moved from its neutral position by more than its noise allows.
    It is then followed along its own direction (the pattern of motion at its largest) until it has returned, and
    judged as a whole: micro or macro by its duration, onset and offset at the feet of the rise and the decay.

    Args:
        settings: thresholds and durations.
        spotted: (regions,) True for the regions in which expressions are looked for (eyelids are not).
    """

    def __init__(self, settings: SpotSettings, spotted: Sequence[bool]) -> None:
        self.settings = settings
        self.spotted = np.asarray(spotted, bool)
        self.neutral = NeutralFace(len(self.spotted))
        self.history = MotionHistory(len(self.spotted), settings.longest_event + 2 * _LOOK_BACK_S)
        self._unrest = 0.0
        self._started_s: float | None = None
        self._opened_s: float | None = None
        self._announced_onset_s: float | None = None
        self._peak = 0.0
        self._returning_s: float | None = None

    @property
    def active(self) -> bool:
        """An expression is open."""
        return self._opened_s is not None

    @property
    def held(self) -> bool:
        """The open expression has been announced as a macro-expression."""
        return self._announced_onset_s is not None

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
            An announcement (`closed=False`) when an expression turns out to be a macro-expression still held, and
            the finished expression when it is over.
        """
        if self._started_s is None:
            self._started_s = time_s
        step = time_s - self.history.time[-1] if len(self.history) else 0.0
        self._unrest = max(residual, self._unrest * np.exp(-step / _UNREST_S))
        self.history.append(time_s, motion, believed)
        if self._opened_s is None:
            self._watch(time_s, motion, believed)
            return []
        return self._follow(time_s)

    def disbelieve(self, since_s: float, regions: NDArray[np.bool_]) -> None:
        """A blink has been noticed: samples of these regions since then are worthless in hindsight too."""
        self.history.believed[self.history.since(since_s)] &= ~regions
        if (
            self._opened_s is not None
            and self._announced_onset_s is None
            and self._significance(self._opened_s - 0.1).max() < 1
        ):
            self._quieten()

    def finish(self) -> list[Occurrence]:
        """The stream ends: what is open is closed where it stands, if it was ever significant."""
        if self._opened_s is None or len(self.history) == 0:
            return []
        return self._close(float(self.history.time[-1]))

    def _watch(self, time_s: float, motion: NDArray[np.float64], believed: NDArray[np.bool_]) -> None:
        settled = self._started_s is not None and time_s - self._started_s >= self.settings.settle
        if settled and self.neutral.quiet_s >= self.settings.settle / 2:
            recent = self._significance(time_s - max(_SMOOTHING_S, 1e-6) - 1e-6)
            # Two samples in a row, or one beyond doubt: a single bad frame opens nothing.
            if (len(recent) >= 2 and recent.min() > 1) or recent[-1] > 2:
                self._opened_s = time_s
                return
        self.neutral.learn(time_s, motion, believed)

    def _follow(self, time_s: float) -> list[Occurrence]:
        assert self._opened_s is not None
        times, course, _ = self._course()
        self._peak = max(self._peak, float(course.max(initial=0.0)))
        onset_s = self._announced_onset_s or self._onset(times, course)
        if self._opened_s - onset_s > self.settings.slowest_rise:
            self._quieten()
            self.neutral.forget_position()
            return []
        now = float(course[-1])
        if now < _RETURNED * self._peak:
            if self._returning_s is None:
                self._returning_s = time_s
            if now < 0.5 * _FOOT * self._peak or self._settled(times, course):
                return self._close(time_s)
            return []
        self._returning_s = None
        if self._announced_onset_s is None and time_s - onset_s > self.settings.announce_macro:
            self._announced_onset_s = onset_s
            found = self._occurrence(onset_s, time_s, closed=False)
            return [found] if found else []
        if time_s - onset_s > self.settings.longest_event:
            return self._close(time_s)
        return []

    def _settled(self, times: NDArray[np.float64], course: NDArray[np.float64]) -> bool:
        """The return has come to a stop, if not quite where it began: drift and pose leave a little behind."""
        assert self._returning_s is not None
        waited = times[-1] - self._returning_s >= self.settings.decision_delay
        before = course[int(np.searchsorted(times, times[-1] - self.settings.decision_delay))]
        return bool(waited and before - course[-1] < _STOPPED * self._peak)

    def _close(self, now_s: float) -> list[Occurrence]:
        times, course, _ = self._course()
        announced = self._announced_onset_s is not None
        onset_s = self._announced_onset_s or self._onset(times, course)
        found = self._occurrence(onset_s, self._offset(times, course, now_s), closed=True)
        self._quieten()
        self.neutral.forget_position()
        if found is None or (not announced and found.offset_s - found.onset_s < self.settings.shortest_event):
            return []
        return [found]

    def _quieten(self) -> None:
        self._opened_s = None
        self._announced_onset_s = None
        self._peak = 0.0
        self._returning_s = None

    def _occurrence(self, onset_s: float, offset_s: float, *, closed: bool) -> Occurrence | None:
        times, course, peak_motion = self._course()
        inside = (times >= onset_s) & (times <= offset_s)
        if not inside.any():
            return None
        apex = self._apex(times[inside], course[inside])
        long = offset_s - onset_s > self.settings.longest_micro
        score = float((peak_motion / self.neutral.noise)[self.spotted].max())
        kind: Literal["micro", "macro"] = "macro" if long or self._announced_onset_s is not None else "micro"
        return Occurrence(kind, onset_s, apex, offset_s, peak_motion, score, closed)

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
            Times (samples,), progress towards the peak pattern (samples,), and the peak motion of each region.
        """
        assert self._opened_s is not None
        window = self.history.since(self._opened_s - _LOOK_BACK_S)
        times = self.history.time[window]
        moved = self.history.motion[window] - self.neutral.position
        weight = (self.history.believed[window] & self.spotted) / self.thresholds
        moved, weight = _smooth(times, moved), weight[..., None]
        # The pattern is taken early: seconds later, drift and pose would speak louder than the muscles.
        since_open = (times >= self._opened_s) & (times <= self._opened_s + _PLATEAU_BY_S)
        energy = ((moved * weight) ** 2).sum(axis=(1, 2))
        peak = int(np.argmax(np.where(since_open, energy, 0.0)))
        pattern = moved[peak] * weight[peak]
        length = np.sqrt((pattern**2).sum()) + 1e-12
        # Where a region is not believed for a while, the others speak for it.
        seen = np.sqrt(((pattern * (weight > 0)) ** 2).sum(axis=(1, 2)) / length**2)
        course = (moved * weight * pattern).sum(axis=(1, 2)) / length / np.maximum(seen, 0.3) ** 2
        peak_motion = np.where(self.history.believed[window][peak], np.sqrt((moved[peak] ** 2).sum(axis=-1)), 0.0)
        return times, course, peak_motion

    def _apex(self, times: NDArray[np.float64], course: NDArray[np.float64]) -> float:
        """Time of the highest point of a rise: where it first stops, if the face then holds what it shows."""
        early = times <= times[0] + _PLATEAU_BY_S
        high = np.flatnonzero(early & (course >= 0.6 * course[early].max()))
        for first in high:
            ahead = course[first : int(np.searchsorted(times, times[first] + _HELD_S)) + 1]
            if ahead.max() - course[first] < _STOPPED * course[first]:
                return _parabola(times, course, int(first + np.argmax(ahead)))
        return float(times[high[-1]])

    def _onset(self, times: NDArray[np.float64], course: NDArray[np.float64]) -> float:
        """Foot of the rise: the crossing of 20 % of the peak, drawn on down the slope to zero."""
        apex = int(np.argmax(course))
        return _foot(times[: apex + 1][::-1], course[: apex + 1][::-1])

    def _offset(self, times: NDArray[np.float64], course: NDArray[np.float64], now_s: float) -> float:
        """Foot of the decay, never later than now."""
        apex = int(np.argmax(course))
        above = np.flatnonzero(course >= _RETURNED * course[apex])
        last = int(above[-1])
        return min(_foot(times[last:], course[last:], course[apex]), now_s)


def _smooth(times: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Centred mean over `_SMOOTHING_S`; at webcam rates nothing changes."""
    if len(times) < 3:
        return values
    width = int(_SMOOTHING_S / max(float(np.median(np.diff(times))), 1e-3)) // 2 * 2 + 1
    if width < 3:
        return values
    padded = np.pad(values, [(width // 2, width // 2)] + [(0, 0)] * (values.ndim - 1), mode="edge")
    total = np.cumsum(np.concatenate([np.zeros_like(padded[:1]), padded]), axis=0)
    return (total[width:] - total[:-width]) / width


def _foot(times: NDArray[np.float64], course: NDArray[np.float64], peak: float | None = None) -> float:
    """Walk away from the peak until the course has fallen to its foot, then extrapolate the slope to zero.

    Args:
        times: (n,), going away from the peak in either direction of time.
        course: (n,), falling.
        peak: height of the peak; the first value where it is not given.
    """
    height = float(course[0]) if peak is None else peak
    low = np.flatnonzero(course <= _FOOT * height)
    if len(low) == 0:
        return float(times[-1])
    end = int(low[0])
    if end == 0:
        return float(times[0])
    half = np.flatnonzero(course[: end + 1] >= 0.5 * height)
    start = int(half[-1]) if len(half) else 0
    slope = (course[start] - course[end]) / (times[start] - times[end])
    crossing = times[end] + (_FOOT * height - course[end]) / slope
    extra = -_FOOT * height / slope
    limit = 0.06 if extra > 0 else -0.06
    return float(crossing + (min(extra, limit) if extra > 0 else max(extra, limit)))


def _parabola(times: NDArray[np.float64], course: NDArray[np.float64], index: int) -> float:
    """Sub-frame position of a maximum from its two neighbours."""
    if index == 0 or index == len(course) - 1:
        return float(times[index])
    left, top, right = course[index - 1 : index + 2]
    curve = left - 2 * top + right
    shift = 0.0 if curve >= 0 else float(np.clip(0.5 * (left - right) / curve, -0.5, 0.5))
    step = times[index + 1] - times[index] if shift > 0 else times[index] - times[index - 1]
    return float(times[index] + shift * step)
