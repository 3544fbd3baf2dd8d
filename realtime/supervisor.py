"""Starts the workers of one source, watches them, starts them again, and ends them, whatever happens."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from multiprocessing.connection import Connection

from realtime.control import Begin, Opened
from realtime.diagnosis import what_is_wrong
from realtime.failures import UserFacingError
from realtime.graph import Graph, Stage
from realtime.lifeline import Phase
from realtime.logbook import UNWRITTEN, Logbook
from realtime.outcome import Limits, Outcome, WorkerFailed
from realtime.post import Post, Restarted
from realtime.restarts import RestartPolicy
from realtime.ring import RingSpec, check_room, create_ring
from realtime.session import Session
from realtime.shutdown import KILL_S, Shutdown
from realtime.stop_signals import StopSignals
from realtime.worker import Past, WorkerSpec


class Supervisor:
    """One run of one graph: `start`, `turn` until it is `over`, `end`, `outcome`; see `realtime.graph_run`.

    Args:
        graph: every stage with its `build`; the first owns the source.
        source: its name, for messages.
        session: the run's folder; rings are made in it here and nowhere else.
        rings: what rings are wanted, once it is known what the source delivers.
        limits: how long things may take.
        look: called in every turn of the watch, some fifty times a second.
        stopping: says that somebody wants the run to end.
        restarts: how often a stage may be started again; without it the first failure ends the run.
        tell: of each restart.
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
        restarts: RestartPolicy | None = None,
        tell: Callable[[Restarted], None] = lambda restarted: None,
    ) -> None:
        self.phase: Phase = "STARTING"
        self.failure: WorkerFailed | None = None
        self._graph, self._source, self._session = graph, source, session
        self._rings, self._limits, self._look, self._stopping = rings, limits, look, stopping
        self._restarts, self._tell = restarts, tell
        self._posts: list[Post] = []
        self._made: dict[str, RingSpec] | None = None
        self._opened: Opened | None = None
        self._stopped_by = ""
        self._wish_at: float | None = None
        self._started = time.monotonic()
        self._running_since: float | None = None
        self._shutdown: Shutdown | None = None

    def start(self) -> None:
        """Start a child for every stage."""
        for stage in self._graph.stages:
            spec = partial(self._spec, stage)
            self._posts.append(Post(stage, spec, self._restarts or RestartPolicy()))

    @property
    def over(self) -> bool:
        """Every worker has ended, and none will be started again."""
        return all(post.ended for post in self._posts)

    @property
    def posts(self) -> Sequence[Post]:
        """In the order of the flow, to look at."""
        return self._posts

    def news(self) -> list[Connection | int]:
        """What becomes readable when there is something to do."""
        return [news for post in self._posts if not post.down for news in post.child.news()]

    def turn(self, signals: StopSignals) -> None:
        """Hear everybody, and do what is due."""
        for post in self._posts:
            post.child.hear()
        self._look()
        self._judge()
        if self.phase != "STOPPING":
            for post in self._posts:
                post.fill(resumes=self.phase == "RUNNING")
            self._begin_what_can_begin()
            self._heed(signals)
        if self._shutdown is not None:
            self._shutdown.press()

    def end(self) -> None:
        """No child outlives its supervisor, and nothing is left in shared memory."""
        try:
            if self.over:
                self._judge()  # the last to end may have ended badly
                self._look()
        finally:
            self._end_all()
        self.phase = "FAILED" if self.failure else "STOPPED"

    def _end_all(self) -> None:
        deadline = time.monotonic() + KILL_S
        impatient = not self.over
        for post in self._posts:
            process = post.child.process
            if impatient:
                process.kill()
            process.join(max(0.0, deadline - time.monotonic()))
            if post.child.alive:
                process.kill()
                process.join()
        self._session.remove()
        for post in self._posts:
            post.close()

    def outcome(self) -> Outcome:
        """How it went, after `end`.

        Raises:
            WorkerFailed: says which worker and why. What was found until then has been handed to the sinks.
        """
        if self.failure:
            raise self.failure
        now = time.monotonic()
        running_since = self._running_since or now
        beats = {post.name: post.beat for post in self._posts}
        ended_s = beats[self._graph.last.name].ended_ns * 1e-9 or now
        return Outcome(
            beats,
            {post.name: post.restarts for post in self._posts},
            self._opened or Opened(0, 0, 0.0, ""),
            running_since - self._started,
            ended_s - running_since,
            now - self._started,
            self._stopped_by,
        )

    def _spec(self, stage: Stage, past: Past) -> WorkerSpec:
        limits = self._limits
        return WorkerSpec.of(
            self._graph, stage, self._session.folder, self._source, limits.hang_s, limits.close_s, past
        )

    def _begin_what_can_begin(self) -> None:
        """Rings when all are ready; every stage but the source's; the source when all of those run."""
        first, *others = self._posts
        if self._made is None:
            self._opened = first.child.opened
            if self._opened is None or not all(post.child.ready and not post.down for post in self._posts):
                return
            try:
                wanted = self._rings(self._opened)
                check_room(self._session.folder, wanted.values())
                for ring in wanted.values():
                    create_ring(self._session.folder, ring)
            except UserFacingError as error:
                self._fail(first, str(error))
                return
            self._made = wanted
        for post in others:
            self._begin(post, self._made)
        if self.phase == "RUNNING":
            self._begin(first, self._made)
        elif all(post.back for post in others) and not first.down:
            self._begin(first, self._made)
            self._running_since = time.monotonic()
            self.phase = "RUNNING"

    def _begin(self, post: Post, rings: dict[str, RingSpec]) -> None:
        if post.child.ready and not post.child.begun and not post.down:
            post.child.tell(Begin(rings))

    def _heed(self, signals: StopSignals) -> None:
        """Stop where somebody wishes it. Who is being restarted then comes back first: a sink's queue holds events."""
        wished = [post.name for post in self._posts if post.child.beat.wants_stop]
        if self.phase == "STOPPING" or not (signals.received or wished or self._stopping()):
            return
        now = time.monotonic()
        self._wish_at = self._wish_at or now
        missing = [post for post in self._posts if not post.back]
        if self.phase == "RUNNING" and missing and now - self._wish_at < self._limits.grace_s:
            for post in missing:
                post.hurry()
            return
        self._stopped_by = signals.received or (wished or ["asked"])[0]
        self._stop(grace_s=self._limits.grace_s if self.phase == "RUNNING" else 0.0)

    def _judge(self) -> None:
        for post in self._posts:
            if post.down or post.abandoned:
                continue
            why = what_is_wrong(post, self.phase, self._limits)
            if why:
                self._fail(post, why)

    def _fail(self, post: Post, why: str) -> None:
        """Start it again where that helps. Else the run ends: what else breaks then breaks because of it."""
        if self.failure is not None:
            return
        if self._can_restart(post):
            restarted = post.vacate(why)
            if restarted is not None:
                self._tell(restarted)
                return
            why = f"{why}; it was {post.why_spent()}"
        failed = post.child.failure
        self.failure = WorkerFailed(post.name, why, failed.details if failed else "")
        if self._shutdown is None:
            self._stop(grace_s=0.0, failed=post)
        else:
            self._shutdown.failed_at = self._posts.index(post)

    def _can_restart(self, post: Post) -> bool:
        if self._restarts is None or self.phase == "STOPPING" or post.stage.restart == "never":
            return False
        child = post.child
        if child.failure is not None and child.failure.mendable:
            return False  # by a user, and not by trying again
        # The end of the stream comes only once: a stage started after it has passed would wait for it in vain. Whether
        # it has been sent stands in shared memory, since a dead receiver is noticed before its sender's next beat.
        edge = self._graph.into(post.name)
        sender = edge.sender if edge else post.name
        return not child.beat.ended_ns and Logbook(self._session.folder, sender)["ended"] == UNWRITTEN

    def _stop(self, grace_s: float, failed: Post | None = None) -> None:
        failed_at = self._posts.index(failed) if failed else -1
        for index, post in enumerate(self._posts):
            if post is not failed and (post.down or (post.restarts and not post.back)):
                post.abandon()
                failed_at = max(failed_at, index)
                if post.stage.sink and self.failure is None:
                    self.failure = WorkerFailed(post.name, f"{post.name} did not come back before the run was stopped")
        if self.phase == "STARTING":
            # Loading a network and waiting for a camera take long, and neither can be interrupted. A source that is
            # open closes by itself, and sinks may have opened files.
            for index, post in enumerate(self._posts):
                closes = post.stage.sink or (index == 0 and post.child.ready)
                if not closes and not post.child.begun and post.child.failure is None:
                    post.child.dismiss()
        self.phase = "STOPPING"
        self._shutdown = Shutdown(self._posts, grace_s, self._limits.grace_s, failed_at)
