"""Frames from another machine: a ZeroMQ socket that speaks CURVE, and hears only senders on the list."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Iterator
from typing import TypeAlias

import msgspec
import numpy as np
import zmq
import zmq.auth.thread
from numpy.typing import NDArray

from realtime.failures import UserFacingError
from realtime.feed_keys import KeyRing
from realtime.feed_message import LONGEST_SIDE, MOST_BYTES, FeedEnd, FeedFrame, FeedPiece
from realtime.jpeg import decode_jpeg
from realtime.source import Frame, SourceError

SCHEME = "feed://"
_FIRST_FRAME_S = 45.0  # somebody has to go to the other machine and start it
AGAIN_S = 5.0
"""For the first frame of a sender that has sent before, seconds; short, since nobody can stop a run meanwhile."""
_SILENCE_S = 10.0
_LOOK_MS = 200
_WAITING = 4  # frames; more would only grow old
_STREAMS_REMEMBERED = 4
_MOST_BACKLOG, _LOOK_BACKLOG_MS = 32, 5
_Received: TypeAlias = tuple[FeedFrame, NDArray[np.uint8], int]  # and when it came, monotonic ns


class Feed:
    """A `Source` that waits to be sent frames.

    Args:
        address: `feed://HOST:PORT`, an address of this machine to listen on.
        keys: whom to hear.
        first_s: how long the first frame may take, seconds.
        silence_s: how long the next ones may.

    Raises:
        SourceError: the address cannot be listened on, nobody may send, or nobody does.
    """

    def __init__(
        self, address: str, keys: KeyRing | None = None, first_s: float = _FIRST_FRAME_S, silence_s: float = _SILENCE_S
    ) -> None:
        keys = keys or KeyRing.of_user()
        allowed = keys.allowed()
        if not allowed:
            raise SourceError(f"{address}: nobody may send yet; make a key with 'run_camera.py keys new NAME'")
        self._label, self._silence_s = address, silence_s
        self._context = zmq.Context()
        self._door = zmq.auth.thread.ThreadAuthenticator(self._context, log=_silent())
        self._door.start()
        self._door.configure_curve_callback("glimpse", _AllowList(set(allowed)))
        self._socket = self._context.socket(zmq.PULL)
        try:
            self._bind(address, keys)
            self._refused = 0
            self._reduced = 0
            self._stream = ""  # heard last
            self._least_delay_ns: dict[str, int] = {}  # by stream, the one heard last at the end
            self._ended = False
            self._decoder = msgspec.msgpack.Decoder(FeedPiece)
            first = self._next(first_s)
            if first is None:
                raise SourceError(f"{address}: no frame came in {first_s:g} s; start 'run_camera.py send' over there")
        except UserFacingError:
            self.close()
            raise
        self._received = deque([first])
        self._take_backlog()
        piece, image, _ = first
        self.height, self.width = image.shape[:2]
        self.fps = piece.fps
        self.says = f"{address}: {self.width}x{self.height}, {self.fps:.6g} frames/s declared, sent with a key"

    def __iter__(self) -> Iterator[Frame]:
        first_ns: int | None = None
        while (received := self._received.popleft() if self._received else self._next(self._silence_s)) is not None:
            piece, image, now_ns = received
            if image.shape[:2] != (self.height, self.width):
                raise SourceError(f"{self._label}: the picture changed its size; start again")
            first_ns = now_ns if first_ns is None else first_ns
            # The network delays each frame differently; the sender's clock spaces them as they were taken.
            captured_ns = self._on_our_clock(piece, now_ns)
            yield Frame(image, captured_ns, now_ns, (captured_ns - first_ns) * 1e-9)
        if not self._ended:
            raise SourceError(f"{self._label}: nothing came for {self._silence_s:g} s; look after the sender")

    def notes(self) -> list[str]:
        """What was refused, and what the sender left out."""
        notes = [f"{self._refused} pieces that were no frame refused"] if self._refused else []
        return notes + (
            [f"{self._reduced} frames left out by the sender: the network is slow"] if self._reduced else []
        )

    def close(self) -> None:
        """Stop listening. A second call does nothing."""
        self._socket.close(linger=0)
        if self._door.is_alive():
            self._door.stop()
        self._context.term()

    def _bind(self, address: str, keys: KeyRing) -> None:
        own = keys.own()
        self._socket.set(zmq.CURVE_SERVER, 1)
        self._socket.set(zmq.CURVE_PUBLICKEY, own.public.encode())
        self._socket.set(zmq.CURVE_SECRETKEY, own.secret.encode())
        self._socket.set(zmq.ZAP_DOMAIN, b"glimpse")
        self._socket.set(zmq.MAXMSGSIZE, MOST_BYTES)
        self._socket.set(zmq.RCVHWM, _WAITING)
        try:
            self._socket.bind("tcp://" + address.removeprefix(SCHEME))
        except zmq.ZMQError as error:
            raise SourceError(
                f"{address}: cannot listen there ({error.strerror}); give an address of this machine and a free port, "
                "such as feed://127.0.0.1:5599"
            ) from None

    def _take_backlog(self) -> None:
        """What piled up before we listened came late; only the last of it tells how long the way takes."""
        while not self._ended and len(self._received) < _MOST_BACKLOG and self._socket.poll(_LOOK_BACKLOG_MS):
            received = self._next(_LOOK_BACKLOG_MS * 1e-3)
            if received is not None:
                self._received.append(received)
        for piece, _, now_ns in self._received:
            self._on_our_clock(piece, now_ns)

    def _next(self, patience_s: float) -> _Received | None:
        deadline = time.monotonic() + patience_s
        while not self._ended and time.monotonic() < deadline:
            if not self._socket.poll(_LOOK_MS):
                continue
            piece = self._read(self._socket.recv())
            if isinstance(piece, FeedEnd):
                if self._stream not in ("", piece.stream):
                    continue  # another one's that was heard before
                self._ended = True
                return None
            if piece is not None and (image := decode_jpeg(piece.jpeg, LONGEST_SIDE)) is not None:
                self._reduced, self._stream = piece.dropped, piece.stream
                return piece, image, time.monotonic_ns()
            self._refused += 1
        return None

    def _read(self, raw: bytes) -> FeedPiece | None:
        try:
            return self._decoder.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None

    def _on_our_clock(self, piece: FeedFrame, now_ns: int) -> int:
        """The least delay seen is taken for none; a sender that was started again has another clock."""
        delay_ns = now_ns - piece.captured_ns
        least_ns = min(delay_ns, self._least_delay_ns.pop(piece.stream, delay_ns))
        self._least_delay_ns[piece.stream] = least_ns
        if len(self._least_delay_ns) > _STREAMS_REMEMBERED:
            del self._least_delay_ns[next(iter(self._least_delay_ns))]
        return piece.captured_ns + least_ns


class _AllowList:
    """Asked by the authenticator for each connection."""

    def __init__(self, public: set[str]) -> None:
        self._public = public

    def callback(self, _domain: str, key: bytes) -> bool:
        """Whether the holder of a public key in Z85 may connect."""
        return key.decode() in self._public


def _silent() -> logging.Logger:
    """Refusals are nobody's news; pyzmq would print each."""
    log = logging.getLogger("glimpse.feed")
    log.addHandler(logging.NullHandler())
    log.propagate = False
    return log
