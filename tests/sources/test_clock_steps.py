"""The wall clock is set while a camera is watched: by a time server, by a user, by daylight saving done wrong."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from camera_run import Run, reachable_by_children
from network_camera import NetworkCamera

from realtime.messages import FrameCaptured, SourceLost, SourceOpened, StageRestarted

STEPPING = Path(__file__).with_name("stepping_clock")


def test_steps_of_the_wall_clock_disturb_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    reachable_by_children(monkeypatch, STEPPING)
    look = "import time\nfor _ in range(20): print(time.time()); time.sleep(0.05)"
    said = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True).stdout
    times = [float(line) for line in said.splitlines()]
    assert (np.diff(times) < -3000).any(), "the clock of children does step"

    camera = NetworkCamera(tmp_path)
    run = Run(camera.url, tmp_path)
    try:
        run.wait_for(SourceOpened, 1)
        time.sleep(2)
    finally:
        messages = run.end()
        camera.kill()
    frames = [message for message in messages if isinstance(message, FrameCaptured)]
    seconds = [message.presentation_s for message in frames]
    assert seconds == sorted(set(seconds)) and seconds[-1] > 1
    assert np.diff(seconds).max() < 1, "no gap but those of a busy machine"
    assert len({message.began_unix_ns for message in messages if isinstance(message, SourceOpened)}) == 1
    assert not [message for message in run.heard if isinstance(message, SourceLost | StageRestarted)]
