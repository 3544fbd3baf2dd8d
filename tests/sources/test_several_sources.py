"""Two cameras under one command: processes, outputs and failures of their own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from network_camera import NetworkCamera
from rich.console import Console

from realtime.failures import UserFacingError
from realtime.live_run import Watched
from realtime.settings import CameraSettings, Settings
from realtime.source import SourceSpec
from realtime.summary import Summary
from realtime.watch import watch_camera
from realtime.watch_sources import folder_names, name_sources

ROOT = Path(__file__).resolve().parents[2]


def test_two_cameras_are_recorded_side_by_side_and_one_that_vanishes_does_not_cost_the_other(tmp_path: Path):
    folders = [tmp_path / name for name in "ab"]
    cameras = []
    for folder in folders:
        folder.mkdir()
        cameras.append(NetworkCamera(folder))
    sources = [part for camera in cameras for part in ("--source", camera.url)]
    command = [sys.executable, str(ROOT / "run_camera.py"), "camera", *sources, "--record", "--out", "out"]
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        env={**os.environ, "COLUMNS": "200", "GLIMPSE_CAMERA__STALL_S": "1.0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + 90
        while len(list(tmp_path.glob("out/*/*/recording.mp4"))) < 2:
            assert time.monotonic() < deadline, process.communicate(timeout=5)
            assert process.poll() is None, process.communicate()
            time.sleep(0.1)
        cameras[0].kill()
        time.sleep(3)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
        for camera in cameras:
            camera.kill()
    assert process.returncode == 130, (out, err)
    names = [f"http://***@{camera.url.split('@')[1]}" for camera in cameras]
    for name in names:
        assert f"{name}: no face was seen" in out
    assert f"{names[0]}: " in out
    assert "it is tried again until it delivers" in out
    assert "s3cret" not in out + err
    kept = sorted(path.parent for path in tmp_path.glob("out/*/*/manifest.json"))
    assert [path.name for path in kept] == sorted(folder_names(names))
    for path in kept:
        manifest = json.loads((path / "manifest.json").read_text())
        assert manifest["ended"] is not None
        assert (path / "events.jsonl").is_file()
        assert (path / "report.html").is_file()
        assert (path / "recording.mp4").stat().st_size > 1000


def test_sources_are_named_without_passwords_and_each_once():
    specs = [SourceSpec(one) for one in ("0", "rtsp://me:secret@cam/1", "rtsp://you:other@cam/1", "0", "/dev/video1")]
    names = name_sources([spec.label for spec in specs])
    assert names == ["camera 0", "rtsp://***@cam/1", "rtsp://***@cam/1 (2)", "camera 0 (2)", "/dev/video1"]
    assert folder_names(names) == ["camera-0", "rtsp-cam-1", "rtsp-cam-1-2", "camera-0-2", "dev-video1"]
    assert folder_names(["http://cam/1", "http://cam-1"]) == ["http-cam-1", "http-cam-1-2"], "each a folder of its own"


def test_all_that_is_asked_of_a_camera_reaches_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    begun: list[Watched] = []

    def note(watched: Sequence[Watched], _run: object, **_options: object) -> list[Summary | UserFacingError]:
        begun.extend(watched)
        return []

    monkeypatch.setattr("realtime.watch.watch_sources", note)
    wish = CameraSettings(width=1280, height=720, fps=60, pixels="mjpeg", stall_s=2.0)
    settings = Settings(camera=wish)
    watch_camera(["0"], settings, Console(quiet=True), view="none", record=False, out=tmp_path)
    spec = begun[0].source
    given = {name: getattr(spec, name) for name in CameraSettings.model_fields}
    assert given == wish.model_dump()


def test_a_window_refuses_several_sources_in_one_line(tmp_path: Path):
    with pytest.raises(UserFacingError, match="shows one source: give one, or --view web or none for several"):
        watch_camera(["0", "1"], Settings(), Console(), view="window", record=False, out=tmp_path)


def test_one_that_fails_is_told_at_once_and_the_other_goes_on(tmp_path: Path):
    camera = NetworkCamera(tmp_path)
    command = [sys.executable, str(ROOT / "run_camera.py"), "camera", "/dev/video77", "--source", camera.url]
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        env={**os.environ, "COLUMNS": "200", "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said = ""
    try:
        assert process.stdout is not None
        for line in process.stdout:
            said += line
            if "The others go on." in line:
                break
        assert process.poll() is None, said
        time.sleep(2)
        assert process.poll() is None, "it goes on"
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=60)
    finally:
        process.kill()
        camera.kill()
    assert re.search(r"/dev/video77: .*The others go on\.", said), said
    assert "no face was seen" in rest and "/dev/video77" in rest.splitlines()[-1]
    assert process.returncode == 1, rest
