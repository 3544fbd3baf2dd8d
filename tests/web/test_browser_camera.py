"""The browser's camera as a source: a real socket, frames as the page's server sends them."""

from __future__ import annotations

import threading
import time

import cv2
import numpy as np
import pytest
import zmq

from realtime.source import SourceError, SourceSpec
from realtime.web import browser_camera
from realtime.web.browser_camera import END, pack_frame


def jpeg(grey: int, size=(120, 160)) -> bytes:
    return cv2.imencode(".jpg", np.full((*size, 3), grey, np.uint8))[1].tobytes()


@pytest.fixture
def road(tmp_path):
    spec = SourceSpec(f"browser:{tmp_path / 'camera.ipc'}", width=160, height=120, fps=30)
    source = spec.open()
    context = zmq.Context()
    socket = context.socket(zmq.PUSH)
    socket.connect(f"ipc://{tmp_path / 'camera.ipc'}")
    yield spec, source, socket
    socket.close(linger=0)
    context.term()
    source.close()


def send_after(socket, *pieces):
    threading.Timer(0.2, lambda: [socket.send(piece) for piece in pieces]).start()


def test_frames_keep_the_browsers_times_until_it_ends(road):
    spec, source, socket = road
    assert spec.live and spec.label == "browser" and "browser's camera: 160x120" in source.says
    start = time.monotonic_ns() - 10**9
    send_after(socket, *(pack_frame(start + n * 33_000_000, jpeg(40 * n)) for n in range(1, 4)), END)
    frames = list(source)
    assert [frame.presentation_s for frame in frames] == pytest.approx([0, 0.033, 0.066])
    assert [frame.captured_ns for frame in frames] == [start + n * 33_000_000 for n in range(1, 4)]
    assert [round(float(frame.image.mean()), -1) for frame in frames] == [40, 80, 120]
    assert source.notes() == []


def test_what_came_before_the_pipeline_was_ready_is_left_out(road):
    _, source, socket = road
    now = time.monotonic_ns() - 10**9
    socket.send(pack_frame(now, jpeg(10)))
    time.sleep(0.3)
    send_after(socket, pack_frame(now + 10**8, jpeg(200)), END)
    (frame,) = source
    assert frame.image.mean() > 190


def test_damaged_and_late_pictures_are_counted(road):
    _, source, socket = road
    now = time.monotonic_ns() - 10**9
    send_after(
        socket,
        pack_frame(now, jpeg(10)),
        pack_frame(now + 1, b"no jpeg"),
        b"x",
        pack_frame(now - 5, jpeg(20)),
        pack_frame(now + 2, jpeg(30)),
        END,
    )
    assert len(list(source)) == 2
    assert any("2 pictures" in note for note in source.notes()) and any("out of order" in n for n in source.notes())


def test_a_stamp_from_the_future_becomes_now(road):
    _, source, socket = road
    send_after(socket, pack_frame(time.monotonic_ns() + 10**12, jpeg(10)), END)
    (frame,) = source
    assert frame.grabbed_ns <= time.monotonic_ns()


def test_another_size_ends_the_run_with_a_reason(road):
    _, source, socket = road
    now = time.monotonic_ns() - 10**9
    send_after(socket, pack_frame(now, jpeg(10)), pack_frame(now + 9, jpeg(10, (240, 320))))
    with pytest.raises(SourceError, match="changed from 160x120 to 320x240"):
        list(source)


def test_a_silent_browser_is_given_up(road, monkeypatch):
    _, source, _ = road
    monkeypatch.setattr(browser_camera, "_FIRST_S", 0.2)
    with pytest.raises(SourceError, match="sent no picture"):
        list(source)
