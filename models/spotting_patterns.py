"""What expressions do to the measured signals: rendered once each, then put into recordings as often as wanted.

A minute of rendered and tracked video holds ten expressions; training wants thousands. So expressions are measured on
still faces, through the same flow, rigid-motion removal and regions as everything else, and added to the traces of
recordings in which little happens but noise, blinks, glances, speech and head motion.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.simulator.events import Event
from models.simulator.head import FaceState
from models.simulator.portrait import Portrait
from models.simulator.pose import HeadPose
from models.simulator.recording import Recording, draw_recording
from models.simulator.scenario import Rates, draw_event
from models.simulator.timing import draw_micro
from models.simulator.truth import TruthRow, truth_row
from realtime.blink import eye_opening
from realtime.crop import CROP_SIZE, cut, move_points, upright
from realtime.face_mesh import FaceMesh
from realtime.face_sample import mouth_opening
from realtime.messages import FaceTracked, Quality
from realtime.motion_meter import MotionMeter
from realtime.sample_trace import SampleTrace
from realtime.settings import TrackSettings

LEVELS = (0.3, 0.65, 1.0)
"""Shares of the peak at which the response is measured; it is not quite proportional."""
_APART_S = 0.35
_SPEECH_APART_S = 0.45
_BLINKS_WITH = 0.15  # share of micro-expressions during which blinks and glances go on
_OCCLUDED = 0.08


@dataclass(frozen=True)
class Pattern:
    """One expression as the meter sees it.

    Attributes:
        kind: micro, macro or held.
        event: with its onset at 0.
        motion: (1 + LEVELS, regions, 2) px at 224 px face width, at rest and at each level.
        eyes, mouth: (1 + LEVELS,) change of the mesh's eye and mouth openings.
    """

    kind: str
    event: Event
    motion: NDArray[np.float64]
    eyes: NDArray[np.float64]
    mouth: NDArray[np.float64]

    def at(self, strength: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Motion (n, regions, 2), eyes (n,) and mouth (n,) at shares of the peak (n,)."""
        known = np.array([0.0, *LEVELS])
        flat = self.motion.reshape(len(known), -1)
        motion = np.stack([np.interp(strength, known, column) for column in flat.T], 1)
        shape = (len(strength), *self.motion.shape[1:])
        return motion.reshape(shape), np.interp(strength, known, self.eyes), np.interp(strength, known, self.mouth)


def draw_patterns(
    portraits: Sequence[Portrait], count: int, per_person: int, face_px: tuple[float, float], rng: np.random.Generator
) -> list[Pattern]:
    """Expressions of many people, half of them micro-expressions.

    Args:
        portraits: the faces to draw from.
        count: how many.
        per_person: how many of one person.
        face_px: smallest and largest face width in the picture.
        rng: source of chance.
    """
    mesh = FaceMesh()
    patterns: list[Pattern] = []
    try:
        while len(patterns) < count:
            width = float(np.exp(rng.uniform(*np.log(face_px))))
            none = Rates(micro=0, macro=0, held=0, speech=0, gaze=0, blink=0)
            recording = draw_recording(portraits, 3.0, 30.0, rng, face_px=width, rates=none)
            kinds = rng.choice(["micro", "macro", "held"], per_person, p=(0.5, 0.28, 0.22))
            patterns += _measure(recording, [str(kind) for kind in kinds], mesh, rng)
    finally:
        mesh.close()
    return patterns[:count]


def _measure(recording: Recording, kinds: Sequence[str], fit: FaceMesh, rng: np.random.Generator) -> list[Pattern]:
    pose = HeadPose(0.0, 0.0, 0.0, *rng.normal(0, 2.0, 3).tolist())
    rest = FaceState(pose=pose)
    image = recording.renderer.render(rest)
    similarity = upright(recording.renderer.mesh(rest), TrackSettings().crop_face_width)
    in_crop = move_points(similarity, recording.renderer.mesh(rest).astype(np.float32))
    meter = MotionMeter()
    crop = cut(image, similarity)
    tracked = _tracked(similarity, in_crop)
    meter.measure(tracked, crop)
    patterns = []
    for kind in kinds:
        event = draw_event(kind, recording.renderer.head.units, rng)
        motions, openings = [np.zeros_like(meter.measure(tracked, crop).regions)], [_openings(fit, image)]
        for level in LEVELS:
            state = FaceState({name: level * value for name, value in event.activations.items()}, pose)
            shown = recording.renderer.render(state)
            motions.append(meter.measure(tracked, cut(shown, similarity)).regions)
            openings.append(_openings(fit, shown))
        if None in openings:
            continue
        change = np.array(openings) - np.array(openings[0])
        patterns.append(Pattern(kind, event, np.array(motions), change[:, 0], change[:, 1]))
    return patterns


