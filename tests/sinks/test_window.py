import os
import shutil
import struct
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from message_streams import Stream, verdict

from realtime import window
from realtime.failures import UserFacingError
from realtime.live_view import LiveView
from realtime.messages import FaceTracked, FrameCaptured
from realtime.parcel import Parcel
from realtime.window import Window
from realtime.wishes import Asked, Wishes

ROOT = Path(__file__).resolve().parents[2]
STREAM = Stream([n / 30 for n in range(90)], [verdict(1, onset=30, offset=42)])


def frames(stream=STREAM):
    width, height = stream.frame_size
    for parcel in stream.parcels():
        about_frame = isinstance(parcel.message, FaceTracked | FrameCaptured)
        yield Parcel(parcel.message, np.full((height, width, 3), 118, np.uint8) if about_frame else None)


class Screen:
    """Stands in for OpenCV's windows: remembers what was shown, and presses keys."""

    def __init__(self, monkeypatch):
        self.shown, self.keys, self.visible, self.destroyed = [], {}, 1.0, 0
        monkeypatch.setattr(window, "check_display", lambda: None)
        monkeypatch.setattr(cv2, "namedWindow", lambda *_: None)
        monkeypatch.setattr(cv2, "resizeWindow", lambda *_: None)
        monkeypatch.setattr(cv2, "imshow", lambda _, image: self.shown.append(image.copy()))
        monkeypatch.setattr(cv2, "waitKey", lambda _: self.keys.pop(len(self.shown), -1))
        monkeypatch.setattr(cv2, "getWindowProperty", lambda *_: self.visible)
        monkeypatch.setattr(cv2, "destroyWindow", lambda _: setattr(self, "destroyed", self.destroyed + 1))


@pytest.fixture
def screen(monkeypatch):
    return Screen(monkeypatch)


def test_every_frame_is_shown_with_the_verdict_once_it_is_there(screen):
    sink = Window("camera 0")
    for parcel in frames():
        sink.take(parcel)
    assert len(screen.shown) == 90 and screen.shown[0].shape == (240, 320, 3)
    caption = np.s_[170:200, 100:220]
    with_caption = [n for n, image in enumerate(screen.shown) if image[caption].mean() < 90]
    assert with_caption == list(range(47, 90)), "judged at frame 46, after that frame was shown"


def test_q_asks_to_quit_and_closes(screen, tmp_path):
    wishes = Wishes(tmp_path / "wishes")
    screen.keys = {10: ord("q")}
    sink = Window("camera 0", wishes)
    for parcel in frames():
        sink.take(parcel)
    assert (len(screen.shown), screen.destroyed, sink.closed) == (10, 1, True)
    assert wishes.asked() == [Asked("quit")] and wishes.asked() == []
    sink.close()
    assert screen.destroyed == 1


def test_closing_the_window_asks_to_quit(screen, tmp_path):
    wishes = Wishes(tmp_path / "wishes")
    sink = Window("camera 0", wishes)
    for parcel in frames():
        screen.visible = 1.0 if len(screen.shown) < 5 else 0.0
        sink.take(parcel)
    assert wishes.asked() == [Asked("quit")] and sink.closed


def test_space_stops_the_picture_and_starts_it_again(screen):
    sink = Window("camera 0")
    screen.keys = {10: ord(" ")}
    stream = list(frames())
    for parcel in stream[:120]:
        sink.take(parcel)
    assert sink.paused and len(screen.shown) == 11, "one more, which says that it is paused"
    assert np.abs(screen.shown[10][100:140].astype(int) - screen.shown[9][100:140]).mean() > 5
    screen.keys = {11: ord(" ")}
    for parcel in stream[120:]:
        sink.take(parcel)
    assert not sink.paused and len(screen.shown) > 11


def test_c_shows_the_aligned_face(screen):
    sink = Window("camera 0")
    screen.keys = {10: ord("c"), 20: ord("c")}
    for parcel in frames():
        sink.take(parcel)
    assert [image.shape[0] for image in screen.shown] == [240] * 10 + [512] * 10 + [240] * 70


@pytest.mark.parametrize("can_reset", [True, False])
def test_r_is_asked_for_only_where_somebody_answers(screen, tmp_path, can_reset):
    wishes = Wishes(tmp_path / "wishes")
    screen.keys = {10: ord("r")}
    sink = Window("camera 0", wishes, can_reset=can_reset)
    for parcel in frames():
        sink.take(parcel)
    assert wishes.asked() == ([Asked("reset")] if can_reset else [])
    assert ("r reset neutral" in sink._keys()) == can_reset


