"""Edges: order, the two policies, and what is no message."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
import zmq

from realtime.edges import Inbox, Outbox, address
from realtime.failures import UserFacingError
from realtime.graph import Edge, Policy
from realtime.messages import EndOfStream, FaceLost, FrameCaptured, Message, WorkerReport

Ends = Callable[..., tuple[Inbox, Outbox]]


@pytest.fixture
def context() -> Iterator[zmq.Context]:
    context = zmq.Context()
    yield context
    context.destroy(linger=0)


@pytest.fixture
def ends(context: zmq.Context, tmp_path: Path) -> Ends:
    def make(policy: Policy, keep: int = 8, carries: frozenset[str] = frozenset()) -> tuple[Inbox, Outbox]:
        edge = Edge("a", "b", policy, keep, carries)
        return Inbox(context, tmp_path, edge), Outbox(context, tmp_path, edge)

    return make


def frame(number: int) -> FrameCaptured:
    return FrameCaptured(source="s", sequence=number, captured_ns=number, grabbed_ns=number, epoch=0, width=1, height=1)


def lost(number: int) -> FaceLost:
    return FaceLost(
        source="s", sequence=number, captured_ns=0, grabbed_ns=0, epoch=0, presentation_s=0.0, reason="gone"
    )


def end(number: int) -> EndOfStream:
    return EndOfStream(source="s", sequence=number, captured_ns=0, grabbed_ns=0, epoch=0, reason="over")


def send(outbox: Outbox, message: Message, stopped: Callable[[], bool] = lambda: False) -> bool:
    return outbox.send(message, msgspec.msgpack.encode(message), stopped)


def receive_all(inbox: Inbox) -> list[Message]:
    received = []
    while (message := inbox.receive(300)) is not None:
        received.append(message)
    return received


def test_messages_arrive_whole_and_in_order(ends: Ends):
    inbox, outbox = ends(Policy.LOSSLESS)
    sent = [frame(0), lost(1), frame(2), end(2)]
    for message in sent:
        assert send(outbox, message)
    assert receive_all(inbox) == sent


def test_a_lossless_sender_waits_and_can_be_stopped(ends: Ends):
    inbox, outbox = ends(Policy.LOSSLESS)
    accepted = 0
    while send(outbox, frame(accepted), lambda: True):
        accepted += 1
        assert accepted < 10_000, "the edge is not bounded"
    assert [message.sequence for message in receive_all(inbox)] == list(range(accepted))
    assert inbox.dropped == outbox.dropped == 0


def test_a_live_receiver_keeps_the_newest_frames_and_counts_the_rest(ends: Ends):
    inbox, outbox = ends(Policy.LATEST, keep=3)
    for number in range(100):
        assert send(outbox, frame(number))
    assert send(outbox, end(99))
    received = [inbox.receive(1000)]
    while inbox.has_waiting() and inbox.dropped == 0:
        received.append(inbox.receive(1000))
    received += receive_all(inbox)
    assert [message.sequence for message in received][-4:] == [97, 98, 99, 99]
    assert inbox.dropped + len(received) == 101


def test_a_live_edge_never_drops_what_is_not_a_frame(ends: Ends):
    inbox, outbox = ends(Policy.LATEST, keep=1)
    for number in range(200):
        send(outbox, frame(number))
        if number % 10 == 0:
            send(outbox, lost(number))
    kept = [message.sequence for message in receive_all(inbox) if isinstance(message, FaceLost)]
    assert kept == list(range(0, 200, 10))


def test_a_live_sender_never_waits_with_frames(ends: Ends):
    """A receiver that takes nothing any more: frames are dropped and counted, the rest is kept until told to stop."""
    _inbox, outbox = ends(Policy.LATEST)
    for number in range(20_000):
        assert send(outbox, frame(number), lambda: True)
    assert outbox.dropped > 0
    assert not send(outbox, end(20_000), lambda: True)


def test_an_edge_carries_only_what_it_is_for(ends: Ends):
    inbox, outbox = ends(Policy.LOSSLESS, carries=frozenset({"EndOfStream"}))
    for message in (frame(0), lost(0), end(0)):
        assert send(outbox, message)
    assert receive_all(inbox) == [end(0)]


def test_garbage_is_refused_and_counted(ends: Ends, context: zmq.Context, tmp_path: Path):
    inbox, outbox = ends(Policy.LOSSLESS)
    vandal = context.socket(zmq.PUSH)
    vandal.connect(address(tmp_path, Edge("a", "b", Policy.LOSSLESS)))
    report = WorkerReport(worker="w", phase="RUNNING", handled=0, dropped=0, busy_ns=0)
    good = msgspec.msgpack.encode(frame(1))
    rng = random.Random(7)
    pieces = [
        b"",
        b"\xff" * 100,
        b"cos\nsystem\n(S'true'\ntR.",  # a pickle
        msgspec.msgpack.encode({"type": "FrameCaptured", "sequence": "seven"}),
        msgspec.msgpack.encode({"type": "NoSuchMessage"}),
        msgspec.msgpack.encode(report),  # speaks of workers, not of frames
        good[:-3],
        *(rng.randbytes(rng.randrange(1, 200)) for _ in range(500)),
    ]
    received = 0
    for piece in pieces:
        vandal.send(piece)
        received += inbox.receive(2) is not None
    send(outbox, frame(3))
    assert receive_all(inbox)[-1] == frame(3)
    assert received == 0
    assert inbox.refused == len(pieces)
    vandal.close(linger=0)


def test_a_message_too_large_cuts_off_its_sender_only(ends: Ends, context: zmq.Context, tmp_path: Path):
    inbox, outbox = ends(Policy.LOSSLESS)
    vandal = context.socket(zmq.PUSH)
    vandal.connect(address(tmp_path, Edge("a", "b", Policy.LOSSLESS)))
    vandal.send(bytes(2**21))
    assert inbox.receive(200) is None
    send(outbox, frame(3))
    assert receive_all(inbox) == [frame(3)]
    vandal.close(linger=0)


def test_a_message_sent_before_the_receiver_runs_is_not_lost(context: zmq.Context, tmp_path: Path):
    edge = Edge("a", "b", Policy.LOSSLESS)
    outbox = Outbox(context, tmp_path, edge)
    send(outbox, frame(5))
    assert Inbox(context, tmp_path, edge).receive(3000) == frame(5)


def test_a_folder_too_deep_for_a_socket_is_said(tmp_path: Path):
    with pytest.raises(UserFacingError, match="too long for a socket; set TMPDIR"):
        address(tmp_path / ("d" * 100), Edge("a", "b", Policy.LATEST))


def test_sockets_lie_in_the_folder_only(ends: Ends, tmp_path: Path):
    ends(Policy.LATEST)
    assert [file.name for file in tmp_path.iterdir()] == ["a-b.ipc"]
