"""How old things are when they are known: a recorded clip served at its own pace, as by a camera."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil

from realtime.graph import Build
from realtime.graph_run import run_plan
from realtime.machine import load, machine
from realtime.messages import ExpressionRecognised, Message
from realtime.pipeline import plan_pipeline
from realtime.settings import Settings
from realtime.source import SourceSpec
from realtime.stage_trace import Handled, read_trace
from realtime.summary import Summary

_SETTLED_S = 2.0  # the first frames wait for caches and clock rates; a camera is watched for hours
STEPS = ("track", "spot", "recognise", "publish")


@dataclass(frozen=True)
class Step:
    """One stage's part in an event's way, ms after the offset frame was grabbed."""

    stage: str
    taken_ms: float
    done_ms: float


@dataclass(frozen=True)
class EventTrace:
    """The way of one event from its offset to the file.

    Attributes:
        event: the verdict.
        decided_ms: from the grab of the offset frame to the grab of the frame at which the spotter was sure.
        steps: of that deciding frame.
    """

    event: ExpressionRecognised
    decided_ms: float
    steps: tuple[Step, ...]

    @property
    def published_ms(self) -> float:
        """From the grab of the offset frame until the line was written."""
        return self.steps[-1].done_ms


@dataclass
class Latency:
    """All that was measured. Times in ms; the first two seconds of each round are left out of the frames'."""

    rounds: int
    frames: int = 0
    dropped: int = 0
    grab_to_tracked: list[float] = field(default_factory=list)
    grab_to_spotted: list[float] = field(default_factory=list)
    in_stage: dict[str, list[float]] = field(default_factory=dict)
    events: list[EventTrace] = field(default_factory=list)
    cpu_share: float = 0.0
    load_before: float = 0.0
    machine: str = ""

    def figures(self) -> dict[str, object]:
        """What goes into the JSON file."""
        return {
            "grab_to_spotted_ms": quantiles(self.grab_to_spotted),
            "grab_to_tracked_ms": quantiles(self.grab_to_tracked),
            "offset_to_event_ms": quantiles([trace.published_ms for trace in self.events]),
            "spotted_to_event_ms": quantiles([trace.published_ms - trace.decided_ms for trace in self.events]),
            "cpu_share": self.cpu_share,
            "in_stage_ms": {stage: quantiles(times) for stage, times in self.in_stage.items()},
            "frames": self.frames,
            "frames_dropped": self.dropped,
            "events": len(self.events),
            "rounds": self.rounds,
            "machine": self.machine,
            "load_before": self.load_before,
        }


def quantiles(times_ms: Sequence[float]) -> dict[str, float | None]:
    """Median and 99th percentile; None where nothing was measured."""
    if not times_ms:
        return {"p50": None, "p99": None}
    middle, high = np.percentile(times_ms, (50, 99))
    return {"p50": round(float(middle), 3), "p99": round(float(high), 3)}


class CpuMeter:
    """CPU time of this process and all its children, from some seconds after the first look to the last.

    Looking costs some ms, so it is done at most once a second.
    """

    def __init__(self, settled_s: float) -> None:
        self._settled_s = settled_s
        self._first_look: float | None = None
        self._samples: list[tuple[float, float]] = []

    def look(self) -> None:
        """Take a sample where one is due."""
        now = time.monotonic()
        self._first_look = now if self._first_look is None else self._first_look
        last = self._samples[-1][0] if self._samples else self._first_look + self._settled_s - 1
        if now - last >= 1:
            self._samples.append((now, _cpu_time_s()))

    def spent(self) -> tuple[float, float]:
        """Seconds of CPU and of the clock between the first sample and the last."""
        if len(self._samples) < 2:
            return 0.0, 0.0
        (began, before), *_, (ended, after) = self._samples
        return after - before, ended - began


