"""Between the runs and those who look on: what is said goes to every viewer, frames to those who are ready."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from pathlib import Path

import msgspec
import zmq
import zmq.asyncio

from realtime.web.page_messages import PageStatus
from realtime.web.page_relay import FRAME
from realtime.web.viewer import Viewer

_EVENTS_KEPT = 100
_LATENCIES_KEPT = 20_000
_MOTION_START = b'{"type":"motion"'
_EVENT_START = b'{"type":"event"'
_QUIET_START = b'{"type":"quiet"'


class Hub:
    """Lives in the server's event loop.

    Args:
        folder: private; the relays' socket is made in it.

    Attributes:
        status: as it was told last.
        latencies: grabbed to shown as browsers measured it, ms.
    """

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "page.ipc"
        self.watched = folder / "watched"
        self.status = PageStatus(phase="idle")
        self.latencies: deque[float] = deque(maxlen=_LATENCIES_KEPT)
        self.measured: str = ""
        self._viewers: set[Viewer] = set()
        self._events: deque[str] = deque(maxlen=_EVENTS_KEPT)
        self._taking: asyncio.Task[None] | None = None
        self._sequence = 0

    async def open(self) -> None:
        """Begin to take what relays send."""
        context = zmq.asyncio.Context()
        socket = context.socket(zmq.PULL)
        socket.set_hwm(256)
        socket.bind(f"ipc://{self.socket}")
        self._taking = asyncio.create_task(self._take(context, socket))

    async def close(self) -> None:
        """Take nothing more, and let every viewer go."""
        for viewer in self._viewers:
            viewer.leave()
        if self._taking is not None:
            self._taking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._taking

    def join(self) -> Viewer:
        """Somebody looks on: what has been found so far comes first."""
        viewer = Viewer()
        viewer.say(_text(self.status))
        for event in self._events:
            viewer.say(event)
        self._viewers.add(viewer)
        self.watched.touch()
        return viewer

    def leave(self, viewer: Viewer) -> None:
        """Somebody has gone; frames are made for the others only."""
        viewer.leave()
        self._viewers.discard(viewer)
        if not self._viewers:
            self.watched.unlink(missing_ok=True)

    def tell(self, status: PageStatus) -> None:
        """How the run stands, for all."""
        self.status = status
        self.say(_text(status))

    def say(self, text: str) -> None:
        """For all."""
        for viewer in self._viewers:
            viewer.say(text)

    async def _take(self, context: zmq.asyncio.Context, socket: zmq.asyncio.Socket) -> None:
        try:
            while True:
                kind, piece = await socket.recv_multipart()
                if kind == FRAME:
                    # Numbered here: the frames of two runs must not be taken for each other.
                    self._sequence += 1
                    frame = self._sequence.to_bytes(4, "little") + piece
                    for viewer in self._viewers:
                        viewer.show(self._sequence, frame)
                else:
                    self._pass_on(piece)
        finally:
            socket.close(linger=0)
            context.term()

    def _pass_on(self, piece: bytes) -> None:
        text = piece.decode()
        if piece.startswith(_MOTION_START):
            for viewer in self._viewers:
                viewer.move(text)
            return
        if piece.startswith(_EVENT_START):
            self._events.append(text)
        self.say(text)
        if piece.startswith(_QUIET_START) and b'"done":true' in piece:
            self.tell(self.status)


def _text(status: PageStatus) -> str:
    return msgspec.json.encode(status).decode()
