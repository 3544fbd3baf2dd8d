"""The camera of a browser as a source: the live page streams JPEGs, the server hands them on through a socket."""

from __future__ import annotations

import struct
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import zmq
from numpy.typing import NDArray

from realtime.jpeg import decode_jpeg
from realtime.source import Frame, SourceError

LARGEST_FRAME = 4 * 2**20
"""Bytes of one JPEG; a larger one is refused."""
LONGEST_SIDE = 1920
"""Of a picture, px."""
END = b""
"""Instead of a frame: the browser has stopped its camera."""
_STAMP = struct.Struct("<q")
_WAITING = 4  # frames that may wait; further ones are dropped where they come from
_SILENT_S = 10.0
_FIRST_S = 15.0  # a person may have to allow the camera first; less than a stage may be silent


def pack_frame(grabbed_ns: int, jpeg: bytes) -> bytes:
    """One frame as it crosses the socket.

    Args:
        grabbed_ns: when the browser got it, on this machine's monotonic clock.
        jpeg: the picture.
    """
    return _STAMP.pack(grabbed_ns) + jpeg


class BrowserCamera:
    """A `Source`. Times are the browser's, carried over to this machine's clock, so that the road does not show.

    Args:
        path: of the socket; its other end is the page's server.
        width, height: of the pictures, as the page has announced them, px.
        fps: as announced.

    Raises:
        SourceError: the socket cannot be made.
    """

    def __init__(self, path: Path, width: int, height: int, fps: float) -> None:
        self.width, self.height, self.fps = width, height, fps
        self.says = f"the browser's camera: {width}x{height}, {fps:g} frames/s"
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket = self._context.socket(zmq.PULL)
        self._socket.set_hwm(_WAITING)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.setsockopt(zmq.MAXMSGSIZE, LARGEST_FRAME + _STAMP.size)
        self._damaged = 0
        self._late = 0
        try:
            self._socket.bind(f"ipc://{path}")
        except zmq.ZMQError as error:
            self.close()
            raise SourceError(f"the browser's camera: {path}: {error.strerror}") from None

    def __iter__(self) -> Iterator[Frame]:
        while self._socket.poll(0):  # what came while the pipeline was still starting is out of date
            if self._socket.recv() == END:
                return
        first_ns = last_ns = 0
        wait_s = _FIRST_S
        while True:
            if not self._socket.poll(round(1000 * wait_s)):
                raise SourceError(f"the browser sent no picture for {wait_s:g} s; is its page still in front?")
            wait_s = _SILENT_S
            piece = self._socket.recv()
            if piece == END:
                return
            taken = self._unpack(piece)
            if taken is None:
                continue
            grabbed_ns, image = taken
            first_ns = first_ns or grabbed_ns
            if grabbed_ns <= last_ns:
                self._late += 1
                continue
            last_ns = grabbed_ns
            yield Frame(image, grabbed_ns, grabbed_ns, (grabbed_ns - first_ns) * 1e-9)

    def notes(self) -> list[str]:
        """Pictures that could not be used."""
        notes = [f"{self._damaged} pictures of the browser could not be read"] if self._damaged else []
        return [*notes, *([f"{self._late} pictures came twice or out of order"] if self._late else [])]

    def close(self) -> None:
        """Let go of the socket. A second call does nothing."""
        self._socket.close(linger=0)
        self._context.term()

    def _unpack(self, piece: bytes) -> tuple[int, NDArray[np.uint8]] | None:
        if len(piece) <= _STAMP.size:
            self._damaged += 1
            return None
        (grabbed_ns,) = _STAMP.unpack_from(piece)
        image = decode_jpeg(piece[_STAMP.size :], LONGEST_SIDE)
        if image is None:
            self._damaged += 1
            return None
        if image.shape[:2] != (self.height, self.width):
            raise SourceError(
                f"the browser's picture changed from {self.width}x{self.height} to "
                f"{image.shape[1]}x{image.shape[0]}; start again"
            )
        return min(grabbed_ns, time.monotonic_ns()), image
