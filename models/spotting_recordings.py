"""The simulated recordings from which spotting is learned, and those on which its operating point is chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from models.simulator.portrait import Portrait, builtin_portrait
from models.simulator.recording import draw_recording
from models.simulator.scenario import Rates
from models.simulator.truth import TruthRow, read_truth, truth_row, write_truth
from models.simulator.video_writer import VideoWriter
from realtime.sample_trace import SampleTrace, trace_video
from realtime.settings import Settings
from realtime.source import SourceSpec

_FACE_PX = (160.0, 320.0)


@dataclass(frozen=True)
class PlannedRecording:
    """One recording; the same plan gives the same recording.

    Attributes:
        seed: as of `python -m models simulate`, of which this is the first recording.
        fps, seconds: rate and length.
        face_px: face width; drawn when None.
        holds: "usual" as the simulator draws it; "many" expressions; "none", only what may be mistaken for them.
    """

    seed: int
    fps: float
    seconds: float
    face_px: float | None
    holds: Literal["usual", "many", "none"]

    @property
    def name(self) -> str:
        """Of its files."""
        return f"{self.holds}_{self.fps:g}_{self.seed:05d}"


@dataclass(frozen=True)
class TracedRecording:
    """What the spotter sees of a recording, and what is true."""

    plan: PlannedRecording
    trace: SampleTrace
    truth: list[TruthRow]


def _width(seed: int) -> float | None:
    return 200.0 if seed % 2 else None


TRAINING = (
    *(PlannedRecording(seed, 30, 60, 200.0, "usual") for seed in range(100, 109)),
    *(PlannedRecording(seed, 200, 20, 300.0, "usual") for seed in range(100, 109, 2)),
    PlannedRecording(107, 60, 40, 250.0, "usual"),
    *(PlannedRecording(seed, 30, 60, _width(seed), "many") for seed in range(200, 213) if seed != 204),
    PlannedRecording(204, 200, 12, 300.0, "many"),
    *(PlannedRecording(seed, 30, 60, _width(seed), "none") for seed in range(300, 307)),
    *(PlannedRecording(seed, 200, 12, 300.0, "none") for seed in range(400, 403)),
)
"""Seeds 100 to 499."""
VALIDATION = (
    *(PlannedRecording(seed, 30, 60, 200.0, "usual") for seed in (500, 510, 511, 512, 513, 520, 521)),
    *(PlannedRecording(seed, 200, 20, 300.0, "usual") for seed in (510, 511, 520, 521)),
)
"""Seeds 500 to 599: thresholds are chosen on these, and nothing else. Figures are taken on seeds 9000 and up."""


def trace_all(
    plans: Sequence[PlannedRecording], folder: Path, say: Callable[[str], None] = print
) -> list[TracedRecording]:
    """Simulate, film, track and measure; what already lies in the folder is used again.

    Args:
        plans: what to make.
        folder: NAME.npz and NAME.truth.csv are kept here, the videos are not.
        say: told of each recording.
    """
    folder.mkdir(parents=True, exist_ok=True)
    portraits = [builtin_portrait()]
    traced = []
    for number, plan in enumerate(plans, start=1):
        kept, truth = folder / f"{plan.name}.npz", folder / f"{plan.name}.truth.csv"
        if not (kept.is_file() and truth.is_file()):
            say(f"recording {number} of {len(plans)}: {plan.name}")
            video = folder / f"{plan.name}.mp4"
            write_truth(truth, _film(plan, portraits, video))
            trace_video(SourceSpec(str(video)), Settings()).save(kept)
            video.unlink()
        traced.append(TracedRecording(plan, SampleTrace.load(kept), read_truth(truth)))
    return traced


def _film(plan: PlannedRecording, portraits: Sequence[Portrait], video: Path) -> list[TruthRow]:
    own = np.random.default_rng([plan.seed, 7])
    rates = _rates(plan, own)
    width = plan.face_px or float(np.exp(own.uniform(*np.log(_FACE_PX))))
    rng = np.random.default_rng([plan.seed, 0])
    recording = draw_recording(portraits, plan.seconds, plan.fps, rng, face_px=width, rates=rates)
    size = (recording.renderer.width, recording.renderer.height)
    with VideoWriter(video, *size, plan.fps, quality=recording.conditions.quality) as writer:
        for frame in recording.frames():
            writer.write(frame.image, frame.at_s)
    return [truth_row(video.name, event, recording.stamps) for event in recording.events]


def _rates(plan: PlannedRecording, own: np.random.Generator) -> Rates | None:
    if plan.holds == "many":
        return Rates(
            micro=13 * own.uniform(0.6, 1.2),
            macro=3 * own.uniform(0.6, 1.2),
            held=2.5 * own.uniform(0.5, 1.3),
            speech=2.5 * own.uniform(0.3, 1.5),
            gaze=9,
        )
    if plan.holds == "none":
        return Rates(micro=0, macro=0, held=0, speech=3.5 * own.uniform(0.3, 1.5), gaze=9)
    return None
