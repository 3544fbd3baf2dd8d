"""Whoever looks after a soak: kills workers at random, listens, and weighs."""

from __future__ import annotations

import multiprocessing
import os
import random
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import psutil

from realtime.messages import FramesDropped, Message, MotionMeasured, SourceOpened, StageRestarted, WindowReset
from realtime.session import shared_memory_root

_BEFORE_S = 1.5  # an expression that ends so shortly before a kill may still be undecided
_AFTER_S = 8.0  # a worker takes some seconds to start
SETTLE_S = 3.0  # after the first motion measured again: noise and neutral face are learned anew
_WARM_S = 20.0  # from the start, before memory is looked at
_SAMPLE_S = 2.0
_CALM_S = 12.0  # after a kill memory is that of a process that is still loading


@dataclass
class Kill:
    """One worker killed.

    Attributes:
        stage: its name.
        at_s: seconds since the run began.
        back_s: until motion was measured again; None where that was not seen before the next kill.
    """

    stage: str
    at_s: float
    back_s: float | None = None


class Weight(NamedTuple):
    """Memory at one moment, MiB.

    Attributes:
        at_s: seconds since the run began.
        total: of all processes; a page that several map counts in shares (PSS). It moves with other programs on the
            machine that map the same libraries.
        allocated: by all processes, which belongs to nobody else.
        own: of this process, resident.
    """

    at_s: float
    total: float
    allocated: float
    own: float


@dataclass
class Watch:
    """Kills, listens and weighs while the run goes on; called some fifty times a second.

    Attributes:
        began_ns: monotonic time at the first frame; 0 before it.
    """

    every_s: float
    minutes: float
    rng: random.Random
    began_ns: int = 0
    shift_s: float = 0.0  # from presentation time to monotonic
    kills: list[Kill] = field(default_factory=list)
    weights: list[Weight] = field(default_factory=list)
    drops: list[float] = field(default_factory=list)  # seconds at which frames were found missing
    resets: list[tuple[float, str]] = field(default_factory=list)
    _restarted: bool = False
    _weighed_s: float = 0.0

    def hear(self, message: Message) -> None:
        """Told of each message."""
        if isinstance(message, SourceOpened) and not self.began_ns:
            self.began_ns = message.captured_ns
            self.shift_s = message.captured_ns * 1e-9 - message.presentation_s
        elif isinstance(message, StageRestarted):
            self._restarted = True
        elif isinstance(message, FramesDropped):
            self.drops.append((message.captured_ns - self.began_ns) * 1e-9)
        elif isinstance(message, WindowReset):
            self.resets.append((round((message.captured_ns - self.began_ns) * 1e-9, 2), message.reason))
        elif isinstance(message, MotionMeasured) and self._restarted and self.kills:
            self._restarted = False
            self.kills[-1].back_s = round(self.now_s() - self.kills[-1].at_s, 2)

    def now_s(self) -> float:
        """Since the first frame."""
        return (time.monotonic_ns() - self.began_ns) * 1e-9 if self.began_ns else 0.0

    def over(self) -> bool:
        """Whether the time is up; kills who is due to be killed."""
        now_s = self.now_s()
        if now_s > self.every_s * (len(self.kills) + 1) and now_s < 60 * self.minutes - self.every_s / 2:
            self._kill(now_s)
        if self.began_ns and now_s - self._weighed_s > _SAMPLE_S:
            self._weighed_s = now_s
            self._weigh(now_s)
        return now_s > 60 * self.minutes

    def disturbed(self, shift_s: float) -> list[tuple[float, float]]:
        """Stretches that do not count, moved by `shift_s`."""
        stretches = []
        for kill in self.kills:
            back_s = self.every_s if kill.back_s is None else kill.back_s
            until_s = kill.at_s + max(_AFTER_S, back_s + SETTLE_S)
            stretches.append((kill.at_s - _BEFORE_S + shift_s, until_s + shift_s))
        return stretches

    def overloaded(self, shift_s: float) -> list[tuple[float, float]]:
        """Stretches in which frames were lost though nobody was killed: the machine had too much else to do."""
        return [(at_s - _BEFORE_S + shift_s, at_s + SETTLE_S + shift_s) for at_s in self.drops]

    def _kill(self, now_s: float) -> None:
        workers = [child for child in multiprocessing.active_children() if child.name.startswith("glimpse-")]
        if not workers:
            return
        victim = self.rng.choice(sorted(workers, key=lambda child: child.name))
        self.kills.append(Kill(victim.name.removeprefix("glimpse-"), round(now_s, 2)))
        victim.kill()

    def _weigh(self, now_s: float) -> None:
        if now_s < _WARM_S or (self.kills and now_s - self.kills[-1].at_s < _CALM_S):
            return
        pids = [os.getpid(), *(child.pid for child in multiprocessing.active_children() if child.pid)]
        try:
            total = sum(psutil.Process(pid).memory_full_info().pss for pid in pids)
            allocated = sum(_anonymous(pid) for pid in pids)
        except (psutil.Error, OSError):
            return
        own = psutil.Process().memory_info().rss
        self.weights.append(Weight(now_s, total / 2**20, allocated / 2**20, own / 2**20))


def _anonymous(pid: int) -> int:
    """Bytes that a process has allocated; what it maps from files, and may share, is left out."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Anonymous:"):
            return 1024 * int(line.split()[1])
    return 0


@dataclass(frozen=True)
class Holdings:
    """What this process holds of the system."""

    files: int
    threads: int
    children: int
    shared_memory: int

    @classmethod
    def now(cls) -> Holdings:
        """Count."""
        left = list(shared_memory_root().glob(f"glimpse-{os.getpid()}-*"))
        alive = len(multiprocessing.active_children())
        return cls(psutil.Process().num_fds(), threading.active_count(), alive, len(left))
