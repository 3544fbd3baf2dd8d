"""Grab and stamp: the body of the worker that owns a source."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from realtime.fitting import fitted
from realtime.lifeline import Lifeline
from realtime.logbook import UNWRITTEN, Logbook
from realtime.messages import EndOfStream, FrameCaptured, Message, SourceLost, SourceOpened, Stamp
from realtime.outlet import Outlet
from realtime.parcel import Parcel
from realtime.presentation import GrowingStamps
from realtime.reconnect import Interruption, Reconnecting
from realtime.source import Frame, Source, SourceError

_OPENING_S = 40.0  # drivers and name servers take their time
_SLACK_S = 2.0  # a source that notices by itself that nothing comes says why; whoever watches it does not
_NAP_S = 0.1


class Capture:
    """Sends every frame of a source, then the end of the stream.

    Args:
        source: open; the caller closes it.
        name: goes into every message.
        line: says when to stop; its books are kept here.
        outlet: where frames go.
        log: where the capture before this one was, if there was one.
    """

    def __init__(
        self,
        source: Source | Reconnecting,
        name: str,
        line: Lifeline,
        outlet: Outlet,
        log: Logbook,
    ) -> None:
        self._source, self._name, self._line, self._outlet, self._log = source, name, line, outlet, log
        self._live = isinstance(source, Reconnecting)
        self._clock = GrowingStamps()
        self._fitted = ""
        self._sequence = log["sequence"]
        self._captured_ns, self._grabbed_ns = max(0, log["origin_ns"]), time.monotonic_ns()
        self._opened = False
        self._epoch = log["epoch"] + 1
        log["epoch"] = self._epoch

    def run(self) -> None:
        """Until the source ends or somebody wants it to.

        Raises:
            SourceError: the source broke off before it gave a frame. Later the stream is ended and the books say why.
        """
        reason = "the source ended"
        try:
            for item in self._items(self._source):
                if isinstance(item, Interruption):
                    self._interrupt(item)
                else:
                    self._send(item)
        except SourceError as error:
            if self._sequence < 0:
                raise
            reason = self._line.books.broke_off = str(error)
        if self._line.stopping:
            reason = "stopped"
        self._note()
        self._outlet.put(Parcel(EndOfStream(**self._stamp(), reason=reason)))
        self._line.books.ended_ns = time.monotonic_ns()

    def _items(self, source: Iterable[Frame | Interruption]) -> Iterator[Frame | Interruption]:
        line, books = self._line, self._line.books
        items = iter(source)
        while True:
            before_ns = time.perf_counter_ns()
            line.go_in(self._limit_s())
            try:
                item = next(items, None)
            finally:
                line.come_out()
                books.busy_ns += time.perf_counter_ns() - before_ns
            if line.stopping or item is None:
                return
            yield item

    def _limit_s(self) -> float | None:
        if not isinstance(self._source, Reconnecting):
            return None
        return self._source.stall_s + (_SLACK_S if self._source.connected else _OPENING_S)

    def _interrupt(self, interruption: Interruption) -> None:
        """Say so once, then wait until it is time to try again."""
        if self._opened:
            self._opened = False
            self._put(SourceLost(**self._stamp(), presentation_s=self._presentation_s(), reason=interruption.reason))
            self._epoch += 1
            self._log["epoch"] = self._epoch
            self._note()
        again_at = time.monotonic() + interruption.wait_s
        while time.monotonic() < again_at and not self._line.stopping:
            time.sleep(_NAP_S)

    def _send(self, frame: Frame) -> None:
        self._captured_ns, self._grabbed_ns = self._clock.stamp(frame.captured_ns), frame.grabbed_ns
        if self._log["origin_ns"] == UNWRITTEN:
            self._log["origin_ns"] = self._captured_ns
            self._log["began_unix_ns"] = time.time_ns() - (time.monotonic_ns() - frame.grabbed_ns)
        time_s = self._presentation_s() if self._live else frame.presentation_s
        self._sequence += 1
        self._log["sequence"] = self._sequence  # before it is sent: a number is never used twice
        height, width = self._outlet.shape_of("FrameCaptured", frame.image.shape)[:2]
        if not self._opened:
            self._opened = True
            source = self._source
            says, began = source.says, self._log["began_unix_ns"]
            self._put(
                SourceOpened(
                    **self._stamp(),
                    presentation_s=time_s,
                    says=says,
                    width=width,
                    height=height,
                    fps=source.fps,
                    began_unix_ns=began,
                )
            )
        image = frame.image
        if image.shape[:2] != (height, width):
            self._fitted = f"frames of {image.shape[1]}x{image.shape[0]} came, and were fitted into {width}x{height}"
            image = fitted(image, width, height)
        captured = FrameCaptured(**self._stamp(), width=width, height=height, presentation_s=time_s)
        self._outlet.put(Parcel(captured, image))
        books = self._line.books
        books.handled += 1
        books.newest_ns = frame.grabbed_ns
        books.ages.note(time.monotonic_ns() - frame.grabbed_ns)

    def _presentation_s(self) -> float:
        return (self._captured_ns - self._log["origin_ns"]) * 1e-9

    def _stamp(self) -> Stamp:
        return Stamp(
            source=self._name,
            sequence=self._sequence,
            captured_ns=self._captured_ns,
            grabbed_ns=self._grabbed_ns,
            epoch=self._epoch,
        )

    def _put(self, message: Message) -> None:
        self._outlet.put(Parcel(message))

    def _note(self) -> None:
        notes = [*self._source.notes(), *self._clock.notes(), *([self._fitted] if self._fitted else [])]
        self._line.books.notes = tuple(notes)
