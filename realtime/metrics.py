"""The states of all runs as Prometheus metrics, made anew for each scrape."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version

import psutil
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from realtime.durations import BOUNDS_S, Durations
from realtime.health import SERVING, frame_age_s, judge
from realtime.run_state import RunState, StageState

_OF_STAGE = ("source", "stage")
_STAGE_COUNTERS: tuple[tuple[str, str, Callable[[StageState], float]], ...] = (
    ("messages", "Messages a stage has handled; of capture, frames.", lambda stage: stage.beat.report.handled),
    ("frames_lost", "Frames that never reached a stage from the one before it.", lambda stage: stage.beat.missed),
    ("frames_shed", "Frames passed on without a look, to keep up.", lambda stage: stage.beat.shed),
    ("messages_refused", "Pieces on a stage's socket that were no message.", lambda stage: stage.beat.refused),
    ("restarts", "How often a stage was started again.", lambda stage: stage.restarts),
    ("busy_seconds", "Time inside a stage.", lambda stage: stage.beat.report.busy_ns * 1e-9),
    ("waited_seconds", "Time a stage waited for room further on.", lambda stage: stage.beat.waited_ns * 1e-9),
)
_RUN_COUNTERS = (
    ("expressions", "Expressions found.", "ExpressionRecognised"),
    ("faces_found", "Faces that came.", "FaceFound"),
    ("faces_lost", "Faces that went.", "FaceLost"),
    ("window_resets", "Times the spotter threw its window away.", "WindowReset"),
)


def registry_of(states: Callable[[], Sequence[RunState]]) -> CollectorRegistry:
    """A registry that asks `states` at each scrape."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_RunCollector(states))
    return registry


class _RunCollector(Collector):
    def __init__(self, states: Callable[[], Sequence[RunState]]) -> None:
        self._states = states

    def collect(self) -> Iterator[Metric]:
        """Everything that is known, as of now."""
        states = self._states()
        now_ns = time.monotonic_ns()
        yield _gauge("info", "Version and the network that judges.", ("source", "version", "network"), [
            ((state.source, version("glimpse"), state.network), 1.0) for state in states
        ])  # fmt: skip
        yield _gauge("up", "1 while expressions are being looked for.", ("source",), [
            ((state.source,), float(judge(state, now_ns)[0] in SERVING)) for state in states
        ])  # fmt: skip
        yield _gauge("frames_per_second", "Captured, over the last five seconds.", ("source",), [
            ((state.source,), state.frames_per_s) for state in states
        ])  # fmt: skip
        yield _counter("reconnects", "How often a source was opened anew.", ("source",), [
            ((state.source,), float(state.epoch)) for state in states
        ])  # fmt: skip
        for name, says, kind in _RUN_COUNTERS:
            counted = [((state.source,), float(state.counts.get(kind, 0))) for state in states]
            yield _counter(name, says, ("source",), counted)
        yield from _of_stages(states, now_ns)
        yield _histogram("event_latency_seconds", "Offset frame grabbed to verdict.", ("source",), [
            ((state.source,), state.latencies) for state in states
        ])  # fmt: skip


def _of_stages(states: Sequence[RunState], now_ns: int) -> Iterator[Metric]:
    each = [((state.source, name), stage) for state in states for name, stage in state.stages.items()]
    for name, says, value in _STAGE_COUNTERS:
        yield _counter(name, says, _OF_STAGE, [(labels, float(value(stage))) for labels, stage in each])
    ages = [(labels, frame_age_s(stage.beat.newest_ns, now_ns)) for labels, stage in each]
    known = [(labels, age_s) for labels, age_s in ages if age_s is not None]
    yield _gauge("frame_age_seconds", "Since the grab of the newest frame a stage has done with.", _OF_STAGE, known)
    one_in = [(labels, float(stage.one_in)) for labels, stage in each]
    yield _gauge("looks_at_one_frame_in", "1 where a stage looks at every frame.", _OF_STAGE, one_in)
    memory = [(labels, held) for labels, stage in each if (held := _resident(stage.pid)) is not None]
    yield _gauge("resident_memory_bytes", "Of a stage's process, shared memory included.", _OF_STAGE, memory)
    took = [(labels, stage.beat.took) for labels, stage in each if sum(stage.beat.took.counts)]
    yield _histogram("stage_seconds", "Time inside a stage, for one message.", _OF_STAGE, took)
    done = [(labels, stage.beat.ages) for labels, stage in each]
    yield _histogram("frame_latency_seconds", "Frame grabbed to a stage having done with it.", _OF_STAGE, done)


def _gauge(name: str, says: str, labels: Sequence[str], values: Sequence[tuple[tuple[str, ...], float]]) -> Metric:
    family = GaugeMetricFamily(f"glimpse_{name}", says, labels=labels)
    for of, value in values:
        family.add_metric(of, value)
    return family


def _counter(name: str, says: str, labels: Sequence[str], values: Sequence[tuple[tuple[str, ...], float]]) -> Metric:
    family = CounterMetricFamily(f"glimpse_{name}", says, labels=labels)
    for of, value in values:
        family.add_metric(of, value)
    return family


def _histogram(
    name: str, says: str, labels: Sequence[str], values: Sequence[tuple[tuple[str, ...], Durations]]
) -> Metric:
    family = HistogramMetricFamily(f"glimpse_{name}", says, labels=labels)
    for of, durations in values:
        below, buckets = 0, []
        for bound, count in zip((*map(str, BOUNDS_S), "+Inf"), durations.counts, strict=True):
            below += count
            buckets.append((bound, float(below)))
        family.add_metric(of, buckets, durations.total_ns * 1e-9)
    return family


def _resident(pid: int | None) -> float | None:
    try:
        return float(psutil.Process(pid).memory_info().rss) if pid is not None else None
    except psutil.Error:
        return None