def latency(clip: Path, rounds: int, settings: Settings, tell: Callable[[str], None]) -> Latency:
    """Serve a clip as a camera would, and trace each stage.

    Args:
        clip: the video; it should hold events.
        rounds: how often it is served, each time by a new run.
        settings: of every stage.
        tell: told of each round in one line.
    """
    result = Latency(rounds, machine=machine(), load_before=load())
    cpu_s = wall_s = 0.0
    for number in range(1, rounds + 1):
        meter = CpuMeter(_SETTLED_S)
        with tempfile.TemporaryDirectory(prefix="glimpse-bench-") as folder:
            summary, verdicts = _serve(clip, Path(folder), settings, meter)
            _read_round(result, Path(folder), verdicts)
        result.frames += summary.frames
        result.dropped += summary.dropped
        spent, passed = meter.spent()
        cpu_s, wall_s = cpu_s + spent, wall_s + passed
        tell(f"round {number}: {summary.line()}, {len(verdicts)} events")
    result.cpu_share = cpu_s / wall_s if wall_s else 0.0
    return result


def _serve(
    clip: Path, folder: Path, settings: Settings, meter: CpuMeter
) -> tuple[Summary, dict[int, ExpressionRecognised]]:
    """One run; the verdicts by the sequence of the frame at which each was reached."""
    verdicts: dict[int, ExpressionRecognised] = {}

    def hear(message: Message) -> None:
        meter.look()
        if isinstance(message, ExpressionRecognised):
            verdicts[message.sequence] = message

    sinks = {"publish": Build("realtime.publish:Publisher", (folder / "events.jsonl", folder / "record"))}
    summary = run_plan(
        plan_pipeline(SourceSpec(str(clip), realtime=True), settings, sinks, on_message=hear, trace=folder)
    )
    return summary, verdicts


def _read_round(result: Latency, folder: Path, verdicts: dict[int, ExpressionRecognised]) -> None:
    tracked = [one for one in read_trace(folder / "track.csv") if one.kind == "FrameCaptured"]
    spotted = [one for one in read_trace(folder / "spot.csv") if one.kind == "FaceTracked"]
    first_ns = tracked[0].grabbed_ns if tracked else 0
    for stage, handled, ages in (
        ("track", tracked, result.grab_to_tracked),
        ("spot", spotted, result.grab_to_spotted),
    ):
        settled = [one for one in handled if (one.grabbed_ns - first_ns) * 1e-9 > _SETTLED_S]
        ages += [_ms(one.done_ns - one.grabbed_ns) for one in settled]
        result.in_stage.setdefault(stage, []).extend(_ms(one.done_ns - one.taken_ns) for one in settled)
    by_stage = {
        "track": tracked,
        "spot": spotted,
        "recognise": [one for one in read_trace(folder / "recognise.csv") if one.kind == "ExpressionSpotted"],
        "publish": [one for one in read_trace(folder / "publish.csv") if one.kind == "ExpressionRecognised"],
    }
    for sequence, verdict in sorted(verdicts.items()):
        ways = {
            stage: next((one for one in all_ if one.sequence == sequence), None) for stage, all_ in by_stage.items()
        }
        if all(ways.values()):
            result.events.append(_event_trace(verdict, {stage: one for stage, one in ways.items() if one}))
    result.in_stage.setdefault("recognise", []).extend(_ms(one.done_ns - one.taken_ns) for one in by_stage["recognise"])


def _event_trace(verdict: ExpressionRecognised, ways: dict[str, Handled]) -> EventTrace:
    # The verdict's own latency runs from the grab of the offset frame until the recogniser was done.
    offset_ns = ways["recognise"].done_ns - verdict.latency_ms * 1e6
    steps = tuple(
        Step(stage, _ms(ways[stage].taken_ns - offset_ns), _ms(ways[stage].done_ns - offset_ns)) for stage in STEPS
    )
    return EventTrace(verdict, _ms(ways["track"].grabbed_ns - offset_ns), steps)


def _ms(ns: float) -> float:
    return ns * 1e-6


def _cpu_time_s() -> float:
    """User and system time so far of this process and its living children."""
    total = 0.0
    for process in (me := psutil.Process(), *me.children(recursive=True)):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total
