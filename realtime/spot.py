"""Spot expressions: the `spot` stage."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kernels.face_regions import MOTION_REGIONS
from kernels.rigid import TooLittleSkin
from realtime.face_sample import SampleMeter
from realtime.messages import (
    EndOfStream,
    ExpressionOpened,
    ExpressionSpotted,
    FaceLost,
    FaceTracked,
    Message,
    MotionMeasured,
    NotNeutral,
    WindowReset,
    stamp,
)
from realtime.neutral_check import NeutralCheck
from realtime.occurrence import Detector, Occurrence
from realtime.parcel import Parcel
from realtime.person import Person
from realtime.settings import SpotSettings
from realtime.track_memory import TrackMemory

_PATIENCE_S = 0.25  # a head that cannot be measured for longer ends the window
_LEAST_SHOWN = 0.3  # share of the strongest region's motion above which a region is said to take part


class Spotter:
    """Measures each face against a neutral reference, and lets a detector decide.

    Causal and one-pass; memory is bounded by the longest event. Times come from the frames, never from the clock.

    Args:
        settings: `method` says which detector decides.
        person: what was measured on this person's quiet face, if anything.

    Raises:
        ModelError: the spotting network is missing or damaged.
    """

    def __init__(self, settings: SpotSettings, person: Person | None = None) -> None:
        self.settings = settings
        self._meter = SampleMeter(settings.quiet_renewal)
        self._detector = make_detector(settings)
        self._neutral = None if person is None else NeutralCheck(person)
        if person is not None:
            self._detector.expect(person)
        self._memory = TrackMemory(settings.longest_event + 2.0)
        self._last: FaceTracked | None = None
        self._calm_s = 0.0
        self._events = 0
        self._open_event: int | None = None

    def warm(self) -> None:
        """Compile what must be compiled before the first frame comes."""
        self._meter.warm()

    def count_from(self, last: int) -> None:
        """Number expressions after `last`, which another spotter of this run has given."""
        self._events = last

    def push(self, parcel: Parcel) -> list[Parcel]:
        """Take in one message.

        Args:
            parcel: FaceTracked with its grey uint8 (256, 256) crop; FaceLost and EndOfStream close what is open;
                other messages are passed on.

        Returns:
            The message itself, MotionMeasured for each face, ExpressionOpened when a macro-expression is still
            held, ExpressionSpotted when an expression is over, WindowReset when the window was thrown away.
        """
        message, crop = parcel
        if isinstance(message, FaceTracked) and crop is not None:
            return self._see(message, crop)
        if isinstance(message, FaceLost | EndOfStream):
            return [*self._close_all(message), Parcel(message)]
        return [parcel]

    def adjust(self, settings: SpotSettings) -> None:
        """Judge by other thresholds from now on; what was learned of face and noise stays."""
        self.settings = settings
        self._detector.adjust(settings)

    def start_anew(self, at: Message) -> list[Parcel]:
        """Take the face as it is now for neutral: what is open is closed, and the window begins again."""
        return self._close_all(at, "a viewer asked for it")

    def _see(self, tracked: FaceTracked, crop: NDArray[np.uint8]) -> list[Parcel]:
        out: list[Parcel] = []
        time_s = tracked.captured_ns * 1e-9
        if self._last is not None:
            gap_s = time_s - self._last.captured_ns * 1e-9
            if gap_s > self.settings.longest_gap:
                out += self._close_all(tracked, f"{1000 * gap_s:.0f} ms without a frame")
            elif gap_s <= 0:
                return [Parcel(tracked)]
        self._last = tracked
        self._memory.keep(time_s, tracked)
        try:
            sample = self._meter.measure(tracked, crop)
        except TooLittleSkin as error:
            return [*out, *self._close_all(tracked, str(error)), Parcel(tracked)]
        if self._too_restless(time_s, sample.residual):
            return [*out, *self._close_all(tracked, "the head moves too fast to measure"), Parcel(tracked)]
        out += self._not_neutral(tracked)
        occurrences = self._detector.push(sample)
        out.append(Parcel(tracked))
        out += [self._tell(found, tracked) for found in occurrences]
        measured = MotionMeasured(
            **stamp(tracked),
            presentation_s=tracked.presentation_s,
            motion=tuple(self._shown(sample.regions)),
            noise=self._detector.least,
            eyes_open=self._detector.openness,
            active=self._detector.active,
        )
        return [*out, Parcel(measured)]

    def _too_restless(self, time_s: float, noise: float) -> bool:
        if noise <= self.settings.most_unrest:
            self._calm_s = time_s
        return time_s - self._calm_s > _PATIENCE_S

    def _shown(self, regions: NDArray[np.float64]) -> list[float]:
        return [float(v) for v in np.sqrt(((regions - self._detector.position) ** 2).sum(axis=1))]

    def _not_neutral(self, tracked: FaceTracked) -> list[Parcel]:
        away = None if self._neutral is None else self._neutral.see(tracked)
        if away is None:
            return []
        return [Parcel(NotNeutral(**stamp(tracked), presentation_s=tracked.presentation_s, **away._asdict()))]

    def _close_all(self, at: Message, reason: str = "") -> list[Parcel]:
        """Close what is open where the stream stops, and forget the window."""
        out: list[Parcel] = []
        if self._last is None:
            return out
        last, self._last = self._last, None
        self._calm_s = at.captured_ns * 1e-9
        out += [self._tell(found, last) for found in self._detector.finish()]
        self._detector.reset()
        self._meter.forget()
        self._memory.clear()
        if self._neutral is not None:
            self._neutral.forget()
        if not isinstance(at, EndOfStream):
            reason = reason or getattr(at, "reason", "")
            out.append(Parcel(WindowReset(**stamp(at), presentation_s=last.presentation_s, reason=reason)))
        return out

    def _tell(self, found: Occurrence, now: FaceTracked) -> Parcel:
        shift_s = now.presentation_s - now.captured_ns * 1e-9
        if found.state == "held":
            self._events += 1
            opened = ExpressionOpened(**stamp(now), event=self._events, onset_s=found.onset_s + shift_s)
            self._open_event = self._events
            return Parcel(opened)
        if found.state == "released" and self._open_event is not None:
            number, self._open_event = self._open_event, None
        else:
            self._events += 1
            number = self._events
        offset = self._memory.nearest(found.offset_s)
        strongest = float(found.regions.max())
        regions = {
            name: round(float(motion), 3)
            for name, motion in zip(MOTION_REGIONS, found.regions, strict=True)
            if motion >= _LEAST_SHOWN * strongest
        }
        return Parcel(
            ExpressionSpotted(
                **stamp(now),
                event=number,
                kind=found.kind,
                onset=self._memory.nearest(found.onset_s),
                apex=self._memory.nearest(found.apex_s),
                offset_sequence=offset.sequence,
                onset_s=found.onset_s + shift_s,
                apex_s=found.apex_s + shift_s,
                offset_s=found.offset_s + shift_s,
                offset_grabbed_ns=offset.grabbed_ns,
                regions=regions,
                strength=strongest,
                score=found.score,
                decided_s=now.presentation_s,
                confidence=found.confidence,
            )
        )


def make_detector(settings: SpotSettings) -> Detector:
    """The detector that the settings name.

    Raises:
        ModelError: the spotting network is missing or damaged.
    """
    if settings.method == "statistics":
        from realtime.statistics_detector import StatisticsDetector

        return StatisticsDetector(settings)
    from engine.stream_network import load_spot_network
    from realtime.network_detector import NetworkDetector

    return NetworkDetector(settings, load_spot_network())
