"""The stages of the pipeline and the edges between them, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from importlib import import_module
from itertools import pairwise
from operator import attrgetter
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal


class Policy(Enum):
    """What an edge does with messages that come faster than they are taken."""

    LATEST = "LATEST"  # live: drops the oldest frames and counts them
    LOSSLESS = "LOSSLESS"  # files: the sender waits


@dataclass(frozen=True)
class Build:
    """How a child process makes an object: an import path and what to call it with. Crosses processes instead of it."""

    path: str  # "package.module:name"
    arguments: tuple[Any, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self, **more: Any) -> Any:
        """Import and call, with more options than its own."""
        module, _, name = self.path.partition(":")
        return attrgetter(name)(import_module(module))(*self.arguments, **self.options, **more)


@dataclass(frozen=True)
class Stage:
    """One worker process.

    Attributes:
        name: short, unique.
        says: for a person, what it does.
        method: of the built object; takes a Parcel (and `crops` when there is a `history`), returns Parcels or None.
        reads: message type -> ring from which the pixels of such a message are fetched.
        writes: message type -> ring into which the pixels of such a message go.
        history: ring of which earlier frames are given to the method as `crops(sequence)`.
        uncopied: rings whose frames the stage sees in place where nothing can overwrite them; it must not keep them.
        sink: nothing flows on from it.
        restart: what becomes of it in a live run when it fails. "fresh": it is made anew, and forgets what it knew;
            "resume": it is made with `resume=True`, and goes on with its files or its source; "never": the run fails.
        sheds: type of the messages that it may pass on without a look when the machine does not keep up.
        build: how to make the stage object; None in a graph that is only printed.
        trace: file into which it writes when it took and finished each message; see `realtime.stage_trace`.
    """

    name: str
    says: str
    method: str
    reads: Mapping[str, str] = field(default_factory=dict)
    writes: Mapping[str, str] = field(default_factory=dict)
    history: str | None = None
    uncopied: frozenset[str] = frozenset()
    sink: bool = False
    restart: Literal["fresh", "resume", "never"] = "fresh"
    sheds: str = ""
    build: Build | None = None
    trace: Path | None = None

    @property
    def rings_read(self) -> frozenset[str]:
        """Names of the rings this stage holds back while it needs their frames."""
        return frozenset({*self.reads.values(), *({self.history} if self.history else ())})


@dataclass(frozen=True)
class Edge:
    """Messages from one stage to the next, in order.

    Attributes:
        keep: frames that may wait on a LATEST edge; older ones are dropped.
        carries: names of the message types it carries; empty for all.
    """

    sender: str
    receiver: str
    policy: Policy
    keep: int = 8
    carries: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Graph:
    """Stages in the order of the flow, the edges between them, and what lies in each ring."""

    stages: tuple[Stage, ...]
    edges: tuple[Edge, ...]
    rings: Mapping[str, str]

    @property
    def last(self) -> Stage:
        """The stage on which the sinks hang."""
        return next(stage for stage in reversed(self.stages) if not stage.sink)

    def into(self, stage: str) -> Edge | None:
        """The edge that ends at a stage."""
        return next((edge for edge in self.edges if edge.receiver == stage), None)

    def out_of(self, stage: str) -> tuple[Edge, ...]:
        """The edges that begin at a stage."""
        return tuple(edge for edge in self.edges if edge.sender == stage)

    def readers_of(self, ring: str) -> tuple[str, ...]:
        """Stages that read a ring."""
        return tuple(stage.name for stage in self.stages if ring in stage.rings_read)


RINGS: Mapping[str, str] = MappingProxyType(
    {
        "frames": "RGB frames of the source",
        "faces": "aligned grey faces, 256x256, some ten seconds",
        "evidence": "onset, apex, mesh, flow and cloud of each verdict, found by event number",
    }
)
CAPTURE = Stage("capture", "grab and stamp", "frames", writes={"FrameCaptured": "frames"}, restart="resume")
TRACK = Stage(
    "track",
    "face mesh, head pose, steady crop",
    "track",
    reads={"FrameCaptured": "frames"},
    writes={"FaceTracked": "faces"},
    uncopied=frozenset({"frames"}),
)
SPOT = Stage("spot", "onset, apex, offset", "push", reads={"FaceTracked": "faces"}, sheds="FaceTracked")
RECOGNISE = Stage(
    "recognise", "class and action units", "recognise", writes={"ExpressionRecognised": "evidence"}, history="faces"
)
SINKS: Mapping[str, Stage] = MappingProxyType(
    {
        "publish": Stage(
            "publish",
            "events file and report",
            "take",
            reads={"ExpressionRecognised": "evidence"},
            sink=True,
            restart="resume",
        ),
        "annotate": Stage("annotate", "annotated video", "take", sink=True, restart="never"),
        "record": Stage(
            "record",
            "the camera's video, when asked for",
            "take",
            reads={"FrameCaptured": "frames", "FaceTracked": "frames"},
            sink=True,
            restart="resume",
        ),
        "landmarks": Stage("landmarks", "the face's mesh, when asked for", "take", sink=True, restart="resume"),
        "view": Stage(
            "view",
            "window on the screen",
            "take",
            reads={"FrameCaptured": "frames", "FaceTracked": "frames"},
            sink=True,
        ),
        "page": Stage(
            "page",
            "live page in the browser",
            "take",
            reads={"FrameCaptured": "frames", "FaceTracked": "frames", "ExpressionRecognised": "evidence"},
            sink=True,
        ),
    }
)
"""Sinks hang on the last edge. Each has `take(parcel)` and `close()`."""
_CHAIN = (CAPTURE, TRACK, SPOT, RECOGNISE)
_FRAMES_WAITING = {
    "track": 1,
    "spot": 8,
    "recognise": 64,
    "publish": 512,
    "annotate": 64,
    "record": 64,
    "landmarks": 64,
    "view": 4,
    "page": 2,
}


def pipeline_graph(live: bool, sinks: tuple[str, ...] = ("publish", "annotate")) -> Graph:
    """The graph of one source.

    Args:
        live: frames may be dropped to stay current; else nothing is lost.
        sinks: names in `SINKS`.

    Raises:
        ValueError: an unknown sink.
    """
    unknown = set(sinks) - set(SINKS)
    if unknown:
        raise ValueError(f"no such sink: {', '.join(sorted(unknown))}; there are {', '.join(SINKS)}")
    policy = Policy.LATEST if live else Policy.LOSSLESS
    hops = [(before.name, after.name) for before, after in pairwise(_CHAIN)]
    hops += [(_CHAIN[-1].name, sink) for sink in sinks]
    edges = tuple(Edge(sender, receiver, policy, _FRAMES_WAITING[receiver]) for sender, receiver in hops)
    return Graph((*_CHAIN, *(SINKS[sink] for sink in sinks)), edges, RINGS)


def describe() -> str:
    """Stages, edges with their policies, and rings, as text for a person."""
    sinks = tuple(SINKS)
    live, recorded = pipeline_graph(True, sinks), pipeline_graph(False, sinks)
    lines = ["stages, one process each"]
    for stage in live.stages:
        touches = []
        if stage.rings_read:
            touches.append(f"reads {', '.join(sorted(stage.rings_read))}")
        if stage.writes:
            touches.append(f"writes {', '.join(stage.writes.values())}")
        lines.append(f"  {stage.name:<10} {stage.says:<34} {'; '.join(touches)}".rstrip())
    lines += ["", f"edges{'':<23} {'live':<34} files"]
    for now, later in zip(live.edges, recorded.edges, strict=True):
        keeps = f"{now.policy.value}, {now.keep} frame{'s' * (now.keep > 1)} may wait"
        lines.append(f"  {now.sender:<10} -> {now.receiver:<11} {keeps:<34} {later.policy.value}")
    lines += ["", "rings in shared memory"]
    lines += [f"  {name:<10} {holds}" for name, holds in RINGS.items()]
    return "\n".join(lines)
