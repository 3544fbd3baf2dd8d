"""The body of a child process: one stage between its edges."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from types import FrameType
from typing import Any

import zmq

from realtime.capture import Capture
from realtime.control import Opened, Ready
from realtime.edges import Inbox, Outbox
from realtime.graph import Edge, Graph, Policy, Stage
from realtime.handling import handle
from realtime.handover import all_taken, note_taken
from realtime.inlet import Inlet
from realtime.lifeline import Lifeline
from realtime.logbook import Logbook
from realtime.messages import StageRestarted
from realtime.outlet import Outlet
from realtime.parcel import Parcel
from realtime.ring import Ring
from realtime.shedding_stage import SheddingStage
from realtime.stage_trace import traced

_LOOK_TAKEN_S = 0.005
_UNENDED_S = 0.1  # for the last messages of a stream that was cut off
_HURRY_S = 0.5  # for the last messages where some receiver is dead, and others are not


@dataclass(frozen=True)
class Past:
    """What a child must know of those before it at its post.

    Attributes:
        restarts: how often the stage was started again.
        why: the last time.
        resumes: the run had begun.
    """

    restarts: int = 0
    why: str = ""
    resumes: bool = False


@dataclass(frozen=True)
class WorkerSpec:
    """All that a child needs; pickled once, at its start, by its parent.

    Attributes:
        stage: with its `build`.
        inbound: None for the worker of the source.
        outbound: edges that begin here.
        folder: of the run; rings and sockets lie there.
        source: name of the source, for messages that begin here.
        hang_s: longest call into the stage, seconds.
        close_s: longest closing of the stage, and longest wait until the last messages are taken, seconds.
        past: of the stage in this run.
    """

    stage: Stage
    inbound: Edge | None
    outbound: tuple[Edge, ...]
    folder: Path
    source: str
    hang_s: float
    close_s: float
    past: Past = Past()

    @classmethod
    def of(
        cls,
        graph: Graph,
        stage: Stage,
        folder: Path,
        source: str,
        hang_s: float,
        close_s: float,
        past: Past = Past(),
    ) -> WorkerSpec:
        """The part of a graph that concerns one stage."""
        return cls(stage, graph.into(stage.name), graph.out_of(stage.name), folder, source, hang_s, close_s, past)


def run_worker(spec: WorkerSpec, control: Connection) -> None:
    """Live and die as one worker: the target of the child process."""
    line = Lifeline(spec.stage.name, control, spec.folder, spec.hang_s, spec.close_s)
    _hear_signals(line)
    try:
        line.enter("STARTING")
        made = _make(spec)
        try:
            _warm(spec, made, line)
            rings = line.wait_for_rings()
            if rings is not None:
                _work(spec, made, line, {name: Ring(spec.folder, ring) for name, ring in rings.items()})
        except BaseException as error:
            line.fail(error)  # at once: closing may take long
            raise
        finally:
            _close(made, line)
        line.enter("STOPPED")
    except BaseException as error:
        line.fail(error)
        sys.exit(1)


def _hear_signals(line: Lifeline) -> None:
    """Ctrl-C reaches every process of a terminal, and is the supervisor's to answer; SIGTERM is meant for us."""

    def terminate(_number: int, _frame: FrameType | None) -> None:
        if line.stopping:
            sys.exit(1)
        line.stop()

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, terminate)


def _make(spec: WorkerSpec) -> Any:
    assert spec.stage.build is not None
    if spec.past.resumes and spec.stage.restart == "resume":
        return spec.stage.build(resume=True)
    return spec.stage.build()


def _warm(spec: WorkerSpec, made: Any, line: Lifeline) -> None:
    if spec.inbound is None:
        line.say(Opened(made.width, made.height, made.fps, made.says))
    elif hasattr(made, "warm"):
        made.warm()
    line.books.uses = str(getattr(made, "uses", ""))
    line.say(Ready())


def _work(spec: WorkerSpec, made: Any, line: Lifeline, rings: Mapping[str, Ring]) -> None:
    context = zmq.Context()
    inbox = Inbox(context, spec.folder, spec.inbound) if spec.inbound else None
    outboxes = [Outbox(context, spec.folder, edge) for edge in spec.outbound]
    log = Logbook(spec.folder, spec.stage.name)
    outlet = Outlet(spec.stage.writes, rings, outboxes, line, log)
    try:
        line.enter("RUNNING")
        _resume(spec, made, log, outlet)
        if inbox is None:
            Capture(made, spec.source, line, outlet, log).run()
        else:
            inlet = Inlet(spec.stage, inbox, rings, line.books, log)
            sheds = spec.stage.sheds if inbox.edge.policy is Policy.LATEST else ""
            method = traced(_method(spec.stage, made, inlet), spec.stage.trace)
            try:
                handle(SheddingStage(spec.stage.name, method, sheds, line.books), inlet, outlet, line)
            finally:
                inlet.leave()
    except BaseException as error:
        line.fail(error)  # at once: nobody takes the end of a stream that has none
        raise
    finally:
        if inbox is not None:
            inbox.close()
            note_taken(spec.folder, spec.stage.name)
        line.enter("STOPPING")
        _wait_until_taken(spec, line)
        for outbox in outboxes:
            outbox.close()
        context.term()


def _wait_until_taken(spec: WorkerSpec, line: Lifeline) -> None:
    """Keep the sockets open until the receivers have taken what was sent."""
    # Without an end of the stream the receivers go on waiting until they are stopped themselves.
    deadline = time.monotonic() + (spec.close_s if line.books.ended_ns else _UNENDED_S)
    while not all_taken(spec.folder, spec.outbound) and time.monotonic() < deadline:
        time.sleep(_LOOK_TAKEN_S)
        if line.hurried or line.orphaned or line.failed:
            deadline = min(deadline, time.monotonic() + _HURRY_S)


def _method(stage: Stage, made: Any, inlet: Inlet) -> Callable[[Parcel], list[Parcel] | None]:
    method: Callable[..., list[Parcel] | None] = getattr(made, stage.method)
    if stage.history is None:
        return method
    return lambda parcel: method(parcel, inlet.look_back)


def _resume(spec: WorkerSpec, made: Any, log: Logbook, outlet: Outlet) -> None:
    """Go on after a restart: say so to the stages further on, and number expressions from where they were."""
    if not spec.past.resumes:
        return
    if log["events"] > 0 and hasattr(made, "count_from"):
        made.count_from(log["events"])
    if spec.outbound:
        now_ns = time.monotonic_ns()
        said = StageRestarted(
            source=spec.source,
            sequence=max(0, log["sequence"]),
            captured_ns=now_ns,
            grabbed_ns=now_ns,
            epoch=max(0, log["epoch"]),
            stage=spec.stage.name,
            reason=spec.past.why,
            restarts=spec.past.restarts,
        )
        outlet.put(Parcel(said))


def _close(made: Any, line: Lifeline) -> None:
    """Finish files, release devices. What is found so far must reach the disk even where the stage has failed."""
    line.enter("STOPPING")
    line.go_in()
    if hasattr(made, "close"):
        made.close()
    line.come_out()
