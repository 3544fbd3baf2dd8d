"""Garbage on every socket and pipe of a run: refused, counted, and nobody dies of it."""

from __future__ import annotations

import os
import pickle
import random
import threading
import time
from collections.abc import Iterator
from multiprocessing import Pipe
from pathlib import Path

import msgspec
import pytest
import zmq
from conftest import folders, wait_until
from fake_graph import fake_graph, fake_rings

from realtime.control import Begin, Stop, encode
from realtime.graph_run import Plan, run_plan
from realtime.lifeline import Lifeline
from realtime.messages import AnyMessage, FaceLost, FaceTracked, FrameCaptured, Message, Quality
from realtime.outcome import Limits
from realtime.restarts import RestartPolicy

ALL = 100_000
STAMP = {"source": "s", "sequence": 7, "captured_ns": 7, "grabbed_ns": 7, "epoch": 0}
QUALITY = Quality(1, 1, 1, 1, 1, 1)
TRACKED = FaceTracked(
    **STAMP,
    presentation_s=0.1,
    crop_epoch=0,
    crop_from_frame=(1, 0, 0, 0, 1, 0),
    landmarks=bytes(5616),
    face_width=184.0,
    quality=QUALITY,
)
GOOD = [
    msgspec.msgpack.encode(message)
    for message in (
        FrameCaptured(**STAMP, width=1, height=1),
        FaceLost(**STAMP, presentation_s=0.0, reason="gone"),
        TRACKED,
    )
]
decoder = msgspec.msgpack.Decoder(AnyMessage)


def is_message(piece: bytes) -> bool:
    try:
        return isinstance(decoder.decode(piece), Message)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False


def garbage(rng: random.Random) -> bytes:
    """Noise, pickles, and messages cut short, with bits turned and bytes put in."""
    kind = rng.randrange(5)
    if kind == 0:
        return rng.randbytes(rng.randrange(300))
    if kind == 1:
        return pickle.dumps({"run": [rng.random(), "true"]})
    piece = bytearray(rng.choice(GOOD))
    if kind == 2:
        return bytes(piece[: rng.randrange(len(piece))])
    for _ in range(rng.randrange(1, 6)):
        place = rng.randrange(min(len(piece), 200))
        if kind == 3:
            piece[place] ^= 1 << rng.randrange(8)
        else:
            piece[place:place] = rng.randbytes(rng.randrange(1, 9))
    return bytes(piece)


@pytest.fixture(scope="module")
def pieces() -> list[bytes]:
    """Such as are no message by chance."""
    rng = random.Random(11)
    found: list[bytes] = []
    while len(found) < 2000:
        piece = garbage(rng)
        if not is_message(piece):
            found.append(piece)
    return found


def test_a_run_under_a_hundred_thousand_pieces_of_garbage_goes_on_and_counts_them(tmp_path: Path, pieces: list[bytes]):
    out = tmp_path / "out.txt"
    graph = fake_graph(out, 10**6, live=True, fps=100)
    done, heard = threading.Event(), []
    edges = len(graph.edges)

    def vandalise() -> None:
        context = zmq.Context()
        assert wait_until(lambda: bool(heard), 60)
        (folder,) = folders(os.getpid())
        sockets = []
        for edge in graph.edges:
            socket = context.socket(zmq.PUSH)
            socket.set(zmq.SNDTIMEO, 30_000)
            socket.connect(f"ipc://{folder}/{edge.sender}-{edge.receiver}.ipc")
            sockets.append(socket)
        for number in range(ALL):
            sockets[number % edges].send(pieces[number % len(pieces)])
        time.sleep(1.0)  # for the last of them to be looked at
        done.set()
        context.destroy(linger=0)

    vandal = threading.Thread(target=vandalise)
    vandal.start()
    summary = run_plan(
        Plan(graph, "fake", fake_rings(graph), Limits(), heard.append, done.is_set, RestartPolicy(first_s=0.05))
    )
    vandal.join()
    assert summary.stopped_by == "asked"
    assert all(stage.restarts == 0 for stage in summary.stages)
    refused = {stage.name: stage.refused for stage in summary.stages}
    assert sum(refused.values()) == ALL
    assert refused["track"] == ALL / edges, "each counts its own"
    lines = out.read_text().splitlines()
    assert lines[-1] == "closed"
    assert sum(line.startswith("FaceTracked") for line in lines) > 50


def test_what_is_a_message_by_chance_has_fields_that_can_be_used():
    """Bits turned by chance may leave a message; its numbers fit where they will be put."""
    rng = random.Random(5)
    seen = 0
    for _ in range(20_000):
        piece = garbage(rng)
        if not is_message(piece):
            continue
        message = decoder.decode(piece)
        seen += 1
        assert abs(message.sequence) < 2**62 and abs(message.captured_ns) < 2**62
        if isinstance(message, FaceTracked):
            assert message.mesh().shape == (468, 3)
    assert seen > 500


@pytest.mark.parametrize(
    "change", [{"sequence": 2**64 - 1}, {"captured_ns": -(2**63)}, {"epoch": 2**63}, {"landmarks": bytes(5615)}]
)
def test_a_message_whose_numbers_fit_nowhere_is_refused(change: dict):
    assert is_message(msgspec.msgpack.encode(TRACKED))
    assert not is_message(msgspec.msgpack.encode(msgspec.structs.replace(TRACKED, **change)))


@pytest.fixture
def line(tmp_path: Path) -> Iterator[tuple[Lifeline, object]]:
    ours, theirs = Pipe()
    line = Lifeline("fake", theirs, tmp_path / "no-run", 5.0, 5.0)
    yield line, ours
    # Its thread ends with this process; a cut line would end this process.
    threading.Thread(target=lambda: _listen(ours), daemon=True).start()


def _listen(ours: object) -> None:
    try:
        while True:
            ours.recv_bytes()
    except (EOFError, OSError):
        return


def test_orders_that_are_none_are_refused_and_the_next_one_is_obeyed(line: tuple, pieces: list[bytes]):
    alive, ours = line
    for piece in pieces[:300]:
        ours.send_bytes(piece)
        while ours.poll():
            ours.recv_bytes()
    ours.send_bytes(encode(Begin({})))
    assert wait_until(lambda: alive.wait_for_rings() == {}, 5)
    assert alive.books.refused == 300
    ours.send_bytes(encode(Stop()))
    assert wait_until(lambda: alive.stopping, 5)
