"""Made-up message streams for the sinks: a face that sways, some expressions, a stretch without a face."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from kernels.face_topology import VERTICES
from realtime.evidence import pack_evidence
from realtime.messages import (
    EndOfStream,
    ExpressionOpened,
    ExpressionRecognised,
    FaceFound,
    FaceLost,
    FaceTracked,
    FrameCaptured,
    Message,
    MotionMeasured,
    Quality,
    Stamp,
)
from realtime.parcel import Parcel

REGIONS = 15


def head_on_mesh(centre: float = 128.0, width: float = 184.0) -> np.ndarray:
    """A smooth shell of 468 points: enough of a face to be drawn."""
    index = np.arange(VERTICES)
    radius = np.sqrt((index + 0.5) / VERTICES)
    angle = index * 2.39996
    x, y = radius * np.cos(angle), radius * np.sin(angle)
    return np.column_stack([centre + x * width / 2, centre + y * width / 1.6, 40 * radius**2]).astype(np.float32)


def some_evidence(seed: int = 0) -> np.ndarray:
    """Evidence as a mouth corner that is pulled up would leave it."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:256, :256].astype(np.float32)
    onset = (120 + 60 * np.sin(x / 17) * np.cos(y / 13) + rng.normal(0, 4, x.shape)).clip(0, 255).astype(np.uint8)
    pull = np.exp(-((x - 165) ** 2 + (y - 190) ** 2) / 600)
    flow = np.stack([1.1 * pull, -1.7 * pull], axis=-1)
    cloud = np.zeros((8, 128, 6), np.float32)
    cloud[..., :2] = rng.uniform(-0.4, 0.4, (8, 128, 2))
    cloud[5, :, 3:5] = [1.1, -1.7]
    return pack_evidence(onset, np.roll(onset, 1, 0), head_on_mesh(), flow, cloud)


def verdict(event: int = 1, onset: int = 30, offset: int = 42, fps: float = 30.0, **changes) -> ExpressionRecognised:
    """A micro-expression between two frames."""
    apex = (onset + offset) // 2
    values = {
        "source": "clip.mp4",
        "sequence": offset + 4,
        "captured_ns": round((offset + 4) / fps * 1e9),
        "grabbed_ns": 0,
        "epoch": 0,
        "event": event,
        "kind": "micro",
        "onset_s": onset / fps,
        "apex_s": apex / fps,
        "offset_s": offset / fps,
        "onset_frame": onset,
        "apex_frame": apex,
        "offset_frame": offset,
        "label": "positive",
        "probabilities": {"negative": 0.07, "positive": 0.89, "surprise": 0.04},
        "action_units": {"AU6": 0.61, "AU12": 0.94},
        "regions": {"mouth_corner_left": 1.9, "cheek_left": 1.1},
        "strength": 1.9,
        "spot_score": 14.25,
        "latency_ms": 87.31,
        "model": "cloud",
    }
    return ExpressionRecognised(**(values | changes))


@dataclass
class Stream:
    """What comes out of `recognise` for a clip."""

    times_s: list[float]
    verdicts: list[ExpressionRecognised] = field(default_factory=list)
    opened: dict[int, ExpressionOpened] = field(default_factory=dict)  # by the sequence at which it is announced
    faceless: range = range(0)
    source: str = "clip.mp4"
    frame_size: tuple[int, int] = (320, 240)

    def parcels(self) -> Iterator[Parcel]:
        """In the order of the last edge."""
        face = False
        for sequence, time_s in enumerate(self.times_s):
            for message in self._about(sequence, time_s, face):
                yield Parcel(message, some_evidence() if isinstance(message, ExpressionRecognised) else None)
            face = sequence not in self.faceless
        end = self.stamp(len(self.times_s) - 1, self.times_s[-1])
        yield Parcel(EndOfStream(**end, reason="the source ended"))

    def stamp(self, sequence: int, time_s: float) -> Stamp:
        return Stamp(source=self.source, sequence=sequence, captured_ns=round(time_s * 1e9), grabbed_ns=0, epoch=0)

    def _about(self, sequence: int, time_s: float, face_before: bool) -> Iterator[Message]:
        stamp = self.stamp(sequence, time_s)
        width, height = self.frame_size
        if sequence in self.faceless:
            if face_before:
                yield FaceLost(**stamp, presentation_s=time_s, reason="covered")
            yield FrameCaptured(**stamp, width=width, height=height, presentation_s=time_s)
            return
        if not face_before:
            yield FaceFound(**stamp, presentation_s=time_s)
        scale = 256 / height
        yield FaceTracked(
            **stamp,
            presentation_s=time_s,
            crop_epoch=1,
            crop_from_frame=(scale, 0.0, 128 - scale * width / 2, 0.0, scale, 128 - scale * height / 2),
            landmarks=head_on_mesh().tobytes(),
            face_width=184.0,
            quality=Quality(sharpness=12, face_width=140, yaw=0, pitch=0, roll=0, occluded=0),
        )
        if sequence in self.opened:
            yield self.opened[sequence]
        yield from (v for v in self.verdicts if v.sequence == sequence)
        motion = np.full(REGIONS, 0.1)
        for v in self.verdicts:
            if v.onset_frame <= sequence <= v.offset_frame:
                motion[10] = v.strength
        yield MotionMeasured(
            **stamp, presentation_s=time_s, motion=tuple(motion.tolist()), noise=0.45, eyes_open=1.0, active=False
        )
