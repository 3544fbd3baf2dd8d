"""Grab and stamp: the body of the worker that owns a source."""

from __future__ import annotations

import time

from realtime.lifeline import Lifeline
from realtime.messages import EndOfStream, FrameCaptured
from realtime.outlet import Outlet
from realtime.parcel import Parcel
from realtime.source import Source, SourceError


def capture(source: Source, name: str, line: Lifeline, outlet: Outlet) -> None:
    """Send every frame of a source, then the end of the stream.

    Args:
        source: open; the caller closes it.
        name: goes into every message.
        line: says when to stop; its books are kept here.
        outlet: where frames go.

    Raises:
        SourceError: the source broke off before it gave a frame. Later the stream is ended and the books say why.
    """
    frames = iter(source)
    sequence, captured_ns, grabbed_ns = -1, 0, time.monotonic_ns()
    reason = "the source ended"
    while True:
        before_ns = time.perf_counter_ns()
        line.go_in()
        try:
            frame = next(frames, None)
        except SourceError as error:
            if sequence < 0:
                raise
            reason = line.books.broke_off = str(error)
            break
        finally:
            line.come_out()
            line.books.busy_ns += time.perf_counter_ns() - before_ns
        if line.stopping or frame is None:
            reason = "stopped" if line.stopping else reason
            break
        sequence += 1
        captured_ns, grabbed_ns = frame.captured_ns, frame.grabbed_ns
        message = FrameCaptured(
            source=name,
            sequence=sequence,
            captured_ns=captured_ns,
            grabbed_ns=grabbed_ns,
            epoch=0,
            width=source.width,
            height=source.height,
            presentation_s=frame.presentation_s,
        )
        outlet.put(Parcel(message, frame.image))
        line.books.handled += 1
    line.books.notes = tuple(source.notes())
    end = EndOfStream(
        source=name, sequence=sequence, captured_ns=captured_ns, grabbed_ns=grabbed_ns, epoch=0, reason=reason
    )
    outlet.put(Parcel(end))
    line.books.ended_ns = time.monotonic_ns()
