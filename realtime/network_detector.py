"""Spotting by the network: samples become rows, rows become probabilities, and these become expressions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from engine.stream_network import StreamNetwork
from kernels.face_regions import MOTION_REGIONS
from realtime import course
from realtime.face_sample import FaceSample
from realtime.history import MotionHistory
from realtime.messages import Kind
from realtime.neutral import NeutralFace
from realtime.occurrence import Occurrence
from realtime.person import Person
from realtime.sample_grid import REGIONS, SampleGrid
from realtime.settings import SpotSettings
from realtime.spot_decision import SpotDecision, Told, moments
from realtime.spot_features import SpotFeatures

_SHOWN = 3.0  # motion this many times the noise is drawn as standing out; the network decides by more than that
_NEAR_APEX_S = 0.06  # the apex is looked for this far around where the network puts it
_NEAR_S = 0.18  # the feet of rise and decay lie at most this far outside of what the network says
_SURELY_MICRO_S = 0.52  # what has risen and fallen within this time is a micro-expression
# Times its noise: of a motion this large only half of what the network says is believed.
_STANDS_OUT: dict[Kind, float] = {"micro": 3.5, "macro": 6.0}
_STEEPNESS = 4
_CLOSING = 0.85  # share of the usual opening of the eyes below which a blink is under way
_DRAGGED = 0.15  # of the lids' motion in a blink, that brows and cheeks may make with them
_AT_REST = 0.3  # probability of every state below which the face is taken to rest
_ALL = np.ones(REGIONS, bool)
NOT_LIDS = np.array([not name.startswith("eyelid") for name in MOTION_REGIONS])


class NetworkDetector:
    """A `Detector`.

    Args:
        settings: `threshold` is the operating point.
        network: of this stream alone.
        features: what the network is shown; everything, unless for ablation.
    """

    def __init__(self, settings: SpotSettings, network: StreamNetwork, features: SpotFeatures | None = None) -> None:
        self.settings = settings
        self._network = network
        self._grid = SampleGrid()
        self._features = features or SpotFeatures()
        self._decision = SpotDecision(settings)
        self._neutral = NeutralFace(REGIONS)
        self._history = MotionHistory(REGIONS, settings.longest_event + 2.0)
        self._busy = 0.0
        self._announced: float | None = None

    @property
    def active(self) -> bool:
        """An expression seems to be under way."""
        return self._decision.open is not None or self._busy > 0.5

    @property
    def openness(self) -> float:
        """Share of the usual opening of the eyes."""
        return self._features.openness

    @property
    def least(self) -> float:
        """Motion that stands out from noise, mean over the regions, px at 224 px face width."""
        return _SHOWN * float(self._neutral.noise.mean())

    @property
    def position(self) -> NDArray[np.float64]:
        """Where the regions rest, (regions, 2) px at 224 px face width."""
        return self._neutral.position

    def adjust(self, settings: SpotSettings) -> None:
        """Judge by other settings from now on."""
        self.settings = self._decision.settings = settings

    def expect(self, person: Person) -> None:
        """Begin with what was measured on this person's quiet face."""
        self._features.expect(person.noise_of_regions(), person.eye_opening)

    def reset(self) -> None:
        """Throw the window away; the noise learned so far stays."""
        self._network.forget()
        self._grid.forget()
        self._features.forget()
        self._decision.forget()
        self._neutral.forget_position()
        self._history.clear()
        self._busy = 0.0
        self._announced = None

    def push(self, sample: FaceSample) -> list[Occurrence]:
        """Take in one sample; its time must be later than the last one's."""
        frame_s = sample.time_s - self._history.time[-1] if len(self._history) else 0.0
        blinks = self._features.watch_lids and self.openness < _CLOSING
        self._history.append(sample.time_s, sample.regions, NOT_LIDS if blinks else _ALL)
        cells = self._grid.push(sample)
        if not cells:
            self._neutral.learn(sample.time_s, sample.regions, _ALL)
            return []
        answers = self._network.judge(np.stack([self._features.row(columns, frame_s) for _, columns in cells]))
        self._busy = float(answers.states[-1, :2].max())
        if answers.states[-1].max() < _AT_REST and self._decision.open is None:
            self._neutral.learn(sample.time_s, sample.regions, _ALL)
        times = np.array([time_s for time_s, _ in cells])
        told = [
            one
            for moment in moments(times, answers.ended, answers.lasting, answers.lags)
            for one in self._decision.push(moment)
        ]
        return self._believed(told)

    def finish(self) -> list[Occurrence]:
        """The stream ends: what is open is closed where it stands."""
        if len(self._history) == 0:
            return []
        return self._believed(self._decision.finish(float(self._history.time[-1])))

    def _believed(self, told: Sequence[Told]) -> list[Occurrence]:
        """What is also large enough beside the noise; the end of what was announced is always told."""
        found = []
        for one in map(self._measured, told):
            if one.state == "released":
                sure, self._announced = self._announced, None
            else:
                sure = one.confidence * stands_out(one.score, one.kind)
                sure = sure if sure >= self.settings.threshold else None
            if one.state == "held":
                self._announced = sure
            if sure is not None:
                found.append(replace(one, confidence=sure))
        return found

    def _measured(self, told: Told) -> Occurrence:
        """Apex between frames, and how far each region moved."""
        offset_s = min(told.offset_s, float(self._history.time[-1]))
        apex_s = min(told.apex_s, offset_s)
        moved = self._at(apex_s) - self._rest(told, apex_s)
        onset_s, kind = told.onset_s, told.kind
        if told.state == "over":
            first_s, apex_s, last_s = self._on_its_course(moved, onset_s, apex_s, offset_s)
            if kind == "macro" and last_s - first_s <= _SURELY_MICRO_S:
                kind, onset_s, offset_s = "micro", first_s, last_s
            apex_s = min(max(apex_s, onset_s), offset_s)
        lengths = np.sqrt((moved**2).sum(axis=1))
        score = self._score(lengths, kind, onset_s, offset_s)
        return Occurrence(kind, onset_s, apex_s, offset_s, lengths, score, told.state, told.confidence)

    def _on_its_course(
        self, moved: NDArray[np.float64], onset_s: float, apex_s: float, offset_s: float
    ) -> tuple[float, float, float]:
        """Feet and peak of the progress along the expression's own direction, near where the network sees them."""
        window = self._history.since(onset_s - _NEAR_S)
        times = self._history.time[window]
        inside = times <= offset_s + _NEAR_S
        times = times[inside]
        near = np.flatnonzero(np.abs(times - apex_s) <= _NEAR_APEX_S)
        if len(times) < 4 or len(near) == 0:
            return onset_s, apex_s, offset_s
        positions = course.smooth(times, self._history.motion[window][inside])
        share = np.clip((times - onset_s) / (offset_s - onset_s), 0, 1)[:, None, None]
        before, after = self._at(onset_s), self._at(offset_s)
        pattern = moved / self._features.scale[:, None] ** 2
        progress = ((positions - before - share * (after - before)) * pattern).sum(axis=(1, 2))
        top = int(near[np.argmax(progress[near])])
        if progress[top] <= 0:
            return onset_s, apex_s, offset_s
        rising = course.onset(times[: top + 1], progress[: top + 1])
        falling = course.offset(times[top:], progress[top:])
        return rising, course.parabola(times, progress, top), falling

    def _score(self, lengths: NDArray[np.float64], kind: Kind, onset_s: float, offset_s: float) -> float:
        """Motion over noise, of the region that stands out most.

        Lids move with every blink and glance: alone they make no macro-expression. Where a blink falls into a
        micro-expression they do not count either, and what they drag along counts as noise of the others.
        """
        if kind == "macro":
            return float((lengths / self._features.scale)[NOT_LIDS].max())
        window = self._history.since(onset_s)
        inside = self._history.time[window] <= offset_s
        noise, counted = self._features.scale, _ALL
        if not self._history.believed[window][inside].all():
            noise, counted = noise + _DRAGGED * lengths[~NOT_LIDS].max(), NOT_LIDS
        return float((lengths / noise)[counted].max())

    def _rest(self, told: Told, at_s: float) -> NDArray[np.float64]:
        """Where the regions would be without the expression: before it, or between before and after it."""
        before = self._at(told.onset_s)
        if told.kind == "macro" or told.offset_s <= told.onset_s:
            return before
        share = (at_s - told.onset_s) / (told.offset_s - told.onset_s)
        return before + share * (self._at(told.offset_s) - before)

    def _at(self, time_s: float) -> NDArray[np.float64]:
        """Mean position of the regions around a time, (regions, 2)."""
        window = self._history.since(time_s - 0.025)
        times = self._history.time[window]
        near = max(int(np.searchsorted(times, time_s + 0.025)), 1)
        return np.asarray(self._history.motion[window][:near].mean(axis=0))


def stands_out(score: float, kind: Kind) -> float:
    """How far a motion of so many times its noise is to be believed, 0 to 1.

    The network has seen every pattern of noise that was simulated, and takes some others for faint expressions.
    """
    return score**_STEEPNESS / (score**_STEEPNESS + _STANDS_OUT[kind] ** _STEEPNESS)
