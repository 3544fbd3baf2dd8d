"""A live source that is tried again whenever it gives out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from realtime.source import Frame, Source, SourceError

_FIRST_WAIT_S = 0.5
_LONGEST_WAIT_S = 10.0
_AT_ONCE = 0.25  # of the time between two frames: one that comes so soon after the one before it lay waiting
_BACKLOG_S = 2.0  # longest time spent on what lay waiting


class Interruption(NamedTuple):
    """The source has given out, or has not come back."""

    reason: str
    wait_s: float  # before it is tried again; whoever iterates waits, since it knows when to stop waiting


class Reconnecting:
    """A `Source` whose iteration also gives interruptions; after one, the frames come from a source opened anew.

    Frames after an interruption may have another size.

    Args:
        open_source: opens it; raises SourceError.
        open_again: the same for a source that has delivered before; by default `open_source`.
        at_once: open it now, so that what it delivers is known and a mistake in its address ends the run; else it is
            opened when iterated, and waited for, since it has been seen to deliver before.
        stall_s: a read that takes longer has stalled, seconds; whoever iterates sees to it.
    """

    def __init__(
        self,
        open_source: Callable[[], Source],
        open_again: Callable[[], Source] | None = None,
        *,
        at_once: bool,
        stall_s: float,
    ) -> None:
        self._open_again = open_again or open_source
        self._source: Source | None = open_source() if at_once else None
        self._notes: list[str] = []
        self._interruptions = 0
        self._stale = 0
        self.stall_s = stall_s
        self.says, self.width, self.height, self.fps = "", 0, 0, 0.0
        self._note_properties()

    @property
    def connected(self) -> bool:
        """Whether the source is open; else the next item is waited for until it has been opened."""
        return self._source is not None

    def __iter__(self) -> Iterator[Frame | Interruption]:
        failures = 0
        while True:
            try:
                if self._source is None:
                    self._source = self._open_again()
                    self._note_properties()
                for frame in self._fresh(self._source):
                    failures = 0
                    yield frame
                if not getattr(self._source, "endless", True):
                    return  # a recording on a web server
                reason = f"{self._source.says}: ended"
            except SourceError as error:
                reason = str(error)
            self._let_go()
            self._interruptions += 1
            yield Interruption(reason, min(_FIRST_WAIT_S * 2.0**failures, _LONGEST_WAIT_S))
            failures += 1

    def notes(self) -> list[str]:
        """What was odd so far, in this connection and those before it."""
        now = self._source.notes() if self._source is not None else []
        stale = f"{self._stale} frame{'s' * (self._stale > 1)} left out that had piled up before they could be read"
        return list(dict.fromkeys([*self._notes, *now, *([stale] if self._stale else [])]))

    def close(self) -> None:
        """Let go of the source. A second call does nothing."""
        self._let_go()

    def _fresh(self, source: Source) -> Iterator[Frame]:
        """Without what lay waiting before anybody read it: it would be stamped as if it came now."""
        waits = getattr(source, "endless", True)  # a recording on a web server waits for whoever reads it
        began_s = asked_s = time.monotonic()
        late = False
        for frame in source:
            now_s = time.monotonic()
            was_late, late = late, now_s - asked_s >= _AT_ONCE / source.fps
            # One late frame may be a busy machine's doing, two are the source's.
            waits = waits and not (late and was_late) and now_s - began_s < _BACKLOG_S
            if not waits:
                yield frame
                continue
            asked_s = now_s
            self._stale += 1

    def _let_go(self) -> None:
        if self._source is not None:
            self._notes = list(dict.fromkeys([*self._notes, *self._source.notes()]))
            self._source.close()
            self._source = None

    def _note_properties(self) -> None:
        source = self._source
        if source is not None:
            self.says, self.width, self.height, self.fps = source.says, source.width, source.height, source.fps
