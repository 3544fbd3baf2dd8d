"""Runs of graphs under one roof: several sources side by side, each with its own workers and shared memory."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import wait

import zmq

from realtime.control import Opened
from realtime.edges import Inbox
from realtime.graph import Edge, Graph, Policy
from realtime.handover import note_taken
from realtime.messages import EndOfStream, Message, StageRestarted
from realtime.outcome import Limits, WorkerFailed
from realtime.post import Restarted
from realtime.restarts import RestartPolicy
from realtime.ring import RingSpec
from realtime.run_state import RunState, RunWatch
from realtime.session import Session, sweep_leftovers
from realtime.stop_signals import StopSignals
from realtime.summary import Summary, summarise
from realtime.supervisor import Supervisor

_LOOK_S = 0.02
_SHOW_S = 0.25
_LISTENER = "listener"
_HEARD = frozenset(
    {
        "SourceOpened",
        "SourceLost",
        "LoadShed",
        "FramesDropped",
        "FaceFound",
        "FaceLost",
        "MotionMeasured",
        "NotNeutral",
        "WindowReset",
        "ExpressionOpened",
        "ExpressionRecognised",
        "EndOfStream",
    }
)


@dataclass(frozen=True)
class Plan:
    """One source's run.

    Attributes:
        graph: whose stages have their `build`.
        name: of the source, for messages.
        rings: what rings are wanted, once it is known what the source delivers.
        limits: how long things may take.
        on_message: told in this process of what was heard.
        stopping: asked some fifty times a second whether the run shall end.
        restarts: how often a stage may be started again; None for a run that shall fail rather than have a hole.
        on_state: told some four times a second how the run stands, and at its end.
    """

    graph: Graph
    name: str
    rings: Callable[[Opened], dict[str, RingSpec]]
    limits: Limits
    on_message: Callable[[Message], None] = lambda message: None
    stopping: Callable[[], bool] = lambda: False
    restarts: RestartPolicy | None = None
    on_state: Callable[[RunState], None] | None = None


class GraphRun:
    """One plan under way, with an ear on its last stage. `close` it whatever happens."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._counts: Counter[str] = Counter()
        self._newest: Message | None = None
        self._watch = RunWatch(plan.name)
        self._state: RunState | None = None
        self._shown_s = 0.0
        self._session = Session()
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        edge = Edge(plan.graph.last.name, _LISTENER, Policy.LATEST, keep=64, carries=_HEARD)
        try:
            self._inbox = Inbox(self._context, self._session.folder, edge)
        except BaseException:
            self._context.term()
            self._session.remove()
            raise
        heard = replace(plan.graph, edges=(*plan.graph.edges, edge))
        self.supervisor = Supervisor(
            heard,
            plan.name,
            self._session,
            plan.rings,
            plan.limits,
            self._listen,
            plan.stopping,
            plan.restarts,
            self._tell,
        )

    def close(self) -> None:
        """End every process of the run, and give back all it holds."""
        try:
            self.supervisor.end()
        finally:
            self._inbox.close()
            self._context.term()
            self._session.remove()
            self._show_the_end()

    def summary(self) -> Summary:
        """What it amounted to, after `close`.

        Raises:
            WorkerFailed: it failed.
        """
        return summarise(self._plan.name, self.supervisor.outcome(), self._counts)

    def _listen(self) -> None:
        while (message := self._inbox.receive(0)) is not None:
            self._counts[type(message).__name__] += 1
            self._newest = message
            self._watch.hear(message)
            self._plan.on_message(message)
            if isinstance(message, EndOfStream):
                note_taken(self._session.folder, _LISTENER)
        if self._plan.on_state is not None and time.monotonic() - self._shown_s > _SHOW_S:
            self._shown_s = time.monotonic()
            supervisor = self.supervisor
            self._state = self._watch.state(supervisor.phase, supervisor.posts, str(supervisor.failure or ""))
            self._plan.on_state(self._state)

    def _show_the_end(self) -> None:
        if self._plan.on_state is None or self._state is None:
            return
        stages = {name: replace(stage, pid=None) for name, stage in self._state.stages.items()}
        supervisor = self.supervisor
        last = replace(self._state, phase=supervisor.phase, failure=str(supervisor.failure or ""), stages=stages)
        self._plan.on_state(last)

    def _tell(self, restarted: Restarted) -> None:
        now_ns = time.monotonic_ns()
        said = StageRestarted(
            source=self._plan.name,
            sequence=self._newest.sequence if self._newest else 0,
            captured_ns=now_ns,
            grabbed_ns=now_ns,
            epoch=self._newest.epoch if self._newest else 0,
            stage=restarted.stage,
            reason=restarted.reason,
            restarts=restarted.restarts,
        )
        self._plan.on_message(said)


def run_plan(plan: Plan) -> Summary:
    """Run one.

    Raises:
        WorkerFailed: a worker failed, or the source cannot be opened; one line.
        UserFacingError: there is not enough shared memory.
    """
    (result,) = run_plans([plan])
    if isinstance(result, WorkerFailed):
        raise result
    return result


def run_plans(plans: Sequence[Plan]) -> list[Summary | WorkerFailed]:
    """Run all at once, until each has ended; a signal ends all, and a failure only its own.

    Returns:
        In the order of the plans.
    """
    sweep_leftovers()
    runs: list[GraphRun] = []
    under_way: list[GraphRun] = []
    try:
        with StopSignals() as signals:
            for plan in plans:
                run = GraphRun(plan)
                runs.append(run)
                under_way.append(run)
                run.supervisor.start()
            while under_way and not signals.impatient:
                wait([news for run in under_way for news in run.supervisor.news()], _LOOK_S)
                for run in list(under_way):
                    run.supervisor.turn(signals)
                    if run.supervisor.over:
                        # At once: while others go on it holds no memory, and its end is known.
                        under_way.remove(run)
                        run.close()
    finally:
        _close_all(under_way)
    return [_result(run) for run in runs]


def _close_all(runs: Sequence[GraphRun]) -> None:
    """Every one of them, though closing one may raise."""
    if not runs:
        return
    try:
        runs[0].close()
    finally:
        _close_all(runs[1:])


def _result(run: GraphRun) -> Summary | WorkerFailed:
    try:
        return run.summary()
    except WorkerFailed as failed:
        return failed
