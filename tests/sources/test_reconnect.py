"""A camera that stalls, vanishes, returns and changes its size, under a run of real processes."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from camera_run import Run, reachable_by_children
from network_camera import NetworkCamera

from realtime.capture import Capture
from realtime.fitting import fitted
from realtime.lifeline import Books
from realtime.logbook import Logbook
from realtime.messages import FrameCaptured, SourceLost, SourceOpened, StageRestarted
from realtime.outlet import Outlet
from realtime.presentation import GrowingStamps
from realtime.reconnect import Interruption, Reconnecting
from realtime.source import Frame, SourceError


@pytest.fixture
def camera(tmp_path: Path) -> Iterator[NetworkCamera]:
    camera = NetworkCamera(tmp_path)
    yield camera
    camera.kill()


@pytest.fixture
def start(camera: NetworkCamera, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Run]]:
    reachable_by_children(monkeypatch)
    runs: list[Run] = []

    def start() -> Run:
        runs.append(Run(camera.url, tmp_path))
        runs[-1].wait_for(SourceOpened, 1)
        return runs[-1]

    yield start
    for run in runs:
        run.abandon()


def test_a_camera_that_vanishes_stalls_returns_and_changes_its_size_is_followed(
    camera: NetworkCamera, start: Callable[[], Run]
):
    run = start()
    time.sleep(0.5)
    camera.kill()  # vanishes
    run.wait_for(SourceLost, 1)
    time.sleep(0.7)  # at least one try in vain
    camera.start()
    run.wait_for(SourceOpened, 2)
    time.sleep(0.3)
    camera.tell("stall")  # stays connected, and sends nothing
    run.wait_for(SourceLost, 2)
    camera.tell("run")
    run.wait_for(SourceOpened, 3)
    time.sleep(0.3)
    camera.tell("320x180")  # another size and shape in mid-stream
    run.wait_for(SourceOpened, 4)
    time.sleep(0.3)
    messages = run.end()

    opened = [message for message in messages if isinstance(message, SourceOpened)]
    assert [message.epoch for message in opened] == [0, 1, 2, 3]
    assert {(message.width, message.height) for message in opened} == {(160, 120)}, "the size a run began with"
    assert "320x180" in opened[3].says
    assert len({message.began_unix_ns for message in opened}) == 1, "the wall clock is mapped once"
    lost = [message for message in messages if isinstance(message, SourceLost)]
    assert [message.epoch for message in lost] == [0, 1, 2]
    assert "nothing came for 1 s" in lost[1].reason
    assert "changed from 160x120 to 320x180" in lost[2].reason

    frames = [message for message in messages if isinstance(message, FrameCaptured)]
    assert {message.epoch for message in frames} == {0, 1, 2, 3}
    numbers = [message.sequence for message in frames]
    assert numbers == sorted(set(numbers))
    times = [message.presentation_s for message in frames]
    assert times == sorted(set(times)), "time goes on through all of it"
    assert 0 <= times[0] < 0.5
    gaps = np.diff(times)
    assert (gaps > 0.5).sum() >= 2, "and what was missed is seen in it"
    assert run.summary is not None
    assert any("frames of 320x180 came, and were fitted into 160x120" in note for note in run.summary.notes)
    said = str(run.summary) + str(messages)
    assert "s3cret" not in said
    assert "viewer" not in said


def test_a_read_that_blocks_for_ever_is_ended_from_outside(start: Callable[[], Run]):
    """A driver that hangs: the process that reads is frozen, so that not even its own time limits work."""
    import psutil

    run = start()
    workers = [p for p in psutil.Process().children(recursive=True) if "spawn_main" in " ".join(p.cmdline())]
    owns_socket = [p for p in workers if any(c.raddr for c in p.net_connections(kind="tcp"))]
    assert len(owns_socket) == 1
    owns_socket[0].send_signal(signal.SIGSTOP)
    run.wait_for(StageRestarted, 1, 60)
    run.wait_for(SourceOpened, 2)
    time.sleep(0.3)
    messages = run.end()
    frames = [message for message in messages if isinstance(message, FrameCaptured)]
    assert {message.epoch for message in frames} == {0, 1}
    numbers = [message.sequence for message in frames]
    assert numbers == sorted(set(numbers))


class Fragile:
    """A source that breaks after three frames; the first may have lain waiting."""

    width, height, fps, says = 4, 2, 30.0, "fragile"

    def __iter__(self) -> Iterator[Frame]:
        for number in range(3):
            time.sleep(0.02)
            yield Frame(np.zeros((2, 4, 3), np.uint8), number, number, 0.0)
        raise SourceError("broke")

    def notes(self) -> list[str]:
        return ["odd"]

    def close(self) -> None:
        pass


def test_waits_double_while_it_does_not_come_back_and_begin_anew_when_it_has():
    tries = 0

    def open_it() -> Fragile:
        nonlocal tries
        tries += 1
        if 2 <= tries <= 8:
            raise SourceError("not there")
        return Fragile()

    items = iter(Reconnecting(open_it, at_once=True, stall_s=1.0))
    taken = [next(items) for _ in range(13)]
    waits = [item.wait_s for item in taken if isinstance(item, Interruption)]
    assert waits == [0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0, 10.0, 0.5]
    assert [item.reason for item in taken if isinstance(item, Interruption)] == ["broke", *["not there"] * 7, "broke"]


def test_a_source_that_cannot_be_opened_at_first_is_an_error_and_later_is_waited_for():
    def absent() -> Fragile:
        raise SourceError("not there")

    with pytest.raises(SourceError, match="not there"):
        Reconnecting(absent, at_once=True, stall_s=1.0)
    assert next(iter(Reconnecting(absent, at_once=False, stall_s=1.0))) == Interruption("not there", 0.5)


def test_opening_may_take_longer_than_a_read_whether_or_not_a_frame_ever_came(tmp_path: Path):
    class Line:
        """Notes how long each call into the source may take."""

        stopping = False

        def __init__(self) -> None:
            self.limits: list[float | None] = []
            self.books = Books()

        def go_in(self, limit_s: float | None = None) -> None:
            self.limits.append(limit_s)

        def come_out(self) -> None:
            self.stopping = len(self.limits) == 4

    line = Line()
    tries = iter([SourceError("not there"), Fragile()])

    def open_it() -> Fragile:
        tried = next(tries)
        if isinstance(tried, SourceError):
            raise tried
        return tried

    log = Logbook(tmp_path, "capture")
    outlet = Outlet({}, {}, [], line, log)
    source = Reconnecting(open_it, at_once=False, stall_s=1.0)
    Capture(source, "cam", line, outlet, log).run()
    assert line.limits == [41.0, 41.0, 3.0, 3.0]


def test_a_picture_of_another_size_keeps_its_proportions():
    wide = np.full((100, 400, 3), 200, np.uint8)
    shown = fitted(wide, 160, 120)
    assert shown.shape == (120, 160, 3)
    lit = np.argwhere(shown[..., 0] > 100)
    assert (lit.min(axis=0) == (40, 0)).all()
    assert (lit.max(axis=0) == (79, 159)).all()
    assert fitted(shown, 160, 120) is shown


def test_stamps_of_a_live_source_grow_and_repairs_are_counted():
    clock = GrowingStamps()
    ms = 1_000_000
    given = [0, 33 * ms, 33 * ms, 20 * ms, 66 * ms, 10_000 * ms, 5_000 * ms, 5_033 * ms]
    stamped = [clock.stamp(one) for one in given]
    assert stamped == [0, 33 * ms, 33 * ms + 1, 33 * ms + 2, 66 * ms, 10_000 * ms, 10_000 * ms + 1, 10_033 * ms + 1]
    assert clock.notes() == ["1 duplicate time stamp repaired", "2 backward time stamps repaired"]


class Backlog(Fragile):
    """What a network keeps for whoever is late: ten frames at once, then five in their own time."""

    fps = 5.0

    def __init__(self, endless: bool) -> None:
        self.endless = endless

    def __iter__(self) -> Iterator[Frame]:
        for number in range(15):
            time.sleep(0.12 if number >= 10 else 0.0)
            yield Frame(np.zeros((2, 4, 3), np.uint8), number, number, 0.0)
        raise SourceError("broke")


@pytest.mark.parametrize(("endless", "first"), [(True, 11), (False, 0)])
def test_frames_that_piled_up_before_the_start_are_left_out_and_counted(endless: bool, first: int):
    held = Reconnecting(lambda: Backlog(endless), at_once=True, stall_s=1.0)
    taken = []
    for item in held:
        if isinstance(item, Interruption):
            break
        taken.append(item.captured_ns)
    assert taken == list(range(first, 15))
    assert any("11 frames left out" in note for note in held.notes()) == endless
