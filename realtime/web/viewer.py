"""One browser that looks on: it gets the newest frame when it is ready for one, and everything said in order."""

from __future__ import annotations

import asyncio
import struct
from collections import deque

IN_FLIGHT = 2
"""Frames on their way that the browser has not confirmed: one travels while one is drawn."""
_MOST_SAID = 500
_MOST_MOTIONS = 1200  # a strip of twenty seconds at 60 frames/s
_HEAD = struct.Struct("<II")
_SILENT_S = 5.0  # a confirmation that does not come in this time was lost with a hidden page


class Viewer:
    """A mailbox. Used in one event loop only.

    Attributes:
        shows: name of the source that it wants to see; another one while that does not run.
    """

    def __init__(self) -> None:
        self.shows = ""
        self._skipped = 0
        self._frame: tuple[int, bytes] | None = None
        self._said: deque[str] = deque(maxlen=_MOST_SAID)
        self._motions: deque[str] = deque(maxlen=_MOST_MOTIONS)
        self._in_flight: deque[tuple[int, float]] = deque()
        self._news = asyncio.Event()
        self._gone = False

    def turn_to(self, source: str) -> None:
        """It wants to see another source: what waits of the former is forgotten."""
        self.shows = source
        self._frame = None
        self._motions.clear()

    def show(self, sequence: int, frame: bytes) -> None:
        """A newer frame is there; one that still waits is forgotten.

        Args:
            sequence: grows from frame to frame, whichever source they are of.
            frame: as the relay has packed it.
        """
        self._skipped += self._frame is not None
        self._frame = (sequence, frame)
        self._news.set()

    def say(self, text: str) -> None:
        """Something that must arrive; the oldest is lost only where a browser takes nothing for minutes."""
        self._said.append(text)
        self._news.set()

    def move(self, text: str) -> None:
        """A region motion for the strip chart, sent together with others."""
        self._motions.append(text)
        self._news.set()

    def seen(self, sequence: int) -> None:
        """The browser has drawn this frame, or let it go for a newer one."""
        while self._in_flight and self._in_flight[0][0] <= sequence:
            self._in_flight.popleft()
        self._news.set()

    def leave(self) -> None:
        """Send nothing more."""
        self._gone = True
        self._news.set()

    async def next(self) -> str | bytes | None:
        """What to send next, frames as told in `page_messages`; None when there is nothing more."""
        while not self._gone:
            self._news.clear()
            if self._said:
                return self._said.popleft()
            if self._motions:
                together = f'{{"type":"motions","samples":[{",".join(self._motions)}]}}'
                self._motions.clear()
                return together
            if self._frame is not None and self._ready():
                (sequence, frame), self._frame = self._frame, None
                self._in_flight.append((sequence, asyncio.get_running_loop().time()))
                return _HEAD.pack(sequence, self._skipped) + frame
            await self._news.wait()
        return None

    def _ready(self) -> bool:
        now = asyncio.get_running_loop().time()
        while self._in_flight and now - self._in_flight[0][1] > _SILENT_S:
            self._in_flight.popleft()
        return len(self._in_flight) < IN_FLIGHT
