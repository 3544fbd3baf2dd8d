"""Between the runs and those who look on: what is said goes to every viewer, frames to those who are ready."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections import deque
from pathlib import Path

import msgspec
import zmq
import zmq.asyncio

from realtime.person import known_persons
from realtime.web.page_messages import PageNote, PageStatus
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
        self._folder = folder
        self._watched: set[Path] = set()
        self.status = PageStatus(phase="idle")
        self.latencies: deque[float] = deque(maxlen=_LATENCIES_KEPT)
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

    def watch_file(self, source: str) -> Path:
        """Exists while somebody looks at the source of this name."""
        return self._folder / f"watched-{hashlib.sha256(source.encode()).hexdigest()[:16]}"

    def join(self) -> Viewer:
        """Somebody looks on: what has been found so far comes first."""
        viewer = Viewer()
        viewer.say(_text(self.status))
        for event in self._events:
            viewer.say(event)
        self._viewers.add(viewer)
        self._note_watched()
        return viewer

    def show(self, viewer: Viewer, source: str) -> None:
        """Somebody wants to see another of the sources that run."""
        viewer.turn_to(source)
        self._note_watched()

    def leave(self, viewer: Viewer) -> None:
        """Somebody has gone; frames are made for the others only."""
        viewer.leave()
        self._viewers.discard(viewer)
        self._note_watched()

    def tell(self, said: PageStatus | PageNote) -> None:
        """How the run stands, or what happened to a source, for all."""
        if isinstance(said, PageStatus):
            self.status = said
            self._note_watched()
        self.say(_text(said))

    def say(self, text: str) -> None:
        """For all."""
        for viewer in self._viewers:
            viewer.say(text)

    def _seen_by(self, viewer: Viewer) -> str:
        running = self.status.running
        return viewer.shows if viewer.shows in running or not running else running[0]

    def _note_watched(self) -> None:
        wanted = {self.watch_file(self._seen_by(viewer)) for viewer in self._viewers}
        for file in wanted - self._watched:
            file.touch()
        for file in self._watched - wanted:
            file.unlink(missing_ok=True)
        self._watched = wanted

    async def _take(self, context: zmq.asyncio.Context, socket: zmq.asyncio.Socket) -> None:
        try:
            while True:
                kind, source, piece = await socket.recv_multipart()
                looking = [viewer for viewer in self._viewers if self._seen_by(viewer) == source.decode()]
                if kind == FRAME:
                    # Numbered here: the frames of two runs must not be taken for each other.
                    self._sequence += 1
                    for viewer in looking:
                        viewer.show(self._sequence, piece)
                elif piece.startswith(_MOTION_START):
                    for viewer in looking:
                        viewer.move(piece.decode())
                else:
                    self._pass_on(piece)
        finally:
            socket.close(linger=0)
            context.term()

    def _pass_on(self, piece: bytes) -> None:
        text = piece.decode()
        if piece.startswith(_EVENT_START):
            self._events.append(text)
        self.say(text)
        if piece.startswith(_QUIET_START) and b'"done":true' in piece:
            self.tell(msgspec.structs.replace(self.status, persons=known_persons()))


def _text(said: PageStatus | PageNote) -> str:
    return msgspec.json.encode(said).decode()
