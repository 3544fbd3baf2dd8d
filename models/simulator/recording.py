"""One simulated recording: who, what happens, under which conditions; and its frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from models.simulator.events import Event, activations_at, gaze_at
from models.simulator.frame_times import frame_times
from models.simulator.head import FaceState, Head
from models.simulator.head_motion import HeadMotion
from models.simulator.identity import draw_shape, draw_skin, mirrored
from models.simulator.lighting import Lighting
from models.simulator.occlusion import GlassesGlare, Hand, Occluder
from models.simulator.portrait import Portrait
from models.simulator.render import FaceRenderer
from models.simulator.scenario import Rates, draw_events
from models.simulator.sensor import Sensor

FACE_PX = (100.0, 500.0)
"""Smallest and largest face width that is simulated, px."""
BLURS_FROM = 0.6  # px of motion within one exposure; less than this no eye and no flow sees


@dataclass(frozen=True)
class Conditions:
    """Camera and encoder of one recording."""

    fps: float
    face_px: float
    portrait: str
    read_noise: float  # grey levels
    shot_noise: float  # variance per grey level
    defocus: float  # standard deviation of the blur, px
    shutter: float  # share of the frame interval during which light is gathered
    jitter: float  # of frame times, share of the interval
    dropped: float  # share of frames that never arrive
    quality: int  # x264's constant rate factor
    occluded: bool


def draw_conditions(portrait: str, fps: float, face_px: float, rng: np.random.Generator) -> Conditions:
    """A camera, good or bad."""
    gain = float(rng.uniform(0, 1))  # of the sensor: bright room to dim room
    return Conditions(
        fps=fps,
        face_px=face_px,
        portrait=portrait,
        read_noise=0.6 + 2.2 * gain**2,
        shot_noise=0.005 + 0.05 * gain,
        defocus=float(rng.choice([0.0, rng.uniform(0.3, 1.0)])),
        shutter=float(rng.uniform(0.1, 0.3 + 0.6 * gain)),
        jitter=float(rng.choice([0.0, rng.uniform(0.01, 0.08)])),
        dropped=float(rng.choice([0.0, 0.0, rng.uniform(0.002, 0.02)])),
        quality=int(rng.integers(12, 23)),
        occluded=bool(rng.random() < 0.2),
    )


def frame_size(face_px: float) -> tuple[int, int]:
    """Width and height of the frame for a face width: 640x480 as long as the face fits."""
    scale = max(1.0, face_px / 320)
    return 16 * round(40 * scale), 16 * round(30 * scale)


@dataclass(frozen=True)
class RecordedFrame:
    """One frame and the truth about it."""

    image: NDArray[np.uint8]  # RGB (height, width, 3)
    at_s: float
    state: FaceState


@dataclass
class Recording:
    """Everything drawn for one recording. Frames come from `frames`, flow and mesh from `renderer`."""

    conditions: Conditions
    events: list[Event]
    stamps: NDArray[np.float64]  # seconds
    renderer: FaceRenderer
    motion: HeadMotion
    lighting: Lighting
    sensor: Sensor
    occluders: Sequence[Occluder] = field(default_factory=list)

    def state(self, at_s: float) -> FaceState:
        """What the face does at one moment: `renderer.flow` and `renderer.mesh` turn it into ground truth."""
        return FaceState(activations_at(self.events, at_s), self.motion.at(at_s), gaze_at(self.events, at_s))

    def frames(self) -> Iterator[RecordedFrame]:
        """The recorded frames in order; to be walked through once, as the sensor's noise goes on."""
        for at_s in self.stamps.tolist():
            state = self.state(at_s)
            image = self._gather(state, at_s)
            if self.occluders:
                mesh = self.renderer.mesh(state)
                for occluder in self.occluders:
                    occluder.draw(image, mesh, at_s)
            yield RecordedFrame(self.sensor.record(image, self.lighting.at(at_s)), at_s, state)

    def _gather(self, state: FaceState, at_s: float) -> NDArray[np.uint8]:
        exposure = self.conditions.shutter / self.conditions.fps
        travel = self.motion.speed(at_s) * self.conditions.face_px * exposure
        if travel < BLURS_FROM:
            return self.renderer.render(state)
        # Light is gathered around the stamp, so that blur adds no delay to the truth.
        moments = at_s + exposure * (np.array([0.0, 1.0, 2.0]) / 2 - 0.5)
        first, middle, last = (self.renderer.render(self.state(float(moment))) for moment in moments)
        ends = cv2.addWeighted(first, 0.5, last, 0.5, 0.0)
        return np.asarray(cv2.addWeighted(ends, 2 / 3, middle, 1 / 3, 0.0), np.uint8)


