"""Garbage on the feed's port, from strangers and from a sender that has a key."""

from __future__ import annotations

import contextlib
import random
import socket
import threading
from pathlib import Path

import cv2
import msgspec
import numpy as np
import zmq

from realtime.feed import Feed
from realtime.feed_keys import KeyRing, read_sender_key
from realtime.feed_message import FeedEnd, FeedFrame

FROM_A_SENDER = 20_000
FROM_STRANGERS = 300


def frame(sequence: int, captured_ns: int) -> bytes:
    jpeg = cv2.imencode(".jpg", np.full((48, 64, 3), 90, np.uint8))[1].tobytes()
    return msgspec.msgpack.encode(FeedFrame("a", sequence, captured_ns, 0, 30.0, jpeg))


def turned(piece: bytes, rng: random.Random) -> bytes:
    """Cut short, or with the picture's bytes replaced."""
    if rng.random() < 0.5:
        return piece[: rng.randrange(len(piece))]
    return msgspec.msgpack.encode(FeedFrame("a", 1, 1, 0, 30.0, rng.randbytes(rng.randrange(300))))


def test_strangers_and_a_sender_gone_mad_are_refused_and_the_frames_between_arrive(tmp_path: Path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    ring, rng, whole = KeyRing(tmp_path / "keys"), random.Random(8), frame(1, 1)
    key = read_sender_key(ring.add("laptop", tmp_path))
    sent = [turned(whole, rng) if rng.random() < 0.7 else rng.randbytes(rng.randrange(200)) for _ in range(2000)]

    def send() -> None:
        context = zmq.Context()
        out = context.socket(zmq.PUSH)
        out.set(zmq.CURVE_SERVERKEY, key.receiver.encode())
        out.set(zmq.CURVE_PUBLICKEY, key.public.encode())
        out.set(zmq.CURVE_SECRETKEY, key.secret.encode())
        out.set(zmq.SNDTIMEO, 30_000)
        out.connect(f"tcp://127.0.0.1:{port}")
        out.send(frame(0, 0))
        for number in range(FROM_A_SENDER):
            if number % 1000 == 0:
                out.send(frame(number, number * 33_000_000))
            out.send(sent[number % len(sent)])
        out.send(msgspec.msgpack.encode(FeedEnd("a", "ended")))
        out.close(linger=20_000)
        context.term()

    def rave() -> None:
        noise = random.Random(9)
        for number in range(FROM_STRANGERS):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 5) as stranger:
                greeting = b"\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x03" if number % 3 == 0 else b""
                stranger.sendall(greeting + noise.randbytes(number))

    threads = [threading.Thread(target=send), threading.Thread(target=rave)]
    for thread in threads:
        thread.start()
    feed = Feed(f"feed://127.0.0.1:{port}", ring, first_s=20, silence_s=20)
    frames = list(feed)
    for thread in threads:
        thread.join(30)
    feed.close()
    assert len(frames) == 1 + FROM_A_SENDER // 1000
    assert feed.notes() == [f"{FROM_A_SENDER} pieces that were no frame refused"]
