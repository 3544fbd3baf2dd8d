"""Messages from one process to the next: ZeroMQ over Unix sockets in the run's private folder.

The receiver binds and the sender connects, so a message sent before the receiver runs waits for it. Nothing is ever
unpickled: msgspec decodes data messages and refuses everything else.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from pathlib import Path

import msgspec
import zmq

from realtime.failures import UserFacingError
from realtime.graph import Edge, Policy
from realtime.messages import AnyMessage, FaceTracked, FrameCaptured, Message, MotionMeasured

_WAITING = 128  # messages that may wait on each side of a lossless edge
_WAITING_LIVE = 2048  # a live edge drops by its own rule, long before ZeroMQ would
_LARGEST = 2**20  # bytes of one message; a face's mesh is 6 kB
_LOOK_MS = 50  # a waiting sender looks this often whether it shall stop
_PATH_LIMIT = 103  # bytes of a Unix socket's path (macOS; Linux allows 107)
DROPPABLE = (FrameCaptured, FaceTracked, MotionMeasured)
"""What a live edge may drop. Faces found and lost, resets, verdicts and the end are always delivered."""


def address(folder: Path, edge: Edge) -> str:
    """Where the two ends of an edge meet.

    Raises:
        UserFacingError: the folder's path is too long for a Unix socket.
    """
    path = str(folder / f"{edge.sender}-{edge.receiver}.ipc")
    if len(path.encode()) > _PATH_LIMIT:
        raise UserFacingError(f"{path}: too long for a socket; set TMPDIR to a shorter folder")
    return f"ipc://{path}"


class Inbox:
    """The receiving end.

    Attributes:
        dropped: messages thrown away to stay current.
        refused: pieces that were no message.
    """

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], folder: Path, edge: Edge) -> None:
        self.edge = edge
        self._live = edge.policy is Policy.LATEST
        self._keep = edge.keep
        self._socket = context.socket(zmq.PULL)
        self._socket.set_hwm(_WAITING_LIVE if self._live else _WAITING)
        self._socket.setsockopt(zmq.LINGER, 0)  # a socket that is never closed must not keep its process
        self._socket.setsockopt(zmq.MAXMSGSIZE, _LARGEST)
        self._socket.bind(address(folder, edge))
        self._decoder = msgspec.msgpack.Decoder(AnyMessage)
        self._waiting: deque[Message] = deque()
        self.dropped = 0
        self.refused = 0

    def receive(self, timeout_ms: int) -> Message | None:
        """The next message; None when none came in time. A live edge first throws away what is out of date."""
        if self._live or not self._waiting:
            self._take_in()
        if not self._waiting and self._socket.poll(timeout_ms):
            self._take_in()
        return self._waiting.popleft() if self._waiting else None

    def has_waiting(self) -> bool:
        """Whether a message waits, or comes within a moment."""
        return bool(self._waiting) or bool(self._socket.poll(_LOOK_MS))

    def close(self) -> None:
        """Let go of the socket."""
        self._socket.close(linger=0)

    def _take_in(self) -> None:
        # A lossless edge takes one message, so that the rest wait in ZeroMQ and hold the sender back.
        for _ in range(_WAITING_LIVE if self._live else 1):
            try:
                piece = self._socket.recv(zmq.NOBLOCK)
            except zmq.Again:
                break
            self._accept(piece)
        if self._live:
            self._forget_oldest()

    def _accept(self, piece: bytes) -> None:
        try:
            message = self._decoder.decode(piece)
        except (msgspec.DecodeError, UnicodeDecodeError):
            self.refused += 1
            return
        if isinstance(message, Message):
            self._waiting.append(message)
        else:
            self.refused += 1

    def _forget_oldest(self) -> None:
        surplus = sum(isinstance(message, DROPPABLE) for message in self._waiting) - self._keep
        if surplus <= 0:
            return
        kept: deque[Message] = deque()
        for message in self._waiting:
            if surplus > 0 and isinstance(message, DROPPABLE):
                surplus -= 1
                self.dropped += 1
            else:
                kept.append(message)
        self._waiting = kept


class Outbox:
    """The sending end.

    Attributes:
        dropped: messages thrown away because a live receiver has long stopped taking any.
    """

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], folder: Path, edge: Edge) -> None:
        self.edge = edge
        self._live = edge.policy is Policy.LATEST
        self._socket = context.socket(zmq.PUSH)
        self._socket.set_hwm(_WAITING_LIVE if self._live else _WAITING)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.setsockopt(zmq.RECONNECT_IVL, 20)
        self._socket.connect(address(folder, edge))
        self.dropped = 0

    def send(self, message: Message, piece: bytes, stopped: Callable[[], bool]) -> bool:
        """Hand on one message, encoded once by the caller for all its edges.

        Returns:
            False when `stopped` said so while the receiver had no room.
        """
        if self.edge.carries and type(message).__name__ not in self.edge.carries:
            return True
        while True:
            try:
                self._socket.send(piece, zmq.NOBLOCK)
                return True
            except zmq.Again:
                if self._live and isinstance(message, DROPPABLE):
                    self.dropped += 1
                    return True
                if stopped():
                    return False
                self._socket.poll(_LOOK_MS, zmq.POLLOUT)

    def close(self) -> None:
        """Let go of the socket. What has not been taken may be lost: see `realtime.handover`."""
        self._socket.close(linger=0)
