"""A stage at work: take, work, hand on, and write down how long it took."""

from __future__ import annotations

import time
from collections.abc import Callable

from realtime.inlet import Inlet
from realtime.lifeline import Books, Lifeline
from realtime.messages import EndOfStream, FaceTracked, FrameCaptured, Message
from realtime.outlet import Outlet
from realtime.parcel import Parcel
from realtime.stop_signals import StopWanted

_LOOK_MS = 100


def handle(method: Callable[[Parcel], list[Parcel] | None], inlet: Inlet, outlet: Outlet, line: Lifeline) -> None:
    """Take, work, hand on, until the stream ends or there is nothing left to finish."""
    books = line.books
    while not line.orphaned:
        parcel = inlet.take(_LOOK_MS)
        books.dropped = inlet.dropped() + outlet.dropped()
        if parcel is None:
            if line.stopping and not inlet.waits():
                return
            continue
        before_ns = time.perf_counter_ns()
        line.go_in()
        made: list[Parcel] | None = None
        try:
            if not books.wants_stop:
                made = method(parcel)
        except StopWanted:
            books.wants_stop = True
        line.come_out()
        _note_times(books, parcel.message, time.perf_counter_ns() - before_ns)
        for one in made or ():
            outlet.put(one)
        inlet.done(parcel.message)
        if isinstance(parcel.message, EndOfStream):
            books.ended_ns = time.monotonic_ns()
            return


def _note_times(books: Books, message: Message, took_ns: int) -> None:
    books.handled += 1
    books.busy_ns += took_ns
    books.took.note(took_ns)
    if isinstance(message, FrameCaptured | FaceTracked):
        books.newest_ns = message.grabbed_ns
        books.ages.note(time.monotonic_ns() - message.grabbed_ns)