def test_wishes_cross_files_whole_and_once(tmp_path):
    read, write = Wishes(tmp_path / "w"), Wishes(tmp_path / "w")
    assert read.asked() == []
    write.ask("reset")
    write.ask("quit")
    with (tmp_path / "w").open("a") as file:
        file.write('nonsense\n{"wish":"dance"}\n{"wish":"res')
    assert read.asked() == [Asked("reset"), Asked("quit")]
    with (tmp_path / "w").open("a") as file:
        file.write('et"}\n')
    assert read.asked() == [Asked("reset")]


def test_a_live_view_forgets_what_is_over():
    live = LiveView()
    views = []
    long = Stream([n / 30 for n in range(240)], [verdict(1, onset=30, offset=42)], faceless=range(60, 90))
    for parcel in long.parcels():
        live.hear(parcel.message)
        if isinstance(parcel.message, FaceTracked | FrameCaptured):
            views.append(live.of(parcel.message))
    assert [v.sequence for v in views if v.events] == list(range(47, 42 + 90))
    assert [v.sequence for v in views if v.absent] == list(range(60, 90))
    assert not any(v.motion for v in views[60:91]) and views[95].motion


def test_no_display_is_one_clear_line(monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(UserFacingError, match="no display; run it where there is a screen, or with --view none"):
        Window("camera 0")


def test_a_display_that_is_not_there_is_one_clear_line(monkeypatch):
    monkeypatch.setenv("DISPLAY", ":4711")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with pytest.raises(UserFacingError, match="no window can be opened on the display :4711"):
        Window("camera 0")


REAL = """
import sys, time
from pathlib import Path
sys.path.insert(0, {tests!r})
import cv2
from test_window import frames
from realtime.window import Window

sink = Window("test")
for parcel in frames():
    sink.take(parcel)
    if parcel.message.sequence == 48:
        break
print("shown", flush=True)
deadline = time.monotonic() + 30
while time.monotonic() < deadline and not Path({stop!r}).exists():
    cv2.waitKey(20)
sink.close()
"""


def screenshot(file):
    """An XWD dump of 32 bits per pixel, as Xvfb keeps it, as RGB."""
    data = file.read_bytes()
    header = struct.unpack(">25I", data[:100])
    size, width, height, stride, colours = header[0], header[4], header[5], header[12], header[19]
    pixels = np.frombuffer(data, np.uint8, stride * height, size + 12 * colours).reshape(height, stride // 4, 4)
    return pixels[:, :width, 2::-1]


@pytest.fixture
def display(tmp_path):
    if shutil.which("Xvfb") is None:
        pytest.skip("Xvfb is not installed")
    read, write = os.pipe()
    command = [
        "Xvfb",
        "-displayfd",
        str(write),
        "-screen",
        "0",
        "1024x768x24",
        "-fbdir",
        str(tmp_path),
        "-nolisten",
        "tcp",
    ]
    server = subprocess.Popen(command, pass_fds=[write], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(write)
    with os.fdopen(read) as pipe:
        number = pipe.readline().strip()
    yield f":{number}", tmp_path / "Xvfb_screen0"
    server.terminate()
    server.wait(10)


def test_a_real_window_shows_the_picture(display, tmp_path):
    name, framebuffer = display
    stop = tmp_path / "stop"
    script = REAL.format(tests=str(Path(__file__).parent), stop=str(stop))
    environment = {**os.environ, "DISPLAY": name, "PYTHONPATH": str(ROOT), "QT_QPA_PLATFORM": "xcb"}
    shower = subprocess.Popen(
        [sys.executable, "-c", script], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert shower.stdout.readline() == "shown\n", shower.stderr.read()
        deadline, seen = time.monotonic() + 15, 0
        while time.monotonic() < deadline and not seen:
            time.sleep(0.2)
            seen = int((np.abs(screenshot(framebuffer).astype(int) - 118).max(axis=-1) < 4).sum())
        assert seen > 20_000, "the grey frame is nowhere on the screen"
    finally:
        stop.touch()
        _, errors = shower.communicate(timeout=20)
    assert shower.returncode == 0, errors
    assert "QFontDatabase" not in errors
