"""Small data sets of simulated faces in official layouts: to try readers and training on, and to show the layouts."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from models.drawn_expressions import draw_expression
from models.labels import CLASSES
from models.simulator.events import Event
from models.simulator.head import FaceState
from models.simulator.intensity import with_intensity
from models.simulator.portrait import builtin_portrait
from models.simulator.pose import HeadPose
from models.strangers import Stranger, StrangerSettings

WORDS = {"negative": "disgust", "positive": "happiness", "surprise": "surprise"}


class SimulatedEvent(NamedTuple):
    """One expression of one invented person, as frames before, during and after it."""

    subject: int  # from 1
    number: int  # of the event within the subject, from 1
    label: str  # negative, positive or surprise
    frames: list[NDArray[np.uint8]]  # RGB
    onset: int  # places in `frames`
    apex: int
    offset: int
    units: str  # such as 6+12


class Miniature(NamedTuple):
    """How much is simulated."""

    subjects: int = 3
    events: int = 3  # of each subject; classes take turns
    frames: int = 24  # of each event
    size: int = 160  # height and width of the frames, px
    seed: int = 1
    strong: str = "C"  # FACS letter of the intensity


def simulate_events(plan: Miniature) -> Iterator[SimulatedEvent]:
    """Draw people and their expressions; the same plan gives the same pixels."""
    portrait = builtin_portrait()
    for subject in range(1, plan.subjects + 1):
        random = np.random.default_rng([plan.seed, subject])
        person = Stranger(portrait, plan.size, 0.66 * plan.size, StrangerSettings(softness=0.5), random)
        for number in range(1, plan.events + 1):
            yield _event(person, plan, subject, number, random)


def _event(person: Stranger, plan: Miniature, subject: int, number: int, random: np.random.Generator) -> SimulatedEvent:
    label = (subject + number) % len(CLASSES)
    drawn = with_intensity(person.units, draw_expression(label, random), "micro", plan.strong, random)
    onset, offset = 3, plan.frames - 4
    apex = onset + round((offset - onset) * random.uniform(0.35, 0.6))
    event = Event("micro", float(onset), float(apex), float(offset), drawn, CLASSES[label])
    pose = HeadPose(yaw=random.normal(0, 5), pitch=random.normal(0, 4), roll=random.normal(0, 2))
    drift = random.normal(0, 0.4, 2)
    frames = []
    for at in range(plan.frames):
        strength = float(event.strength(np.array(float(at))))
        share = at / plan.frames
        moved = HeadPose(yaw=pose.yaw + drift[0] * share, pitch=pose.pitch + drift[1] * share, roll=pose.roll)
        image = person.renderer.render(FaceState({name: strength * value for name, value in drawn.items()}, moved))
        noisy = image + random.normal(0, 1.0, image.shape)
        frames.append(np.asarray(np.clip(noisy + 0.5, 0, 255), np.uint8))
    return SimulatedEvent(subject, number, CLASSES[label], frames, onset, apex, offset, event.action_units())


def write_miniature(root: Path, layout: str, plan: Miniature) -> int:
    """Write simulated events as the named data set ships them.

    Args:
        root: a new folder.
        layout: a key of `LAYOUTS`.
        plan: how much.

    Returns:
        Number of clips.
    """
    rows: list[list[Any]] = []
    header, write = LAYOUTS[layout]
    count = 0
    for event in simulate_events(plan):
        row = write(root, event)
        if row is not None:
            rows.append(row)
        count += 1
    if header:
        root.mkdir(parents=True, exist_ok=True)
        with (root / "annotation.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([header, *rows])
    return count


def write_images(folder: Path, frames: list[NDArray[np.uint8]], name: Callable[[int], str], quality: int = 97) -> None:
    """Write RGB frames; `name` gives the file of each place."""
    folder.mkdir(parents=True, exist_ok=True)
    for place, frame in enumerate(frames):
        bgr = cv2.cvtColor(frame, cv2.COLOR_RGB2BGR)
        cv2.imwrite(str(folder / name(place)), bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])


def _casme2(root: Path, event: SimulatedEvent) -> list[Any]:
    clip = f"EP{event.number:02d}_01f"
    first = 40  # frames keep the numbers of the recording
    write_images(
        root / "CASME2-RAW" / f"sub{event.subject:02d}" / clip, event.frames, lambda at: f"img{first + at}.jpg"
    )
    marks = [first + event.onset, first + event.apex if event.number % 4 else "/", first + event.offset]
    return [event.subject, clip, "", *marks, "", event.units, WORDS[event.label]]


def _samm(root: Path, event: SimulatedEvent) -> list[Any]:
    clip = f"{event.subject:03d}_{event.number}_1"
    first = 5562
    write_images(
        root / f"{event.subject:03d}" / clip, event.frames, lambda at: f"{event.subject:03d}_{first + at:05d}.jpg"
    )
    marks = [first + event.onset, first + event.apex, first + event.offset]
    word = {"disgust": "Anger", "happiness": "Happiness"}.get(WORDS[event.label], "Surprise")
    return [f"{event.subject:03d}", clip, "1_1", *marks, 20, "Micro - 1/2", event.units, word, "I"]


def _smic(root: Path, event: SimulatedEvent) -> None:
    short = {"negative": "ne", "positive": "po", "surprise": "sur"}[event.label]
    clip = f"s{event.subject}_{short}_{event.number:02d}"
    frames = event.frames[event.onset : event.offset + 1]
    for camera, every in (("HS", 1), ("VIS", 4), ("NIR", 4)):
        place = root / camera / f"s{event.subject}" / "micro" / event.label / clip
        write_images(place, frames[::every], lambda at: f"image{28160 + at}.jpg")


def _mmew(root: Path, event: SimulatedEvent) -> list[Any]:
    word = WORDS[event.label]
    clip = f"S{event.subject:02d}-{event.number:02d}-001"
    write_images(root / "Micro_Expression" / word / clip, event.frames, lambda at: f"{at + 1}.jpg")
    return [event.subject, clip, event.onset + 1, event.apex + 1, event.offset + 1, event.units, word]


def _folders(root: Path, event: SimulatedEvent) -> None:
    place = root / WORDS[event.label] / f"subject{event.subject:02d}" / f"clip{event.number:02d}"
    write_images(place, event.frames, lambda at: f"{at:03d}.jpg")


_SAMM_HEADER = (
    *("Subject", "Filename", "Inducement Code", "Onset Frame", "Apex Frame", "Offset Frame", "Duration", "Micro"),
    *("Action Units", "Estimated Emotion", "Objective Classes"),
)
_CASME2_HEADER = (
    *("Subject", "Filename", "", "OnsetFrame", "ApexFrame", "OffsetFrame", "", "Action Units", "Estimated Emotion"),
)
_MMEW_HEADER = ("Subject", "Filename", "OnsetFrame", "ApexFrame", "OffsetFrame", "Action Units", "Estimated Emotion")

Write = Callable[[Path, SimulatedEvent], Any]
LAYOUTS: dict[str, tuple[tuple[str, ...], Write]] = {
    "casme2": (_CASME2_HEADER, _casme2),
    "samm": (_SAMM_HEADER, _samm),
    "smic": ((), _smic),
    "mmew": (_MMEW_HEADER, _mmew),
    "folders": ((), _folders),
}
"""Layouts that can be written, each with its sheet's header and the writer of one clip."""
