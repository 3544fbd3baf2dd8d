"""Frames per second of a whole replay, every stage on, beside a plain loop over OpenCV and MediaPipe."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypedDict

from realtime.bench_baseline import plain_loop
from realtime.graph import Build
from realtime.graph_run import run_plan
from realtime.machine import load, machine
from realtime.pipeline import plan_pipeline
from realtime.settings import Settings
from realtime.source import SourceSpec
from realtime.summary import Summary


class Throughput(TypedDict):
    """Medians over the runs; shares are of the run's time, 1 being one core kept busy."""

    clip: str
    frames: int
    runs: int
    frames_per_s: float
    frames_per_s_runs: list[float]
    frames_per_s_without_video: float
    stages: dict[str, float]
    baseline_frames_per_s: float
    baseline_runs: list[float]
    ratio: float
    machine: str
    load_before: float


def throughput(clip: Path, runs: int, settings: Settings, tell: Callable[[str], None]) -> Throughput:
    """Replay a clip and run the plain loop over it, turn by turn.

    Args:
        clip: the video.
        runs: of each.
        settings: of every stage.
        tell: told of each run in one line.

    Returns:
        `frames_per_s` with events, record and annotated video written; `frames_per_s_without_video` without the video.
    """
    before = load()
    whole: list[Summary] = []
    lean: list[Summary] = []
    plain: list[float] = []
    with tempfile.TemporaryDirectory(prefix="glimpse-bench-") as folder:
        for number in range(1, runs + 1):
            whole.append(_replay(clip, Path(folder), settings, video=True))
            lean.append(_replay(clip, Path(folder), settings, video=False))
            plain.append(plain_loop(clip, Path(folder) / "plain.mp4"))
            tell(
                f"run {number}: {whole[-1].frames_per_s:.0f} frames/s, without the annotated video "
                f"{lean[-1].frames_per_s:.0f}, plain loop {plain[-1]:.0f}"
            )
    stages = [stage.name for stage in whole[0].stages]
    shares = {
        name: statistics.median(stage.share for run in whole for stage in run.stages if stage.name == name)
        for name in stages
    }
    ours, peer = statistics.median(run.frames_per_s for run in whole), statistics.median(plain)
    return Throughput(
        clip=whole[0].says,
        frames=whole[0].frames,
        runs=runs,
        frames_per_s=ours,
        frames_per_s_runs=[run.frames_per_s for run in whole],
        frames_per_s_without_video=statistics.median(run.frames_per_s for run in lean),
        stages=shares,
        baseline_frames_per_s=peer,
        baseline_runs=plain,
        ratio=ours / peer,
        machine=machine(),
        load_before=before,
    )


def _replay(clip: Path, folder: Path, settings: Settings, video: bool) -> Summary:
    source = SourceSpec(str(clip))
    sinks = {"publish": Build("realtime.publish:Publisher", (folder / "events.jsonl", folder / "record"))}
    if video:
        sinks["annotate"] = Build("realtime.annotate:AnnotatedVideo", (source, folder / "annotated.mp4"))
    return run_plan(plan_pipeline(source, settings, sinks))
