"""Where a worker's parcels come from: messages from its edge, pixels from rings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from realtime.continuity import Continuity
from realtime.edges import DROPPABLE, Inbox
from realtime.graph import Stage
from realtime.lifeline import Books
from realtime.logbook import Logbook
from realtime.messages import FaceTracked, FrameCaptured, Message
from realtime.parcel import Parcel
from realtime.ring import FrameGone, Ring

_AHEAD = 32  # frames by which a writer may be ahead of a stage that keeps a history


class Inlet:
    """Puts message and pixels together again, and lets go of slots that the stage has done with.

    Args:
        stage: what it reads, and which ring it looks back into.
        inbox: the edge that ends at this stage.
        rings: the rings attached to.
        books: frames gone before they were read are counted here, and those that never came.
        log: keeps the number of the last frame that the stage has done with.
    """

    def __init__(self, stage: Stage, inbox: Inbox, rings: Mapping[str, Ring], books: Books, log: Logbook) -> None:
        self._name = stage.name
        self._inbox = inbox
        self._reads = {kind: rings[name] for kind, name in stage.reads.items()}
        self._in_place = {name for name in stage.uncopied if rings[name].spec.lossless}
        self._history = rings[stage.history] if stage.history else None
        self._frames = {name: rings[name] for name in stage.rings_read if rings[name].spec.key == "sequence"}
        self._rings_read = [rings[name] for name in stage.rings_read]
        self._books = books
        self._log = log
        self._continuity = Continuity(f"{inbox.edge.sender}-{inbox.edge.receiver}", log)
        self._next: Parcel | None = None

    def take(self, timeout_ms: int) -> Parcel | None:
        """The next parcel; None when there was none in time, or its frame was gone.

        Before a frame comes FramesDropped, where others between it and the last one never came.
        """
        if self._next is not None:
            held, self._next = self._next, None
            return held
        parcel = self._fetch(timeout_ms)
        dropped = self._continuity.follow(parcel.message) if parcel is not None else None
        if dropped is None:
            return parcel
        self._books.missed += dropped.count
        self._next = parcel
        return Parcel(dropped)

    def _fetch(self, timeout_ms: int) -> Parcel | None:
        refused = self._inbox.refused
        message = self._inbox.receive(timeout_ms)
        self._books.refused += self._inbox.refused - refused
        if message is None:
            return None
        ring = self._reads.get(type(message).__name__)
        if ring is None:
            return Parcel(message)
        key: int = getattr(message, ring.spec.key)
        try:
            return Parcel(message, ring.view(key) if ring.spec.name in self._in_place else ring.read(key))
        except FrameGone:
            self._books.gone += 1
            # A verdict without its pictures is still a verdict; a frame without pixels is nothing.
            return None if isinstance(message, DROPPABLE) else Parcel(message)

    def done(self, message: Message) -> None:
        """The stage has done with a message, and with everything before it."""
        if isinstance(message, FrameCaptured | FaceTracked):
            self._log["sequence"] = message.sequence
        read = self._reads.get(type(message).__name__)
        if read is not None and read is not self._history:
            read.release(self._name, getattr(message, read.spec.key))
        for ring in self._frames.values():
            if ring is self._history:
                ring.release(self._name, message.sequence - ring.spec.slots + ahead_of_history(ring.spec.slots))
            elif ring is not read:
                # Another message about the same frame may still come.
                ring.release(self._name, message.sequence - 1)

    def look_back(self, sequence: int) -> NDArray[Any]:
        """An earlier frame of the history ring, copied.

        Raises:
            FrameGone: it is older than the history.
        """
        assert self._history is not None
        return self._history.read(sequence)

    def waits(self) -> bool:
        """Whether something may still be waiting in the inbox."""
        return self._next is not None or self._inbox.has_waiting()

    def dropped(self) -> int:
        """Messages thrown away to stay current."""
        return self._inbox.dropped

    def leave(self) -> None:
        """Hold back no writer any more."""
        for ring in self._rings_read:
            ring.leave(self._name)


def ahead_of_history(slots: int) -> int:
    """Of so many slots, those that let the writer work ahead of a stage that looks back into the rest."""
    return min(_AHEAD, slots // 2)
