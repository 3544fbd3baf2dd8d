"""The pipeline of one source: real stages and sinks in the graph, run under a supervisor."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import DTypeLike

from realtime.control import Opened
from realtime.graph import Build, Graph, Policy, pipeline_graph
from realtime.graph_run import Plan
from realtime.inlet import ahead_of_history
from realtime.messages import Message
from realtime.outcome import Limits
from realtime.person import person_of
from realtime.restarts import RestartPolicy
from realtime.ring import RingSpec
from realtime.run_state import RunState
from realtime.settings import Settings, TransportSettings
from realtime.source import SourceSpec
from realtime.stage_trace import traced_graph
from realtime.wishes import Wishes

if TYPE_CHECKING:
    from realtime.recognise import Recogniser

_EVIDENCE_SLOTS = 16
_LIVE_FPS = 30.0  # a camera may deliver more than it admits
_MOST_FPS = 400.0  # some containers declare their time base as their rate
RingMaker = Callable[[Opened], dict[str, RingSpec]]


def plan_pipeline(
    source: SourceSpec,
    settings: Settings,
    sinks: Mapping[str, Build],
    *,
    name: str = "",
    on_message: Callable[[Message], None] = lambda message: None,
    stopping: Callable[[], bool] = lambda: False,
    trace: Path | None = None,
    wishes: Wishes | None = None,
    on_state: Callable[[RunState], None] | None = None,
) -> Plan:
    """How one source is run through capture, track, spot, recognise and the sinks, each in a process of its own.

    Alone by `realtime.graph_run.run_plan`, beside others by `run_plans`.

    Args:
        source: what to open. In the run of a camera or a stream, stages that fail are started again.
        settings: of every stage.
        sinks: how to make each sink, by its name in `realtime.graph.SINKS`; it has `take(parcel)` and `close()`.
        name: of the source in messages and events; by default the file's name, or the spec without passwords.
        on_message: told in this process of faces found and lost, motions, resets, verdicts, restarts, sources lost and
            found, load shed, and the end. Motions may be skipped when it is slow, the others are not.
        stopping: asked some fifty times a second whether the run shall end.
        trace: existing folder into which every stage writes when it took and finished each message, for benchmarks.
        wishes: of viewers; the spotter obeys those that concern it.
        on_state: told some four times a second how the run stands, and at its end.
    """
    from realtime.evidence import EVIDENCE

    graph = pipeline_graph(source.live, tuple(sinks))
    graph = with_builds(graph, {**stage_builds(source, settings, wishes), **sinks})
    if trace is not None:
        graph = traced_graph(graph, trace)
    transport = settings.transport
    return Plan(
        graph,
        name or _name_of(source),
        lambda opened: pipeline_rings(graph, opened, transport, EVIDENCE),
        Limits(transport.start_timeout_s, transport.hang_timeout_s),
        on_message,
        stopping,
        # A recording can be run again; a result that looks whole and has a hole would be worse than none.
        RestartPolicy(transport.restarts_per_minute) if source.is_camera or source.is_url else None,
        on_state,
    )


def stage_builds(source: SourceSpec, settings: Settings, wishes: Wishes | None = None) -> dict[str, Build]:
    """How a child makes each stage before the sinks."""
    person = person_of(settings.spot)
    spot = Build("realtime.spot:Spotter", (settings.spot, person))
    if wishes is not None:
        spot = Build("realtime.attended_spotter:AttendedSpotter", (settings.spot, wishes, person))
    return {
        "capture": Build("realtime.source:SourceSpec.hold", (source,)),
        "track": Build("realtime.track:FaceTracker", (settings.track,)),
        "spot": spot,
        "recognise": Build("realtime.pipeline:build_recogniser", (settings,)),
    }


def build_recogniser(settings: Settings) -> Recogniser:
    """The recogniser with its network loaded; called in the worker."""
    from engine.pick import load
    from realtime.chosen_network import place_of, units_network
    from realtime.recognise import Recogniser

    chosen = settings.recognise
    name, folder = place_of(chosen.model)
    classifier = load(name, chosen.backend, folder)
    return Recogniser(chosen, classifier, units=units_network(classifier, chosen.aus))


def with_builds(graph: Graph, builds: Mapping[str, Build]) -> Graph:
    """The graph with each stage knowing how it is made."""
    return replace(graph, stages=tuple(replace(stage, build=builds[stage.name]) for stage in graph.stages))


def pipeline_rings(
    graph: Graph, opened: Opened, transport: TransportSettings, evidence: DTypeLike
) -> dict[str, RingSpec]:
    """Rings for what a source delivers: some frames, about ten seconds of faces, the last verdicts' evidence."""
    from realtime.crop import CROP_SIZE

    into = graph.into(graph.stages[1].name)
    lossless = into is not None and into.policy is Policy.LOSSLESS
    fps = min(opened.fps if lossless else max(opened.fps, _LIVE_FPS), _MOST_FPS)
    faces = math.ceil(transport.faces_seconds * fps)
    shapes: dict[str, tuple[int, tuple[int, ...], DTypeLike, str]] = {
        "frames": (transport.frames_slots, (opened.height, opened.width, 3), np.uint8, "sequence"),
        "faces": (faces + ahead_of_history(faces), (CROP_SIZE, CROP_SIZE), np.uint8, "sequence"),
        "evidence": (_EVIDENCE_SLOTS, (), evidence, "event"),
    }
    return {
        name: RingSpec.of(name, slots, shape, dtype, graph.readers_of(name), lossless, key)
        for name, (slots, shape, dtype, key) in shapes.items()
    }


def _name_of(source: SourceSpec) -> str:
    return source.label if source.is_url or source.is_camera else Path(source.spec).name
