"""What a supervisor and its workers say to each other, over a pipe of their own."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from realtime.durations import Durations
from realtime.messages import WorkerReport
from realtime.ring import RingSpec


class Opened(msgspec.Struct, frozen=True, tag=True):
    """Worker of the source: it is open; the rings can be made for it."""

    width: int  # px
    height: int  # px
    fps: float
    says: str


class Ready(msgspec.Struct, frozen=True, tag=True):
    """Worker: the stage is built and warm; the rings may come."""


class Begin(msgspec.Struct, frozen=True, tag=True):
    """Supervisor: attach to these rings and work."""

    rings: dict[str, RingSpec]


class Stop(msgspec.Struct, frozen=True, tag=True):
    """Supervisor: the source ends its stream; any other stage finishes what waits for it, and leaves."""

    hurry: bool = False  # a worker further on has failed: wait for nobody


class Beat(msgspec.Struct, frozen=True, tag=True):
    """Worker's heartbeat: its report, and the books behind it."""

    report: WorkerReport
    refused: int = 0  # pieces on its inbox that were no message
    gone: int = 0  # frames overwritten before they could be read
    missed: int = 0  # frames that never reached it, whatever became of them
    shed: int = 0  # frames it passed on without a look, to keep up
    waited_ns: int = 0  # time spent waiting for room further on
    ended_ns: int = 0  # monotonic time at which the end of the stream came by; 0 before
    notes: tuple[str, ...] = ()  # what was odd about the source
    wants_stop: bool = False  # the user said so to this stage
    broke_off: str = ""  # why the source ended before its end
    mendable: bool = False  # the failure is one that a user can mend
    hung: bool = False  # a call into its stage does not come back: it can only be killed
    details: str = ""  # the failure's traceback
    newest_ns: int = 0  # monotonic grab of the newest frame it has done with; 0 before the first
    uses: str = ""  # the network and the runtime that serves it, where the stage has one
    took: Durations = Durations()  # inside the stage, for each message
    ages: Durations = Durations()  # of each frame when the stage had done with it, since its grab


def add_books(before: Beat | None, now: Beat) -> Beat:
    """The books of a worker, and of those that were at its post before."""
    if before is None:
        return now
    old, new = before.report, now.report
    report = msgspec.structs.replace(
        new, handled=old.handled + new.handled, dropped=old.dropped + new.dropped, busy_ns=old.busy_ns + new.busy_ns
    )
    return msgspec.structs.replace(
        now,
        report=report,
        refused=before.refused + now.refused,
        gone=before.gone + now.gone,
        missed=before.missed + now.missed,
        shed=before.shed + now.shed,
        waited_ns=before.waited_ns + now.waited_ns,
        newest_ns=max(before.newest_ns, now.newest_ns),
        uses=now.uses or before.uses,
        took=before.took + now.took,
        ages=before.ages + now.ages,
        notes=tuple(dict.fromkeys((*before.notes, *now.notes))),
    )


Order: TypeAlias = Begin | Stop
Word: TypeAlias = Opened | Ready | Beat

_encoder = msgspec.msgpack.Encoder()
_orders: msgspec.msgpack.Decoder[Order] = msgspec.msgpack.Decoder(Order)
_words: msgspec.msgpack.Decoder[Word] = msgspec.msgpack.Decoder(Word)


def encode(said: Order | Word) -> bytes:
    """As bytes for the pipe."""
    return _encoder.encode(said)


def decode_order(piece: bytes) -> Order:
    """What the supervisor said."""
    return _orders.decode(piece)


def decode_word(piece: bytes) -> Word:
    """What a worker said."""
    return _words.decode(piece)
