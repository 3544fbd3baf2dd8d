"""The published training-free spotters, made causal: the peer that every figure stands beside.

After He, "Research on micro-expression spotting method based on optical flow features" (ACM MM 2021) and Zhao et al.,
"Rethinking optical flow methods for micro-expression spotting" (ACM MM 2022): the nose's motion is taken from that of
brows, mouth and nose wings, a low-pass at 5 Hz smooths it, and peaks that stand above their neighbourhood by a share of
the range are expressions, bounded by the valleys beside them; regions are merged. Both see the whole recording when
they set threshold and range. Here both come from the last seconds, and a peak is judged once its window has passed.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kernels.face_regions import MOTION_REGIONS
from realtime import course
from realtime.face_sample import FaceSample
from realtime.history import MotionHistory
from realtime.occurrence import Occurrence
from realtime.person import Person
from realtime.settings import SpotSettings

HALF_MICRO_S, HALF_MACRO_S = 0.19, 0.75
"""Half of an average micro- and macro-expression: a peak stands above what lies this far to both sides."""
_PAST_S = 20.0  # threshold and range come from as much of the past
_LOW_PASS_HZ = 5.0
_LEAST = 0.2  # px: with no motion at all any noise would be a peak
_WATCHED = [i for i, name in enumerate(MOTION_REGIONS) if name.startswith(("brow", "mouth", "nose", "lip", "chin"))]
_NOSE = [i for i, name in enumerate(MOTION_REGIONS) if name.startswith("nose")]
_NEUTRAL_S = 1.0


class FlowPeaks:
    """A `Detector`.

    Args:
        settings: not used, but for its longest micro-expression.
        share: of the range that a peak must stand above the mean (He: 0.55 and up; the one number to tune).
    """

    def __init__(self, settings: SpotSettings, share: float = 0.35) -> None:
        self.settings, self.share = settings, share
        self.openness = 1.0
        self.active = False
        self.least = _LEAST
        self.position = np.zeros((len(MOTION_REGIONS), 2))
        self.reset()

    def adjust(self, settings: SpotSettings) -> None:
        """Judge by other settings from now on."""
        self.settings = settings

    def expect(self, person: Person) -> None:
        """Nothing of a person is used."""

    def reset(self) -> None:
        """Throw the window away."""
        self._history = MotionHistory(len(MOTION_REGIONS), 4 * HALF_MACRO_S)
        self._smooth: NDArray[np.float64] | None = None
        self._slow = np.zeros((len(MOTION_REGIONS), 2))
        self._stands: dict[float, list[tuple[float, float]]] = {HALF_MICRO_S: [], HALF_MACRO_S: []}
        self._last_end = -np.inf
        self._last_s = 0.0

    def finish(self) -> list[Occurrence]:
        """What has no right side yet is not judged."""
        return []

    def push(self, sample: FaceSample) -> list[Occurrence]:
        """Take in one sample."""
        relative = sample.regions - sample.regions[_NOSE].mean(axis=0)
        if self._smooth is None:
            self._smooth, self._slow = relative.copy(), relative.copy()
        else:
            step = sample.time_s - self._last_s
            self._smooth = self._smooth + (1 - np.exp(-2 * np.pi * _LOW_PASS_HZ * step)) * (relative - self._smooth)
            self._slow = self._slow + (1 - np.exp(-step / _NEUTRAL_S)) * (relative - self._slow)
        self._last_s = sample.time_s
        self._history.append(sample.time_s, self._smooth - self._slow, np.ones(len(MOTION_REGIONS), bool))
        found = self._judge(HALF_MICRO_S, "micro", sample.time_s)
        return found or self._judge(HALF_MACRO_S, "macro", sample.time_s)

    def _judge(self, half_s: float, kind: Literal["micro", "macro"], now_s: float) -> list[Occurrence]:
        """Is the moment `half_s` ago the peak of its neighbourhood, and high enough?"""
        window = self._history.since(now_s - 2 * half_s)
        times, motion = self._history.time[window], self._history.motion[window][:, _WATCHED]
        if times[-1] - times[0] < 1.8 * half_s:
            return []
        length = np.sqrt((motion**2).sum(axis=2))
        middle = int(np.searchsorted(times, now_s - half_s))
        stands = length[middle] - (length[0] + length[-1]) / 2
        region = int(np.argmax(stands))
        past = self._stands[half_s]
        past.append((now_s, float(stands[region])))
        while past[0][0] < now_s - _PAST_S:
            del past[0]
        values = np.array([value for _, value in past])
        threshold = max(float(values.mean() + self.share * (values.max() - values.mean())), _LEAST)
        if stands[region] < threshold or length[middle, region] < length[:, region].max():
            return []
        onset_s, offset_s = course.onset(times, length[:, region]), course.offset(times, length[:, region])
        if onset_s < self._last_end or offset_s - onset_s < self.settings.shortest_event:
            return []
        brief = offset_s - onset_s <= self.settings.longest_micro
        if brief != (kind == "micro"):
            return []
        self._last_end = offset_s
        moved = np.zeros(len(MOTION_REGIONS))
        moved[_WATCHED] = length[middle]
        return [Occurrence(kind, onset_s, float(times[middle]), offset_s, moved, float(stands[region]), "over")]
