"""Send the frames of a local source to Glimpse on another machine."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import msgspec
import zmq

from realtime.failures import UserFacingError
from realtime.feed import SCHEME
from realtime.feed_keys import read_sender_key
from realtime.feed_message import LONGEST_SIDE, FeedEnd, FeedFrame
from realtime.source import SourceSpec

_QUALITY = 92  # of the JPEGs: below it, blocks move as far as a micro-expression does
_CONNECT_S = 20.0
_LEAVE_MS = 2000


def send_feed(
    source: SourceSpec,
    address: str,
    key: Path,
    *,
    stopping: Callable[[], bool] = lambda: False,
    tell: Callable[[str], None] = lambda line: None,
) -> tuple[int, int]:
    """Send until the source ends or somebody stops it. Frames for which the network is too slow are dropped.

    Args:
        source: what to open here.
        address: `feed://HOST:PORT` on which the other machine listens.
        key: the file made there by `keys new`.
        stopping: asked before each frame.
        tell: told what is delivered, once connected.

    Returns:
        Frames sent, frames dropped.

    Raises:
        UserFacingError: the source or the key cannot be used, or the other machine does not answer or refuses the key.
    """
    sender = read_sender_key(key)
    context = zmq.Context()
    socket = context.socket(zmq.PUSH)
    try:
        socket.set(zmq.CURVE_SERVERKEY, sender.receiver.encode())
        socket.set(zmq.CURVE_PUBLICKEY, sender.public.encode())
        socket.set(zmq.CURVE_SECRETKEY, sender.secret.encode())
        socket.set(zmq.SNDHWM, 2)
        socket.set(zmq.IMMEDIATE, 1)  # nothing waits for a connection that is not there
        socket.set(zmq.LINGER, _LEAVE_MS)
        try:
            socket.connect("tcp://" + address.removeprefix(SCHEME))
        except zmq.ZMQError as error:
            raise UserFacingError(f"{address}: {error.strerror}; give feed://HOST:PORT") from None
        if not socket.poll(int(_CONNECT_S * 1000), zmq.POLLOUT):
            raise UserFacingError(
                f"{address}: no answer in {_CONNECT_S:g} s; is 'run_camera.py camera {address}' running there, and is "
                f"the key {sender.name} still allowed?"
            )
        return _send(source, socket, stopping, tell)
    finally:
        socket.close()
        context.term()


def _send(
    spec: SourceSpec, socket: zmq.Socket[bytes], stopping: Callable[[], bool], tell: Callable[[str], None]
) -> tuple[int, int]:
    source = spec.open()
    encoder = msgspec.msgpack.Encoder()
    stream = os.urandom(8).hex()
    sent = dropped = 0
    try:
        if max(source.width, source.height) > LONGEST_SIDE:
            raise UserFacingError(
                f"{source.says}: frames larger than {LONGEST_SIDE} px are refused over there; scale them"
            )
        tell(source.says)
        for frame in source:
            if stopping():
                break
            _, jpeg = cv2.imencode(
                ".jpg", cv2.cvtColor(frame.image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
            )
            piece = FeedFrame(stream, sent, frame.captured_ns, dropped, source.fps, jpeg.tobytes())
            try:
                socket.send(encoder.encode(piece), zmq.DONTWAIT)
                sent += 1
            except zmq.Again:
                dropped += 1
    finally:
        source.close()
    if socket.poll(_LEAVE_MS, zmq.POLLOUT):
        socket.send(encoder.encode(FeedEnd(stream, "stopped" if stopping() else "ended")))
        time.sleep(0.05)  # the handshake of a slow peer; LINGER does the rest
    return sent, dropped