def _openings(fit: FaceMesh, image: NDArray[np.uint8]) -> tuple[float, float] | None:
    for _ in range(2):  # the follower takes a frame to settle
        meshes = fit.fit(image)
    return (eye_opening(meshes[0]), mouth_opening(meshes[0])) if meshes else None


def _tracked(similarity: NDArray[np.float64], mesh: NDArray[np.float32]) -> FaceTracked:
    return FaceTracked(
        source="pattern",
        sequence=0,
        captured_ns=0,
        grabbed_ns=0,
        epoch=0,
        presentation_s=0.0,
        crop_epoch=1,
        crop_from_frame=tuple(float(v) for v in similarity.ravel()),  # type: ignore[arg-type]
        landmarks=mesh.astype(np.float32).tobytes(),
        face_width=TrackSettings().crop_face_width,
        quality=Quality(sharpness=0.0, face_width=float(CROP_SIZE), yaw=0.0, pitch=0.0, roll=0.0, occluded=0.0),
    )


def inject(
    trace: SampleTrace,
    truth: Sequence[TruthRow],
    patterns: Sequence[Pattern],
    rng: np.random.Generator,
    mean_gap_s: float = 2.0,
) -> tuple[SampleTrace, list[TruthRow]]:
    """Put expressions into a recording where nobody speaks or makes one already.

    Args:
        trace: of the recording.
        truth: of the recording.
        patterns: to draw from; times and strength are drawn anew.
        rng: source of chance.
        mean_gap_s: of the quiet stretches between expressions beyond the shortest.

    Returns:
        The trace and the truth with the new expressions in them.
    """
    rows = list(truth)
    regions, eyes, mouth = trace.regions.copy(), trace.eyes.copy(), trace.mouth.copy()
    at = float(trace.time_s[0]) + 0.8 + float(rng.exponential(mean_gap_s))
    while True:
        pattern = patterns[int(rng.integers(len(patterns)))]
        event, factor = _varied(pattern, rng)
        event = event.moved(at)
        if event.offset_s > trace.time_s[-1] - 0.4:
            break
        if not _free(event, trace, truth, rng):
            at += float(rng.uniform(0.1, 0.6))
            continue
        strength = event.strength(trace.time_s)
        motion, lids, lips = pattern.at(np.clip(strength * min(factor, 1.0), 0, 1))
        more = max(factor, 1.0)
        regions += more * motion
        eyes += more * lids
        mouth += more * lips
        rows.append(truth_row("injected", event, trace.time_s))
        at = event.offset_s + _APART_S + float(rng.exponential(mean_gap_s))
    return replace(trace, regions=regions, eyes=eyes, mouth=mouth), sorted(rows, key=lambda row: row.onset_s)


def _varied(pattern: Pattern, rng: np.random.Generator) -> tuple[Event, float]:
    """The pattern's event with other times and another strength."""
    event = pattern.event
    factor = float(np.exp(rng.normal(0, 0.2)))
    if pattern.kind == "macro":
        stretch = float(np.exp(rng.normal(0, 0.1)))
        if event.offset_s * stretch < 0.6:
            stretch = 1.0
        times = (event.apex_s * stretch, event.offset_s * stretch, event.hold_s * stretch)
        return replace(event, apex_s=times[0], offset_s=times[1], hold_s=times[2]), factor
    rise, decay = draw_micro(event.label, rng)
    if pattern.kind == "micro":
        return replace(event, apex_s=rise, offset_s=rise + decay), factor
    hold, fall = float(rng.uniform(0.5, 5.0)), event.offset_s - event.apex_s - event.hold_s
    return replace(event, apex_s=rise, hold_s=hold, offset_s=rise + hold + fall), factor


def _free(event: Event, trace: SampleTrace, truth: Sequence[TruthRow], rng: np.random.Generator) -> bool:
    inside = (trace.time_s >= event.onset_s) & (trace.time_s <= event.offset_s)
    if inside.sum() < 2 or np.diff(trace.time_s[inside]).max() > 0.1 or trace.occluded[inside].max() > _OCCLUDED:
        return False
    for row in truth:
        apart = _SPEECH_APART_S if row.kind == "speech" else _APART_S if row.kind in ("micro", "macro") else None
        if apart is not None and event.onset_s < row.offset_s + apart and event.offset_s > row.onset_s - apart:
            return False
    disturbed = any(
        row.kind in ("blink", "gaze") and event.onset_s < row.offset_s + 0.1 and event.offset_s > row.onset_s - 0.1
        for row in truth
    )
    return event.kind != "micro" or not disturbed or bool(rng.random() < _BLINKS_WITH)
