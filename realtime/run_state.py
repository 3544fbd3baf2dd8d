"""How a run stands at one moment, for whoever looks at it from outside: metrics, health, logs."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from realtime.control import Beat
from realtime.durations import DurationCounts, Durations
from realtime.lifeline import Phase
from realtime.messages import (
    ExpressionRecognised,
    FaceFound,
    FaceLost,
    LoadShed,
    Message,
    SourceLost,
    SourceOpened,
    WindowReset,
)
from realtime.post import Post

_RATE_S = 5.0  # the rate is taken over so long
_COUNTED = (FaceFound, FaceLost, WindowReset, ExpressionRecognised)


@dataclass(frozen=True)
class StageState:
    """One stage.

    Attributes:
        beat: its books, over all its restarts.
        phase: of whoever holds the post; RESTARTING while nobody does.
        restarts: so far.
        pid: of its process; None while there is none.
        sink: nothing flows on from it.
        one_in: it looks at one frame in so many.
    """

    beat: Beat
    phase: Phase | str
    restarts: int
    pid: int | None
    sink: bool
    one_in: int = 1


@dataclass(frozen=True)
class RunState:
    """One run. Frozen, so that another thread may read it while the run goes on.

    Attributes:
        source: its name, without passwords.
        phase: of the run.
        says: what the source delivers.
        at_ns: monotonic time at which this was true.
        stages: by name, in the order of the flow.
        epoch: raised each time the source was opened anew.
        lost: why nothing comes from the source; empty while it delivers.
        frames_per_s: captured over the last seconds.
        counts: messages heard, by type.
        latencies: of events, from the grab of the offset frame to the verdict.
        failure: why the run failed.
    """

    source: str
    phase: Phase
    says: str
    at_ns: int
    stages: Mapping[str, StageState]
    epoch: int
    lost: str
    frames_per_s: float
    counts: Mapping[str, int]
    latencies: Durations
    failure: str = ""

    @property
    def captured(self) -> Beat:
        """The books of the stage that owns the source."""
        return next(iter(self.stages.values())).beat

    @property
    def network(self) -> str:
        """The network that judges and what runs it, as its stage says; empty before it is loaded."""
        return next((stage.beat.uses for stage in self.stages.values() if stage.beat.uses), "")


@dataclass
class RunWatch:
    """Puts a run's state together from what is heard and what the supervisor knows."""

    source: str
    _counts: Counter[str] = field(default_factory=Counter)
    _latencies: DurationCounts = field(default_factory=DurationCounts)
    _one_in: dict[str, int] = field(default_factory=dict)
    _lost: str = ""
    _says: str = ""
    _epoch: int = 0
    _frames: deque[tuple[int, int]] = field(default_factory=deque)  # when, and how many until then

    def hear(self, message: Message) -> None:
        """Told of each message."""
        if isinstance(message, SourceOpened):
            self._lost, self._says, self._epoch = "", message.says, message.epoch
        elif isinstance(message, SourceLost):
            self._lost = message.reason
        elif isinstance(message, LoadShed):
            self._one_in[message.stage] = message.one_in
        if isinstance(message, ExpressionRecognised):
            self._latencies.note(round(message.latency_ms * 1e6))
        if isinstance(message, _COUNTED):
            self._counts[type(message).__name__] += 1

    def state(self, phase: Phase, posts: Sequence[Post], failure: str = "") -> RunState:
        """As of now."""
        now_ns = time.monotonic_ns()
        stages = {post.name: self._stage(post) for post in posts}
        handled = posts[0].beat.report.handled
        self._frames.append((now_ns, handled))
        while self._frames[-1][0] - self._frames[0][0] > _RATE_S * 1e9:
            self._frames.popleft()
        since_ns, before = self._frames[0]
        elapsed_s = (now_ns - since_ns) * 1e-9
        return RunState(
            self.source,
            phase,
            self._says,
            now_ns,
            stages,
            self._epoch,
            self._lost,
            (handled - before) / elapsed_s if elapsed_s > 0 else 0.0,
            dict(self._counts),
            self._latencies.so_far(),
            failure,
        )

    def _stage(self, post: Post) -> StageState:
        child = post.child
        alive = not post.down and child.alive
        # A stage that was started again looks at every frame until it says otherwise.
        one_in = self._one_in.get(post.name, 1) if not post.down else self._one_in.pop(post.name, 1)
        phase = "RESTARTING" if post.down else child.phase
        pid = child.process.pid if alive else None
        return StageState(post.beat, phase, post.restarts, pid, post.stage.sink, one_in)
