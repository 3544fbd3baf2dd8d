"""A stage that looks at fewer frames while the machine does not keep up, and says so."""

from __future__ import annotations

import time
from collections.abc import Callable

from realtime.lifeline import Books
from realtime.messages import FramesDropped, LoadShed, stamp
from realtime.parcel import Parcel
from realtime.shedding import LoadShedder

Method = Callable[[Parcel], list[Parcel] | None]


class SheddingStage:
    """Called like the stage's own method. A frame without a look is passed on, so that its track is not lost.

    Args:
        name: of the stage.
        method: its own.
        sheds: type of the messages that may pass without a look; empty for none.
        books: those are counted here.
    """

    def __init__(self, name: str, method: Method, sheds: str, books: Books) -> None:
        self._name, self._method, self._sheds, self._books = name, method, sheds, books
        self._shedder = LoadShedder()

    def __call__(self, parcel: Parcel) -> list[Parcel] | None:
        """What the stage makes of a parcel."""
        message, shedder = parcel.message, self._shedder
        if self._sheds and isinstance(message, FramesDropped):
            shedder.lose(message.count)
        if type(message).__name__ != self._sheds:
            return self._method(parcel)
        busy_s: float | None = None
        if shedder.looks_at(message.sequence):
            before_s = time.perf_counter()
            made = self._method(parcel)
            busy_s = time.perf_counter() - before_s
        else:
            made = [Parcel(message)]
            self._books.shed += 1
        if shedder.see(message.sequence, message.captured_ns * 1e-9, busy_s):
            said = Parcel(LoadShed(**stamp(message), stage=self._name, one_in=shedder.one_in))
            return [said, *(made or ())]
        return made
