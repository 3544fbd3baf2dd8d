"""The samples of a whole recording in arrays: decisions can be taken on them again in moments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, fields
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from kernels.rigid import TooLittleSkin
from realtime.face_sample import FaceSample, SampleMeter
from realtime.messages import FaceLost, FaceTracked, FrameCaptured
from realtime.parcel import Parcel
from realtime.settings import Settings
from realtime.source import SourceSpec
from realtime.track import FaceTracker


@dataclass(frozen=True)
class SampleTrace:
    """Samples one after the other; a stretch without a face is a gap in time.

    Attributes:
        time_s: (n,) source clock.
        regions: (n, regions, 2); the others as in `FaceSample`, each with n first.
        seconds: length of the recording.
    """

    time_s: NDArray[np.float64]
    regions: NDArray[np.float64]
    residual: NDArray[np.float64]
    head: NDArray[np.float64]
    eyes: NDArray[np.float64]
    mouth: NDArray[np.float64]
    light: NDArray[np.float64]
    occluded: NDArray[np.float64]
    seconds: float

    @classmethod
    def of(cls, samples: Iterable[FaceSample], seconds: float) -> SampleTrace:
        """Put samples together."""
        kept = list(samples)
        columns = {field.name: [getattr(sample, field.name) for sample in kept] for field in fields(FaceSample)}
        return cls(seconds=seconds, **{name: np.array(values, np.float64) for name, values in columns.items()})

    def __len__(self) -> int:
        return len(self.time_s)

    def samples(self) -> Iterator[FaceSample]:
        """The samples again, in order."""
        for i in range(len(self)):
            yield FaceSample(
                float(self.time_s[i]),
                self.regions[i],
                float(self.residual[i]),
                self.head[i],
                *(float(values[i]) for values in (self.eyes, self.mouth, self.light, self.occluded)),
            )

    def save(self, path: Path) -> None:
        """Write it as .npz."""
        np.savez(path, **{field.name: np.asarray(getattr(self, field.name)) for field in fields(self)})

    @classmethod
    def load(cls, path: Path) -> SampleTrace:
        """Read what `save` wrote.

        Raises:
            ValueError: the file is no trace; the message names it.
        """
        try:
            with np.load(path, allow_pickle=False) as stored:
                columns = {field.name: stored[field.name] for field in fields(cls)}
        except (KeyError, OSError, ValueError, EOFError, BadZipFile) as error:
            raise ValueError(f"{path}: not a trace of samples ({error})") from None
        seconds = float(columns.pop("seconds"))
        return cls(seconds=seconds, **columns)


def trace_video(source: SourceSpec, settings: Settings) -> SampleTrace:
    """Track and measure a whole recording.

    Raises:
        SourceError: it cannot be opened, or breaks off.
    """
    return trace_with(source, settings, [SampleMeter(settings.spot.quiet_renewal)])[0]


def trace_with(source: SourceSpec, settings: Settings, meters: Sequence[SampleMeter]) -> list[SampleTrace]:
    """Track a whole recording once, and measure it with several meters.

    Raises:
        SourceError: it cannot be opened, or breaks off.
    """
    tracker = FaceTracker(settings.track)
    samples: list[list[FaceSample]] = [[] for _ in meters]
    last_s = 0.0
    with closing(source.open()) as opened:
        for sequence, frame in enumerate(opened):
            last_s = frame.presentation_s
            captured = FrameCaptured(
                source=source.label,
                sequence=sequence,
                captured_ns=frame.captured_ns,
                grabbed_ns=frame.grabbed_ns,
                epoch=0,
                width=opened.width,
                height=opened.height,
                presentation_s=frame.presentation_s,
            )
            for parcel in tracker.track(Parcel(captured, frame.image)):
                for meter, kept in zip(meters, samples, strict=True):
                    kept += measured(meter, parcel)
    return [SampleTrace.of(kept, last_s) for kept in samples]


def measured(meter: SampleMeter, parcel: Parcel) -> list[FaceSample]:
    """The sample of one message of the tracker, if it holds a face that can be measured."""
    if not isinstance(parcel.message, FaceTracked) or parcel.pixels is None:
        if isinstance(parcel.message, FaceLost):
            meter.forget()
        return []
    try:
        return [meter.measure(parcel.message, parcel.pixels)]
    except TooLittleSkin:
        meter.forget()
        return []
