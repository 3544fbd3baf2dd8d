"""States of a run, made by hand."""

from __future__ import annotations

from dataclasses import replace

from realtime.control import Beat
from realtime.durations import DurationCounts, Durations
from realtime.messages import WorkerReport
from realtime.run_state import RunState, StageState

NOW_NS = 1_000_000_000_000
PASSWORD = "hunter2"
NAME = "rtsp://***@10.0.0.2/s"


def counted(*seconds: float) -> Durations:
    counts = DurationCounts()
    for one in seconds:
        counts.note(round(one * 1e9))
    return counts.so_far()


def stage(name: str, *, age_s: float = 0.03, phase: str = "RUNNING", sink: bool = False, **beat: object) -> StageState:
    report = WorkerReport(worker=name, phase="RUNNING", handled=300, dropped=0, busy_ns=2_000_000_000)
    newest_ns = 0 if sink else NOW_NS - round(age_s * 1e9)
    books = Beat(report=report, newest_ns=newest_ns, took=counted(0.004, 0.004, 0.02), **beat)
    return StageState(books, phase, 0, None, sink)


def state(**changes: object) -> RunState:
    """One that is well."""
    stages = {
        "capture": stage("capture", age_s=0.02),
        "track": stage("track", missed=4),
        "spot": stage("spot", shed=2),
        "recognise": stage("recognise", uses="cloud 0123 (onnxruntime, cpu, float32)"),
        "publish": stage("publish", sink=True),
    }
    healthy = RunState(
        NAME, "RUNNING", "640x480, 30 frames/s", NOW_NS, stages, 1, "", 29.9, {"ExpressionRecognised": 3}, counted(0.2)
    )
    return replace(healthy, **changes)


def with_stage(name: str, changed: StageState) -> RunState:
    healthy = state()
    return replace(healthy, stages={**healthy.stages, name: changed})
