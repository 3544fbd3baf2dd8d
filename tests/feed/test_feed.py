"""Frames over a real socket with real keys: allowed senders are heard, nobody else is."""

from __future__ import annotations

import random
import socket
import threading
import time
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest
import zmq
from typer.testing import CliRunner

from realtime.failures import UserFacingError
from realtime.feed import Feed
from realtime.feed_keys import KeyRing, SenderKey, new_pair, read_sender_key, write_secret
from realtime.feed_message import FeedEnd, FeedFrame
from realtime.feed_sender import send_feed
from realtime.metrics_server import token_path
from realtime.reconnect import Interruption
from realtime.source import SourceError, SourceSpec
from run_camera import app


@pytest.fixture
def ring(tmp_path) -> KeyRing:
    return KeyRing(tmp_path / "keys")


@pytest.fixture
def address() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"feed://127.0.0.1:{probe.getsockname()[1]}"


@pytest.fixture
def pictures(tmp_path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(12):
        image = np.full((48, 64, 3), 20 * number, np.uint8)
        cv2.imwrite(str(folder / f"{number:03d}.png"), image)
    return folder


def sender(key: SenderKey, address: str) -> zmq.Socket[bytes]:
    out = zmq.Context.instance().socket(zmq.PUSH)
    out.set(zmq.CURVE_SERVERKEY, key.receiver.encode())
    out.set(zmq.CURVE_PUBLICKEY, key.public.encode())
    out.set(zmq.CURVE_SECRETKEY, key.secret.encode())
    out.set(zmq.LINGER, 0)
    out.connect(address.replace("feed://", "tcp://"))
    return out


def frame(sequence: int, grey: int = 100, stream: str = "a", captured_ns: int = 0) -> bytes:
    jpeg = cv2.imencode(".jpg", np.full((48, 64, 3), grey, np.uint8))[1].tobytes()
    return msgspec.msgpack.encode(FeedFrame(stream, sequence, captured_ns, 0, 30.0, jpeg))


def test_a_recording_arrives_whole_and_in_order(ring, address, pictures, tmp_path):
    key = ring.add("laptop", tmp_path)
    spec = SourceSpec(str(pictures), realtime=True, image_fps=25)
    result = {}
    thread = threading.Thread(target=lambda: result.update(counts=send_feed(spec, address, key)))
    thread.start()
    feed = Feed(address, ring, first_s=10, silence_s=5)
    frames = list(feed)
    thread.join(10)
    feed.close()
    assert result["counts"] == (12, 0)
    greys = [round(float(one.image.mean()) / 20) for one in frames]
    assert greys == list(range(12))
    assert (feed.width, feed.height, feed.fps) == (64, 48, 25)
    steps_ms = np.diff([one.captured_ns for one in frames]) * 1e-6
    assert np.median(steps_ms) == pytest.approx(40, abs=3), "spaced as they were taken, not as they arrived"


def test_a_source_whose_frames_would_be_refused_is_told_to_its_sender(ring, address, tmp_path, monkeypatch):
    monkeypatch.setattr(zmq.Socket, "poll", lambda *_: zmq.POLLOUT)  # as if somebody listened
    cv2.imwrite(str(tmp_path / "wide.png"), np.zeros((2, 4097, 3), np.uint8))
    with pytest.raises(UserFacingError, match="larger than 4096 px are refused"):
        send_feed(SourceSpec(str(tmp_path), realtime=True), address, ring.add("laptop", tmp_path / "keys"))


def test_strangers_are_not_heard(ring, address, tmp_path):
    known = read_sender_key(ring.add("known", tmp_path))
    pair = new_pair()
    stranger = sender(SenderKey("stranger", pair.public, pair.secret, known.receiver), address)
    plain = zmq.Context.instance().socket(zmq.PUSH)
    plain.set(zmq.LINGER, 0)
    plain.connect(address.replace("feed://", "tcp://"))
    for out in (stranger, plain):
        out.send(frame(0, grey=1))
    with pytest.raises(SourceError, match="no frame came"):
        Feed(address, ring, first_s=1.5)
    stranger.close()
    plain.close()


def test_a_revoked_sender_is_a_stranger(ring, address, tmp_path):
    ring.add("other", tmp_path)
    key = read_sender_key(ring.add("gone", tmp_path))
    ring.revoke("gone")
    out = sender(key, address)
    out.send(frame(0))
    with pytest.raises(SourceError, match="no frame came"):
        Feed(address, ring, first_s=1.0)
    out.close()
    with pytest.raises(UserFacingError, match="there are other"):
        ring.revoke("gone")


def test_garbage_from_a_known_sender_is_refused_and_counted(ring, address, tmp_path):
    out = sender(read_sender_key(ring.add("laptop", tmp_path)), address)
    rng = random.Random(4)
    whole = frame(0)
    garbage = [rng.randbytes(rng.randrange(0, 400)) for _ in range(300)]
    garbage += [whole[: rng.randrange(len(whole))] for _ in range(300)]
    garbage += [msgspec.msgpack.encode(FeedFrame("a", 0, 0, 0, 30.0, rng.randbytes(200))) for _ in range(50)]
    out.send(whole)
    for piece in garbage:
        out.send(piece)
    out.send(frame(1, grey=200))
    out.send(msgspec.msgpack.encode(FeedEnd("a", "ended")))
    feed = Feed(address, ring, first_s=10, silence_s=5)
    frames = list(feed)
    feed.close()
    out.close()
    assert [round(float(one.image.mean()), -1) for one in frames] == [100, 200]
    assert feed.notes() == [f"{len(garbage)} pieces that were no frame refused"]


def test_the_end_of_another_stream_ends_nothing(ring, address, tmp_path):
    out = sender(read_sender_key(ring.add("laptop", tmp_path)), address)
    for piece in (frame(0), msgspec.msgpack.encode(FeedEnd("before", "ended")), frame(1)):
        out.send(piece)
    out.send(msgspec.msgpack.encode(FeedEnd("a", "ended")))
    feed = Feed(address, ring, first_s=10, silence_s=5)
    assert len(list(feed)) == 2
    feed.close()
    out.close()


def test_a_sender_started_again_keeps_time_going_forward(ring, address, tmp_path):
    out = sender(read_sender_key(ring.add("laptop", tmp_path)), address)

    def send_twice() -> None:
        for stream, base_ns in (("a", 9_000_000_000_000), ("b", 5_000_000)):
            for number in range(5):
                out.send(frame(number, stream=stream, captured_ns=base_ns + number * 20_000_000))
                time.sleep(0.02)
            time.sleep(0.3)

    threading.Thread(target=send_twice, daemon=True).start()
    feed = Feed(address, ring, first_s=10, silence_s=0.8)
    times_ns = []
    with pytest.raises(SourceError, match="nothing came"):
        for one in feed:
            times_ns.append(one.captured_ns)
    feed.close()
    steps_ms = np.diff(times_ns) * 1e-6
    assert len(times_ns) == 10 and (np.delete(steps_ms, 4) > 15).all(), "two streams, each spaced as it was taken"
    assert 100 < steps_ms[4] < 600, "and the pause between them is kept"


@pytest.mark.parametrize("fps", [0.0, -25.0, float("nan"), float("inf")])
def test_a_frame_at_no_possible_rate_is_refused(ring, address, tmp_path, fps):
    out = sender(read_sender_key(ring.add("laptop", tmp_path)), address)
    piece = msgspec.msgpack.decode(frame(0))
    out.send(msgspec.msgpack.encode([fps if value == 30.0 else value for value in piece]))
    out.send(frame(1))
    feed = Feed(address, ring, first_s=10)
    assert feed.fps == 30 and feed.notes() == ["1 pieces that were no frame refused"]
    feed.close()
    out.close()


def test_a_picture_too_large_for_its_decoder_is_refused(ring, address, tmp_path):
    out = sender(read_sender_key(ring.add("laptop", tmp_path)), address)
    small = cv2.imencode(".jpg", np.zeros((48, 64, 3), np.uint8))[1].tobytes()
    start = small.index(b"\xff\xc0") + 5  # height and width in the frame's header
    huge = small[:start] + b"\xff\xdc\xff\xdc" + small[start + 4 :]
    out.send(msgspec.msgpack.encode(FeedFrame("a", 0, 0, 0, 30.0, huge)))
    out.send(frame(1))
    feed = Feed(address, ring, first_s=10)
    assert feed.notes() == ["1 pieces that were no frame refused"]
    feed.close()
    out.close()


def test_a_sender_that_falls_silent_is_noticed_before_its_worker_is_taken_for_hung(
    ring, address, tmp_path, monkeypatch
):
    monkeypatch.setattr(KeyRing, "of_user", lambda: ring)
    out = sender(read_sender_key(ring.add("laptop", tmp_path)), address)
    out.send(frame(0))
    held = SourceSpec(address, stall_s=0.5).hold()
    first = next(item for item in held if isinstance(item, Interruption))
    assert "nothing came for 0.5 s" in first.reason
    out.close()
    held.close()


def test_a_sender_that_is_away_is_waited_for_in_short_turns(ring, address, tmp_path, monkeypatch):
    monkeypatch.setattr(KeyRing, "of_user", lambda: ring)
    monkeypatch.setattr("realtime.feed.AGAIN_S", 0.4)
    ring.add("laptop", tmp_path)
    items = iter(SourceSpec(address).hold(resume=True))
    assert "no frame came in 0.4 s" in next(items).reason
    assert "no frame came in 0.4 s" in next(items).reason


def test_a_key_that_others_may_read_is_refused(ring, tmp_path):
    file = ring.add("laptop", tmp_path)
    assert oct(file.stat().st_mode & 0o777) == "0o600" == oct((ring.folder / "own.json").stat().st_mode & 0o777)
    file.chmod(0o644)
    with pytest.raises(UserFacingError, match="chmod 600"):
        read_sender_key(file)


def test_a_folder_whose_name_looks_like_markup_is_printed_as_it_is(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    done = CliRunner().invoke(app, ["keys", "new", "laptop", "--out", str(tmp_path / "[" / "x]")])
    assert done.exit_code == 0, done.output
    assert f"{tmp_path}/[/x]/laptop.glimpse-key: carry it" in done.output


def test_keys_lie_with_what_else_belongs_to_the_user(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert KeyRing.of_user().folder == tmp_path / "glimpse" / "keys"
    assert token_path() == tmp_path / "glimpse" / "metrics.token"
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    assert KeyRing.of_user().folder.is_absolute() and token_path().is_absolute()


def test_an_allowed_key_that_cannot_be_read_gets_one_line(ring, tmp_path):
    ring.add("laptop", tmp_path)
    (ring.folder / "allowed" / "laptop").write_bytes(b"\xff")
    with pytest.raises(UserFacingError, match="holds no key"):
        ring.allowed()
    (ring.folder / "allowed" / "laptop").unlink()
    (ring.folder / "allowed" / "folder").mkdir()
    with pytest.raises(UserFacingError, match="a key cannot be read"):
        ring.revoke("laptop")


def test_a_damaged_key_and_a_missing_one_get_one_line(tmp_path):
    with pytest.raises(UserFacingError, match="keys new"):
        read_sender_key(tmp_path / "none")
    write_secret(tmp_path / "bad", new_pair())
    with pytest.raises(UserFacingError, match="no key of Glimpse"):
        read_sender_key(tmp_path / "bad")
    pair = new_pair()
    for secret in (pair.secret[:-1], pair.secret + "\n", "~" * 40):
        write_secret(tmp_path / "bad", SenderKey("bad", pair.public, secret, pair.public))
        with pytest.raises(UserFacingError, match="no key of Glimpse"):
            read_sender_key(tmp_path / "bad")
    for _ in range(50):
        write_secret(tmp_path / "good", SenderKey("good", new_pair().public, new_pair().secret, pair.public))
        read_sender_key(tmp_path / "good")


@pytest.mark.parametrize("name", ["", "../up", ".hidden", "a b", "x" * 70])
def test_a_name_that_could_lead_elsewhere_is_refused(ring, tmp_path, name):
    with pytest.raises(UserFacingError, match="cannot be a key's name"):
        ring.add(name, tmp_path)


def test_nobody_on_the_list_is_told_at_once(ring, address):
    with pytest.raises(SourceError, match="keys new"):
        Feed(address, ring)


def test_a_port_in_use_is_told(ring, address, tmp_path):
    ring.add("laptop", tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", int(address.rsplit(":", 1)[1])))
        taken.listen()
        with pytest.raises(SourceError, match="free port"):
            Feed(address, ring)
