"""Calibration of a camera whose faults are known, because they were put there."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from still_camera import StillCamera

from calibrate.camera import CameraReport, measure_camera
from realtime.failures import UserFacingError

ROOT = Path(__file__).resolve().parents[2]


@cache
def look(**faults) -> CameraReport:
    return measure_camera(StillCamera(**faults), 4.0).report


def test_rate_noise_and_light_are_what_they_are():
    report = look(noise=3.0)
    assert report.rate == pytest.approx(30, rel=0.01)
    assert report.faces == report.frames
    # Cutting the crop averages neighbouring pixels of the three colours, so less than 3 remains.
    assert 0.8 < report.noise < 3.2
    assert look(noise=6.0).noise > 1.6 * report.noise
    assert abs(report.drift) < 0.5


def test_drift_is_seen_and_advised_against():
    report = look(drift=30.0)
    assert report.drift > 15
    assert any("exposure" in line for line in report.advice)
    assert not any("exposure" in line for line in look().advice)


def test_a_gap_is_seen():
    report = look(gap_at=60)
    assert report.longest_gap_ms == pytest.approx(433, abs=5)
    assert any("frames are lost" in line for line in report.advice)


def test_jitter_is_seen():
    assert look(jitter_ms=8.0).jitter_ms == pytest.approx(12, abs=6)
    assert look().jitter_ms < 0.1


def test_flicker_is_seen_and_advised_against():
    report = look(flicker=6.0)
    assert report.flicker == pytest.approx(6 / np.sqrt(2), rel=0.3)
    assert any("flickers" in line for line in report.advice)
    assert not any("flickers" in line for line in look().advice)


def test_what_will_be_missed_follows_rate_and_size():
    report = look()
    assert report.shortest_ms == pytest.approx(100, rel=0.02)
    assert report.least_motion_px == pytest.approx(report.least_motion * report.face_width / 224)
    assert look(fps=15.0).shortest_ms == pytest.approx(200, rel=0.02)
    assert f"motions under {report.least_motion_px:.2f} px" in "\n".join(report.lines())


def test_more_noise_hides_larger_motions():
    assert look(noise=14.0).motion_noise > 1.5 * look(noise=1.0).motion_noise


def test_nobody_there():
    with pytest.raises(UserFacingError, match="face"):
        measure_camera(StillCamera(picture=np.full((480, 480, 3), 90.0)), 2.0)


def test_the_command_writes_figures_and_picture(tmp_path):
    folder = tmp_path / "frames"
    folder.mkdir()
    from PIL import Image

    for number, frame in enumerate(StillCamera(seconds=2.5)):
        Image.fromarray(frame.image).save(folder / f"{number:04d}.png")
    words = [folder, "--seconds", "2", "--json", tmp_path / "camera.json", "--picture", tmp_path / "camera.png"]
    command = [sys.executable, "-m", "calibrate", "camera", *map(str, words)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    assert "will be missed" in run.stdout
    assert json.loads((tmp_path / "camera.json").read_text())["rate"] == pytest.approx(30, rel=0.01)
    assert (tmp_path / "camera.png").read_bytes().startswith(b"\x89PNG")
    missing = subprocess.run(
        [*command[:4], "/nowhere.mp4"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert missing.returncode == 1 and missing.stderr.startswith("glimpse: ") and missing.stderr.count("\n") == 1
