"""The built-in clip: twelve seconds of a face with known micro-expressions, made at first use."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.simulator.events import Event, activations_at
from models.simulator.head import FaceState, Head
from models.simulator.neutral import neutral_mesh
from models.simulator.portrait import Portrait, builtin_portrait
from models.simulator.pose import HeadPose
from models.simulator.render import FaceRenderer
from models.simulator.sensor import Sensor
from models.simulator.truth import truth_row, write_truth
from models.simulator.video_writer import VideoWriter

NAME = "demo"
WIDTH, HEIGHT, FPS, SECONDS = 640, 480, 30, 12.5
FACE_PX = 224.0

EVENTS = (
    Event("blink", 1.30, 1.43, 1.66, {"AU45": 1.0}),
    Event("micro", 2.60, 2.80, 3.00, {"AU4": 0.16, "AU7": 0.25}, "negative", intensity="C"),
    Event("micro", 4.20, 4.40, 4.63, {"AU6": 0.10, "AU12": 0.10}, "positive", intensity="C"),
    Event("blink", 5.70, 5.82, 6.05, {"AU45": 1.0}),
    Event("micro", 7.00, 7.17, 7.40, {"AU1": 0.14, "AU2": 0.14, "AU5": 0.25}, "surprise", intensity="C"),
    Event("macro", 8.70, 9.20, 10.90, {"AU6": 0.45, "AU12": 0.50}, "positive", hold_s=0.8, intensity="D"),
)
"""What happens, at FACS activations that move the skin by 1 to 2.5 px (the smile: by 11 px)."""


@dataclass(frozen=True)
class BuiltinClip:
    """Where the clip and its ground truth were written."""

    video: Path
    truth: Path


def head_pose(at_s: float) -> HeadPose:
    """Slow sway and small turns of somebody who sits still; the periods have no common multiple in the clip."""
    sway = np.sin(
        2 * np.pi * at_s / np.array([7.3, 5.9, 9.1, 6.7, 8.3, 4.9]) + np.array([0.3, 1.1, 2.0, 0.7, 4.0, 2.9])
    )
    right, down, back, yaw, pitch, roll = sway * np.array([0.014, 0.009, 0.02, 1.6, 1.1, 0.7])
    return HeadPose(right, down, back, yaw, pitch, roll)


def builtin_state(at_s: float) -> FaceState:
    """What the face of the clip does at one moment."""
    return FaceState(activations_at(EVENTS, at_s), head_pose(at_s))


def builtin_stage(portrait: Portrait) -> FaceRenderer:
    """The clip's head in its frame; with `builtin_state` it gives the clip's exact mesh and flow."""
    placed = portrait.placed(WIDTH, HEIGHT, FACE_PX)
    head = Head(neutral_mesh(placed.mesh), WIDTH, HEIGHT, texture_mesh=placed.mesh)
    return FaceRenderer(placed.image, head)


def make_builtin_clip(folder: Path) -> BuiltinClip:
    """Render the clip from the portrait that scikit-image ships; the same bytes on every run of one machine.

    Args:
        folder: made if missing; `demo.mp4` (H.264, 640x480, 30 fps) and `truth.csv` are written into it.

    Returns:
        The two files.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    renderer = builtin_stage(builtin_portrait())
    sensor = Sensor((HEIGHT, WIDTH, 3), np.random.default_rng(1969), read=2.0)
    stamps = np.arange(round(SECONDS * FPS)) / FPS
    clip = BuiltinClip(folder / f"{NAME}.mp4", folder / "truth.csv")
    with VideoWriter(clip.video, WIDTH, HEIGHT, FPS) as video:
        for at_s in stamps.tolist():
            video.write(sensor.record(renderer.render(builtin_state(at_s))), at_s)
    write_truth(clip.truth, [truth_row(clip.video.name, event, stamps) for event in EVENTS])
    return clip
