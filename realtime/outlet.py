"""Where a worker's parcels go: pixels into rings, messages onto edges."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from realtime.edges import Outbox
from realtime.lifeline import Lifeline
from realtime.logbook import Logbook
from realtime.messages import EndOfStream, ExpressionOpened, ExpressionSpotted
from realtime.parcel import Parcel
from realtime.ring import Ring


class Outlet:
    """Writes pixels first, then sends the message that tells of them.

    Args:
        writes: message type -> ring for the pixels of such a message; pixels of other messages go nowhere.
        rings: the rings attached to.
        outboxes: the edges that begin at this stage.
        line: says when to stop waiting for room.
        log: keeps what is given only once in a run: the number of the last expression, and the end of the stream.
    """

    def __init__(
        self,
        writes: Mapping[str, str],
        rings: Mapping[str, Ring],
        outboxes: Sequence[Outbox],
        line: Lifeline,
        log: Logbook,
    ) -> None:
        self._rings = {kind: rings[name] for kind, name in writes.items()}
        self._outboxes = outboxes
        self._line = line
        self._log = log
        self._encoder = msgspec.msgpack.Encoder(enc_hook=_plain)

    def shape_of(self, kind: str, default: tuple[int, ...]) -> tuple[int, ...]:
        """Of the pixels of messages of this type; `default` where they go nowhere."""
        ring = self._rings.get(kind)
        return ring.spec.shape if ring is not None else default

    def put(self, parcel: Parcel) -> None:
        """Hand on one parcel, waiting for room where nothing may be lost."""
        message, pixels = parcel
        if isinstance(message, ExpressionSpotted | ExpressionOpened):
            self._log["events"] = max(self._log["events"], message.event)
        elif isinstance(message, EndOfStream):
            # Before it is sent: the supervisor must not start its receiver again once it may have been taken.
            self._log["ended"] = 1
        ring = self._rings.get(type(message).__name__)
        if pixels is not None and ring is not None:
            key: int = getattr(message, ring.spec.key)
            if not ring.has_room(key) and not self._wait(ring, key):
                return
            ring.write(key, pixels)
        if not self._outboxes:
            return
        piece = self._encoder.encode(message)
        before_ns = time.perf_counter_ns()
        for outbox in self._outboxes:
            outbox.send(message, piece, self._line.gives_up)
        self._line.books.waited_ns += time.perf_counter_ns() - before_ns

    def dropped(self) -> int:
        """Messages that no receiver took in time."""
        return sum(outbox.dropped for outbox in self._outboxes)

    def _wait(self, ring: Ring, key: int) -> bool:
        before_ns = time.perf_counter_ns()
        room = ring.wait_for_room(key, self._line.gives_up)
        self._line.books.waited_ns += time.perf_counter_ns() - before_ns
        return room


def _plain(value: object) -> object:
    """Stages compute in NumPy; its scalars travel as plain numbers."""
    if isinstance(value, np.generic):
        return value.item()
    raise NotImplementedError(f"a message cannot carry {type(value).__name__}")
