"""Many recordings with their ground truth, written to disk side by side."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import asdict, dataclass
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

import cv2
import numpy as np

from models.simulator.portrait import Portrait, builtin_portrait, load_portraits
from models.simulator.recording import FACE_PX, draw_recording
from models.simulator.truth import truth_row, write_truth
from models.simulator.video_writer import VideoWriter

FRAME_RATES = (1.0, 500.0)


@dataclass(frozen=True)
class SimulationPlan:
    """What to simulate; the same plan gives the same recordings, however many processes make them."""

    out: Path
    clips: int
    seconds: float
    fps: float = 30.0
    seed: int = 0
    face_px: float | None = None  # drawn between 100 and 500 px when None
    faces: Path | None = None  # a portrait or a folder of them; the built-in portrait when None

    def check(self) -> None:
        """Raise ValueError with one line that says what to change."""
        if self.clips < 1:
            raise ValueError(f"--clips must be at least 1, not {self.clips}")
        if not self.seconds >= 3:
            raise ValueError(f"--seconds must be at least 3, not {self.seconds:g}: quiet takes the first and last one")
        if not FRAME_RATES[0] <= self.fps <= FRAME_RATES[1]:
            raise ValueError(f"--fps must lie between 1 and 500, not {self.fps:g}")
        if self.face_px is not None and not FACE_PX[0] <= self.face_px <= FACE_PX[1]:
            raise ValueError(f"--face-width must lie between 100 and 500 px, not {self.face_px:g}")
        if self.seed < 0:
            raise ValueError(f"--seed must not be negative, not {self.seed}")
        if self.faces is not None and not self.faces.exists():
            raise ValueError(f"--faces {self.faces} does not exist: give a portrait or a folder of portraits")
        if self.out.exists() and not self.out.is_dir():
            raise ValueError(f"--out {self.out} is a file: give a folder")

    def clip_name(self, index: int) -> str:
        """Name of one recording, without an ending."""
        return f"sim_{self.seed:05d}_{index:03d}"


def write_recording(
    plan: SimulationPlan, index: int, portraits: Sequence[Portrait], advanced: Callable[[], None] | None = None
) -> Path:
    """Make one recording: `<name>.mp4`, `<name>.truth.csv` and `<name>.conditions.json`.

    Args:
        plan: what to simulate.
        index: number of the recording, from 0; with the plan's seed it decides everything.
        portraits: the faces to draw from.
        advanced: called after each frame.

    Returns:
        The video.
    """
    rng = np.random.default_rng([plan.seed, index])
    recording = draw_recording(portraits, plan.seconds, plan.fps, rng, face_px=plan.face_px)
    name = plan.clip_name(index)
    video = plan.out / f"{name}.mp4"
    size = (recording.renderer.width, recording.renderer.height)
    with VideoWriter(video, *size, plan.fps, quality=recording.conditions.quality) as writer:
        for frame in recording.frames():
            writer.write(frame.image, frame.at_s)
            if advanced:
                advanced()
    rows = [truth_row(video.name, event, recording.stamps) for event in recording.events]
    write_truth(plan.out / f"{name}.truth.csv", rows)
    conditions = json.dumps({"seconds": plan.seconds, **asdict(recording.conditions)}, indent=1)
    (plan.out / f"{name}.conditions.json").write_text(conditions + "\n", encoding="utf-8")
    return video


_portraits: list[Portrait] = []
_counter: Synchronized[int] | None = None


def _start_worker(portraits: list[Portrait], counter: Synchronized[int]) -> None:
    global _counter
    cv2.setNumThreads(1)  # the processes share the cores already
    _portraits[:] = portraits
    _counter = counter


def _work(plan: SimulationPlan, index: int) -> Path:
    def advanced() -> None:
        if _counter is not None:
            with _counter.get_lock():
                _counter.value += 1

    return write_recording(plan, index, _portraits, advanced)


def simulate_all(plan: SimulationPlan, processes: int, progress: Callable[[int], None] | None = None) -> list[Path]:
    """Make all recordings of a plan.

    Args:
        plan: what to simulate.
        processes: how many to make at a time.
        progress: called now and then with the number of frames made so far.

    Returns:
        The videos, in order.

    Raises:
        ValueError: the plan or a portrait is unusable.
        OSError: the folder cannot be written.
    """
    plan.check()
    plan.out.mkdir(parents=True, exist_ok=True)
    portraits = load_portraits(plan.faces) if plan.faces else [builtin_portrait()]
    context = multiprocessing.get_context("spawn")
    counter = context.Value("q", 0)
    workers = min(processes, plan.clips)
    with ProcessPoolExecutor(workers, context, _start_worker, (portraits, counter)) as pool:
        jobs: list[Future[Path]] = [pool.submit(_work, plan, index) for index in range(plan.clips)]
        waiting = set(jobs)
        while waiting:
            done, waiting = wait(waiting, timeout=0.3, return_when=FIRST_COMPLETED)
            if progress:
                progress(counter.value)
            for job in done:
                if job.exception():
                    pool.shutdown(cancel_futures=True)
                job.result()
    return [job.result() for job in jobs]
