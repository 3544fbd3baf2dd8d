"""The two benches on a short clip, through the command line and real processes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from models.simulator.simulate import SimulationPlan, simulate_all

ROOT = Path(__file__).parents[2]


def bench(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "run_camera.py", "bench", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=200, check=False)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    plan = SimulationPlan(tmp_path_factory.mktemp("clip"), clips=1, seconds=4, fps=30, seed=3, face_px=200)
    return simulate_all(plan, 1)[0]


def test_throughput_writes_what_it_measured(clip, tmp_path):
    file = tmp_path / "new" / "throughput.json"
    done = bench("throughput", "--clip", clip, "--runs", 1, "--json", file)
    assert done.returncode == 0, done.stderr
    found = json.loads(file.read_text())
    assert found["frames_per_s"] == found["frames_per_s_runs"][0] > 0
    assert found["ratio"] == pytest.approx(found["frames_per_s"] / found["baseline_frames_per_s"])
    assert set(found["stages"]) == {"capture", "track", "spot", "recognise", "publish", "annotate"}
    assert 0 < found["stages"]["track"] < 1.5
    assert f"{found['baseline_frames_per_s']:.0f}" in done.stdout, "what is written is what is printed"


def test_latency_traces_every_frame_to_the_spotter(clip, tmp_path):
    file, page = tmp_path / "latency.json", tmp_path / "latency.html"
    done = bench("latency", "--clip", clip, "--rounds", 1, "--json", file, "--html", page)
    assert done.returncode == 0, done.stderr
    found = json.loads(file.read_text())
    spotted, tracked = found["grab_to_spotted_ms"], found["grab_to_tracked_ms"]
    assert 0 < tracked["p50"] < spotted["p50"] <= spotted["p99"], "a frame is tracked before it is spotted"
    assert found["in_stage_ms"]["track"]["p50"] < tracked["p50"]
    assert 0 < found["cpu_share"] < 2
    html = page.read_text()
    assert "frame grabbed to frame spotted" in html and html.count("<svg") >= 2
    assert "http://" not in html.replace("http://www.w3.org", "").replace("http://purl.org", "").replace(
        "http://creativecommons.org", ""
    ), "the page needs nothing from elsewhere"


@pytest.mark.parametrize("which", ["throughput", "latency"])
def test_a_clip_that_is_not_there_gets_one_line(which, tmp_path):
    done = bench(which, "--clip", tmp_path / "none.mp4")
    assert done.returncode == 1
    assert "no such file" in done.stderr and len(done.stderr.strip().splitlines()) == 1