def draw_recording(
    portraits: Sequence[Portrait],
    seconds: float,
    fps: float,
    rng: np.random.Generator,
    *,
    face_px: float | None = None,
    rates: Rates | None = None,
) -> Recording:
    """Draw a person, a camera and events.

    Args:
        portraits: one of them becomes the person, in another shape and skin.
        seconds, fps: length and nominal frame rate.
        rng: source of chance; the same state gives the same recording.
        face_px: face width; drawn between 100 and 500 px when not given, small faces more often.
        rates: how often what happens.
    """
    if face_px is None:
        face_px = float(np.exp(rng.uniform(*np.log(FACE_PX))))
    portrait = portraits[int(rng.integers(len(portraits)))]
    if rng.random() < 0.5:
        portrait = mirrored(portrait)
    conditions = draw_conditions(portrait.name, fps, face_px, rng)
    width, height = frame_size(face_px)
    loose = max(0.0, 1 - 1.25 * face_px / height)  # how much room there is around the face
    centre = (0.5 + 0.25 * loose * rng.uniform(-1, 1), 0.52 + 0.15 * loose * rng.uniform(-1, 1))
    placed = portrait.placed(width, height, face_px, centre)
    picture = draw_skin(placed.image, placed.mesh, rng)
    if conditions.defocus:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), conditions.defocus), np.uint8)
    head = Head(draw_shape(placed.mesh, rng), width, height, texture_mesh=placed.mesh)
    events = draw_events(seconds, head.units, rng, rates)
    stamps = frame_times(fps, seconds, rng, jitter=conditions.jitter, dropped=conditions.dropped)
    return Recording(
        conditions=conditions,
        events=events,
        stamps=stamps,
        renderer=FaceRenderer(picture, head),
        motion=HeadMotion(rng, seconds),
        lighting=Lighting(rng, seconds),
        sensor=Sensor((height, width, 3), rng, read=conditions.read_noise, shot=conditions.shot_noise),
        occluders=_draw_occluders(events, seconds, picture, placed.mesh, rng) if conditions.occluded else [],
    )


def _draw_occluders(
    events: list[Event], seconds: float, picture: NDArray[np.uint8], mesh: NDArray[np.float32], rng: np.random.Generator
) -> list[Occluder]:
    if rng.random() < 0.5:
        offset = tuple(rng.normal(0, 0.04, 2).tolist())
        return [GlassesGlare(int(rng.integers(2)), (offset[0], offset[1]), float(rng.uniform(0.03, 0.08)), 0.8)]
    # A hand comes in the longest stretch without an expression: what it hides could not be judged.
    busy = sorted((e.onset_s, e.offset_s) for e in events if e.kind in ("micro", "macro"))
    starts, ends = [0.0, *(end for _, end in busy)], [*(start for start, _ in busy), seconds]
    free = max(zip(starts, ends, strict=True), key=lambda stretch: stretch[1] - stretch[0])
    if free[1] - free[0] < 2.0:
        return []
    onset = free[0] + 0.4 + float(rng.uniform(0, max(free[1] - free[0] - 2.4, 0.01)))
    offset_s = min(onset + float(rng.uniform(1.3, 3.0)), free[1] - 0.3)
    x, y = np.clip(mesh[[50, 280], :2].mean(0).round().astype(int), 0, np.array(picture.shape[1::-1]) - 1)
    skin = picture[max(y - 4, 0) : y + 5, max(x - 4, 0) : x + 5].reshape(-1, 3).mean(0) * rng.uniform(0.85, 1.05)
    target = (float(rng.uniform(-0.35, 0.35)), float(rng.uniform(0.0, 0.35)))
    return [
        Hand(onset, offset_s, target, (float(skin[0]), float(skin[1]), float(skin[2])), float(rng.uniform(-35, 35)))
    ]
