"""One stage's place in a run, and the children that hold it one after the other."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from realtime.child import Child
from realtime.control import Beat, add_books
from realtime.graph import Stage
from realtime.handover import forget_taken
from realtime.restarts import RestartBudget, RestartPolicy
from realtime.worker import Past, WorkerSpec

_GONE_S = 2.0


@dataclass(frozen=True)
class Restarted:
    """For whoever watches the run."""

    stage: str
    reason: str
    restarts: int
    wait_s: float


class Post:
    """Start a child for a stage, and another one when that ends as it should not.

    Args:
        stage: whose place it is.
        spec: makes what a child needs, from what it must know of those before it.
        policy: of restarts.

    Attributes:
        child: who holds the post, or held it last.
        restarts: so far.
        abandoned: nobody will hold it any more.
    """

    def __init__(self, stage: Stage, spec: Callable[[Past], WorkerSpec], policy: RestartPolicy) -> None:
        self.stage = stage
        self.name = stage.name
        self.restarts = 0
        self.abandoned = False
        self.child = Child(spec(Past()))
        self.begun_at = time.monotonic()
        self._spec = spec
        self._budget = RestartBudget(policy)
        self._due: float | None = None
        self._why = ""
        self._books: Beat | None = None

    @property
    def down(self) -> bool:
        """Nobody holds it, and somebody shall soon."""
        return self._due is not None

    @property
    def back(self) -> bool:
        """Whoever holds it has taken up work."""
        return not self.down and self.child.phase != "STARTING"

    @property
    def ended(self) -> bool:
        """Whoever held it has finished or is no more, and nobody comes after."""
        return not self.down and self.child.ended

    @property
    def beat(self) -> Beat:
        """Latest books, those of earlier children added."""
        return add_books(self._books, self.child.beat)

    def vacate(self, why: str) -> Restarted | None:
        """End the child for good, and see to it that another follows.

        Returns:
            What will be done; None when the post was restarted too often.
        """
        now = time.monotonic()
        wait_s = self._budget.spend(now, worked=self.child.beat.report.handled > 0)
        if wait_s is None:
            return None
        child = self.child
        if child.alive:
            child.process.kill()  # two at one post would fight for its socket
            child.process.join(_GONE_S)
        child.hear()
        self.restarts += 1
        self._why, self._due = why, now + wait_s
        return Restarted(self.name, why, self.restarts, wait_s)

    def why_spent(self) -> str:
        """One clause, after `vacate` gave None."""
        return self._budget.why_spent()

    def hurry(self) -> None:
        """Let the next child start now."""
        if self._due is not None:
            self._due = 0.0

    def fill(self, resumes: bool) -> None:
        """Start the next child when its time has come.

        Args:
            resumes: the run has begun: it goes on from where the one before it was.
        """
        if self._due is None or time.monotonic() < self._due:
            return
        self._due = None
        spec = self._spec(Past(self.restarts, self._why, resumes))
        forget_taken(spec.folder, self.name)
        self._discard()
        self._books = self.beat
        self.child = Child(spec)
        self.begun_at = time.monotonic()

    def abandon(self) -> None:
        """Let nobody follow."""
        self.abandoned = True
        self._due = None
        if self.child.alive:
            self.child.dismiss()

    def close(self) -> None:
        """Give back what the parent holds of a child that has ended."""
        self.child.hear()
        self.child.close()

    def _discard(self) -> None:
        # A process that does not die even by SIGKILL waits in the kernel, and cannot be closed.
        if not self.child.alive:
            self.child.close()
