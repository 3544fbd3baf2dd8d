"""An RTSP camera that is killed, comes back, and comes back with another size, under a run of real processes."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from camera_run import Run, reachable_by_children

from realtime.messages import FrameCaptured, SourceLost, SourceOpened
from realtime.source import SourceError, open_source

SYSTEM_PYTHON = "/usr/bin/python3"
PROGRAM = Path(__file__).with_name("rtsp_server.py")
BINDINGS = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"


class RtspCamera:
    """Serves on a port that it keeps when it is started again."""

    def __init__(self) -> None:
        self._port = "0"
        self.start(160, 120)

    @property
    def url(self) -> str:
        return f"rtsp://viewer:s3cret@127.0.0.1:{self._port}/cam"

    def start(self, width: int, height: int) -> None:
        command = [SYSTEM_PYTHON, str(PROGRAM), self._port, str(width), str(height), "viewer", "s3cret"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self.process.stdout is not None
        self._port = self.process.stdout.readline().strip()

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()


@pytest.fixture
def camera() -> Iterator[RtspCamera]:
    try:
        there = subprocess.run([SYSTEM_PYTHON, "-c", BINDINGS], capture_output=True, check=False).returncode == 0
    except OSError:
        there = False
    if not there:
        pytest.skip("no RTSP server: apt-get install gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-good python3-gi")
    camera = RtspCamera()
    yield camera
    camera.kill()


def test_an_rtsp_camera_that_vanishes_and_returns_is_followed(
    camera: RtspCamera, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with pytest.raises(SourceError, match=r"unauthorized") as refused:
        open_source(camera.url.replace("s3cret", "wr0ng"))
    assert "wr0ng" not in str(refused.value) and "viewer" not in str(refused.value)
    reachable_by_children(monkeypatch)
    run = Run(camera.url, tmp_path)
    try:
        run.wait_for(SourceOpened, 1)
        time.sleep(0.5)
        camera.kill()
        run.wait_for(SourceLost, 1)
        time.sleep(0.7)
        camera.start(160, 120)
        run.wait_for(SourceOpened, 2)
        time.sleep(0.3)
        camera.kill()
        camera.start(320, 240)  # somebody has changed its settings
        run.wait_for(SourceOpened, 3)
        time.sleep(0.3)
    finally:
        messages = run.end()
    opened = [message for message in messages if isinstance(message, SourceOpened)]
    assert [message.epoch for message in opened] == [0, 1, 2]
    assert "mjpeg" in opened[0].says and "320x240" in opened[2].says
    frames = [message for message in messages if isinstance(message, FrameCaptured)]
    assert {message.epoch for message in frames} == {0, 1, 2}
    assert {(message.width, message.height) for message in frames} == {(160, 120)}, "the size a run began with"
    times = [message.presentation_s for message in frames]
    assert times == sorted(set(times))
    said = str(run.summary) + str(messages) + str(run.heard)
    assert "s3cret" not in said and "viewer" not in said
