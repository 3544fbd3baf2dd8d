"""Starts the workers of one source, watches them, and ends them, whatever happens."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing.connection import wait

from realtime.child import Child
from realtime.control import Beat, Begin, Opened, Stop
from realtime.failures import UserFacingError
from realtime.graph import Graph
from realtime.lifeline import Phase
from realtime.ring import RingSpec, create_ring
from realtime.session import Session
from realtime.stop_signals import StopSignals
from realtime.worker import WorkerSpec

_LOOK_S = 0.02
_NEXT_STOP_S = 0.5  # a stage told to stop gets so long before the stage after it is told
_KILL_S = 2.0  # from SIGTERM to SIGKILL


class WorkerFailed(UserFacingError):
    """A worker ended the run.

    Attributes:
        worker: its name.
        details: its traceback, where it had one.
    """

    def __init__(self, worker: str, text: str, details: str = "") -> None:
        super().__init__(text)
        self.worker = worker
        self.details = details


@dataclass(frozen=True)
class Limits:
    """How long things may take, seconds.

    Attributes:
        start_s: until every worker is ready.
        hang_s: silence, or one call into a stage.
        close_s: finishing files at the end.
        grace_s: from the wish to stop until stages are stopped one by one; and again from there to SIGTERM.
    """

    start_s: float = 60.0
    hang_s: float = 20.0
    close_s: float = 120.0
    grace_s: float = 8.0


@dataclass(frozen=True)
class Outcome:
    """How a run went.

    Attributes:
        beats: the last books of each worker, in the order of the flow.
        opened: what the source delivered.
        start_s: from the first process to the first frame.
        run_s: from then until the end of the stream had passed the last stage before the sinks.
        total_s: all of it.
        stopped_by: `Ctrl-C`, `SIGTERM`, `asked`, the stage whose user wanted it, or empty
            when the source ended by itself.
    """

    beats: Mapping[str, Beat]
    opened: Opened
    start_s: float
    run_s: float
    total_s: float
    stopped_by: str


class Supervisor:
    """One run of one graph.

    Args:
        graph: every stage with its `build`; the first owns the source.
        source: its name, for messages.
        session: the run's folder; rings are made in it here and nowhere else.
        rings: what rings are wanted, once it is known what the source delivers.
        limits: how long things may take.
        look: called in every turn of the watch, some fifty times a second.
        stopping: says that somebody wants the run to end.
    """

    def __init__(
        self,
        graph: Graph,
        source: str,
        session: Session,
        rings: Callable[[Opened], dict[str, RingSpec]],
        limits: Limits,
        look: Callable[[], None] = lambda: None,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self.phase: Phase = "STARTING"
        self._graph, self._source, self._session = graph, source, session
        self._rings, self._limits, self._look, self._stopping = rings, limits, look, stopping
        self._children: list[Child] = []
        self._failure: WorkerFailed | None = None
        self._failed_at = -1
        self._made: dict[str, RingSpec] = {}
        self._stopped_by = ""
        self._started = time.monotonic()
        self._running_since: float | None = None
        self._cascade_at = self._last_told = 0.0
        self._told = 0
        self._hurried: list[Child] = []

    def run(self) -> Outcome:
        """Run until the source ends, somebody stops it, or a worker fails.

        Raises:
            WorkerFailed: says which worker and why. What was found until then has been handed to the sinks.
        """
        signals = StopSignals()
        try:
            with signals:
                for stage in self._graph.stages:
                    self._children.append(Child(self._spec(stage.name)))
                while not all(child.ended for child in self._children):
                    self._turn(signals)
                    if signals.impatient:
                        break
                else:
                    self._judge()  # the last to end may have ended badly
                self._look()
        finally:
            self._end_all()
        self.phase = "FAILED" if self._failure else "STOPPED"
        if self._failure:
            raise self._failure
        return self._outcome()

    def _spec(self, name: str) -> WorkerSpec:
        stage = next(stage for stage in self._graph.stages if stage.name == name)
        limits = self._limits
        return WorkerSpec.of(self._graph, stage, self._session.folder, self._source, limits.hang_s, limits.close_s)

    def _turn(self, signals: StopSignals) -> None:
        wait([news for child in self._children for news in child.news()], _LOOK_S)
        for child in self._children:
            child.hear()
        self._look()
        self._judge()
        if self.phase == "STARTING":
            self._begin_what_can_begin()
        wished = [child.name for child in self._children if child.beat.wants_stop]
        if self.phase != "STOPPING" and (signals.received or wished or self._stopping()):
            self._stopped_by = signals.received or (wished or ["asked"])[0]
            self._stop(grace_s=self._limits.grace_s if self.phase == "RUNNING" else 0.0)
        if self.phase == "STOPPING":
            self._press()

    def _begin_what_can_begin(self) -> None:
        """Rings when all are ready; every stage but the source's; the source when all of those run."""
        first, *others = self._children
        if not self._made and first.opened and all(child.ready for child in self._children):
            try:
                wanted = self._rings(first.opened)
                for ring in wanted.values():
                    create_ring(self._session.folder, ring)
            except UserFacingError as error:
                self._fail(first, str(error))
                return
            self._made = wanted
            for child in others:
                child.tell(Begin(self._made))
        if self._made and all(child.phase != "STARTING" for child in others):
            first.tell(Begin(self._made))
            self._running_since = time.monotonic()
            self.phase = "RUNNING"

    def _judge(self) -> None:
        for child in self._children:
            why = self._what_is_wrong(child)
            if why:
                self._fail(child, why)

    def _what_is_wrong(self, child: Child) -> str:
        """One line, or empty."""
        if child.dismissed:
            return ""
        if not child.alive:
            child.hear()  # its last words may have come after the first look
        if child.failure is not None:
            if child.failure.hung and child.alive:
                child.process.kill()
            return child.how_it_failed()
        now, limits = time.monotonic(), self._limits
        if child.finished:
            early = self.phase == "RUNNING" and not child.beat.ended_ns
            return f"{child.name} left before the end of the stream" if early else ""
        if not child.alive:
            return child.how_it_died()
        if self.phase == "STARTING":
            behind = child.phase == "STARTING" if child.begun else not child.ready
            late = behind and now - self._started > limits.start_s
            return f"{child.name} was not ready within {limits.start_s:g} s" if late else ""
        if now - child.heard_at > limits.hang_s:
            child.process.kill()
            return f"{child.name} hangs: nothing was heard from it for {limits.hang_s:g} s"
        return ""

    def _fail(self, child: Child, why: str) -> None:
        """The first failure ends the run: what else breaks then breaks because of it."""
        if self._failure is not None:
            return
        self._failed_at = self._children.index(child)
        self._failure = WorkerFailed(child.name, why, child.failure.details if child.failure else "")
        if self.phase != "STOPPING":
            self._stop(grace_s=0.0)

    def _stop(self, grace_s: float) -> None:
        """The source ends its stream, and the end flows through; after the grace each stage is told by itself."""
        if self.phase == "STARTING":
            self._dismiss_idle()
        self.phase = "STOPPING"
        self._cascade_at = time.monotonic() + grace_s
        self._tell_next()
        while self._told <= self._failed_at:
            self._tell_next()

    def _dismiss_idle(self) -> None:
        """Loading a network takes seconds, and none of it can be interrupted; sinks may have opened files."""
        for stage, child in zip(self._graph.stages[1:], self._children[1:], strict=True):
            if not stage.sink and not child.begun and child.failure is None:
                child.dismiss()

    def _tell_next(self) -> None:
        child = self._children[self._told]
        child.tell(Stop(hurry=self._told <= self._failed_at))
        self._told += 1
        self._last_told = time.monotonic()

    def _press(self) -> None:
        now = time.monotonic()
        if now > self._cascade_at and self._told < len(self._children):
            before = self._children[: self._told]
            if all(child.ended for child in before) or now - self._last_told > _NEXT_STOP_S:
                self._tell_next()
        for child in self._children:
            if child.ended:
                continue
            waits = bool(child.beat.ended_ns) and child not in self._hurried
            if waits and now > self._cascade_at + self._limits.grace_s / 4:
                # It has done its work, and waits for a receiver that may never take the end of the stream.
                child.tell(Stop(hurry=True))
                self._hurried.append(child)
            if now > self._cascade_at + self._limits.grace_s + _KILL_S:
                child.kill()
            elif now > self._cascade_at + self._limits.grace_s:
                child.terminate()

    def _end_all(self) -> None:
        """No child outlives its supervisor, and nothing is left in shared memory."""
        deadline = time.monotonic() + _KILL_S
        impatient = any(not child.ended for child in self._children)
        for child in self._children:
            if impatient:
                child.process.kill()
            child.process.join(max(0.0, deadline - time.monotonic()))
            if child.alive:
                child.process.kill()
                child.process.join()
        self._session.remove()
        for child in self._children:
            child.hear()
            child.close()

    def _outcome(self) -> Outcome:
        now = time.monotonic()
        running_since = self._running_since or now
        beats = {child.name: child.beat for child in self._children}
        ended_s = beats[self._graph.last.name].ended_ns * 1e-9 or now
        opened = self._children[0].opened or Opened(0, 0, 0.0, "")
        return Outcome(
            beats,
            opened,
            running_since - self._started,
            ended_s - running_since,
            now - self._started,
            self._stopped_by,
        )
