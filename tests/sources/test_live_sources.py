"""Cameras and network streams, as far as a machine without a camera can show."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import pytest
from video_clips import number_in, numbered, write_clip

from realtime.camera import Camera
from realtime.source import SourceError, SourceSpec, open_source, redact
from realtime.stream import Stream

PASSWORD = "s3cret"
TOKEN = base64.b64encode(f"viewer:{PASSWORD}".encode()).decode()


class MjpegCamera(BaseHTTPRequestHandler):
    """What a network camera serves: numbered JPEGs without end, with a password."""

    def do_GET(self) -> None:
        if self.path.startswith("/private") and self.headers.get("Authorization") != f"Basic {TOKEN}":
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="camera"')
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        try:
            for number in range(200):
                if self.path.endswith("stalls") and number > 5:
                    time.sleep(30)
                jpeg = cv2.imencode(".jpg", numbered(number))[1].tobytes()
                head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                self.wfile.write(head.encode() + jpeg + b"\r\n")
                time.sleep(0.01)
        except OSError:
            return

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), MjpegCamera)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_an_mjpeg_stream_is_read_and_stamped_as_it_comes(address: str):
    before_ns = time.monotonic_ns()
    source = open_source(f"http://{address}/video")
    frames = [frame for frame, _ in zip(source, range(30), strict=False)]
    source.close()
    assert (source.width, source.height) == (160, 120)
    numbers = [number_in(frame.image) for frame in frames]
    assert numbers == list(range(numbers[0], numbers[0] + 30))
    stamps = [frame.captured_ns for frame in frames]
    assert before_ns < stamps[0]
    assert stamps == sorted(stamps)
    assert frames[0].presentation_s == 0.0


def test_a_password_is_used_and_never_shown(address: str):
    source = open_source(f"http://viewer:{PASSWORD}@{address}/private")
    assert next(iter(source)).image.shape == (120, 160, 3)
    assert PASSWORD not in source.says
    assert "viewer" not in source.says
    source.close()
    with pytest.raises(SourceError) as refused:
        open_source(f"http://viewer:wr0ng@{address}/private")
    assert "cannot be opened" in str(refused.value)
    assert "wr0ng" not in str(refused.value)


def test_a_stream_that_stalls_is_given_up(address: str):
    source = Stream(f"http://{address}/stalls", read_s=1.0)
    began = time.monotonic()
    with pytest.raises(SourceError, match=r"broke off \(nothing came for 1 s\)"):
        for _ in source:
            pass
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("scheme", ["http", "rtsp"])
def test_a_camera_that_is_not_there_is_one_line(scheme: str):
    with pytest.raises(
        SourceError, match=r"^(rtsp|http)://\*\*\*@127\.0\.0\.1:9/x: cannot be opened \(.+\); check"
    ) as no:
        open_source(f"{scheme}://viewer:{PASSWORD}@127.0.0.1:9/x")
    assert PASSWORD not in str(no.value)
    assert "\n" not in str(no.value)


@pytest.mark.parametrize(
    ("shown", "hidden"),
    [
        ("rtsp://***@10.0.0.2:554/s", "rtsp://admin:hunter2@10.0.0.2:554/s"),
        ("rtsp://***@10.0.0.2/s", "rtsp://admin:p@ss@10.0.0.2/s"),
        ("http://cam/v?user=***&pwd=***&size=1", "http://cam/v?user=me&pwd=hunter2&size=1"),
        ("http://cam/v?loginuse=***&loginpas=***&rate=0", "http://cam/v?loginuse=me&loginpas=hunter2&rate=0"),
        ("http://cam/v?access_token=***", "http://cam/v?access_token=hunter2"),
        ("http://cam/v?size=1&rate=25&profile=main", "http://cam/v?size=1&rate=25&profile=main"),
        ("/home/me@work/clip.mp4", "/home/me@work/clip.mp4"),
        ("http://cam/path@4", "http://cam/path@4"),
    ],
)
def test_credentials_are_redacted(shown: str, hidden: str):
    assert redact(hidden) == shown


def test_a_camera_that_is_not_plugged_in_is_one_line():
    with pytest.raises(SourceError, match=r"^camera 63 cannot be opened; "):
        open_source("63")


def test_a_camera_says_what_it_delivers_and_when_it_stops(tmp_path: Path):
    """OpenCV reads a file as it reads a device; only the driver is missing."""
    clip = write_clip(tmp_path / "device.avi", 20, codec="mjpeg")
    camera = Camera(str(clip), 640, 480, 30.0, backend=cv2.CAP_FFMPEG)
    assert (camera.width, camera.height, camera.fps) == (160, 120, 30.0)
    assert "160x120, 30 frames/s, MJPG (asked for 640x480, 30)" in camera.says
    frames = []
    with pytest.raises(SourceError, match="stopped giving pictures; check its cable"):
        for frame in camera:
            frames.append(frame)
    camera.close()
    assert [number_in(frame.image) for frame in frames] == list(range(1, 20)), "the first was spent on the size"
    assert all(frame.captured_ns == frame.grabbed_ns for frame in frames)
    assert frames[0].presentation_s == 0.0


@pytest.mark.parametrize(
    ("spec", "live"),
    [("0", True), ("/dev/video1", True), ("rtsp://x/y", True), ("HTTP://x", True), ("clip.mp4", False), ("a/b", False)],
)
def test_the_look_of_a_spec_tells_whether_it_is_live(spec: str, live: bool):
    assert SourceSpec(spec).live is live
    assert SourceSpec(spec, realtime=True).live
