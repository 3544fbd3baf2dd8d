"""The command line as a user meets it: real processes, real files."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def glimpse(*words: object, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "run_camera.py"), *map(str, words)]
    env = os.environ | {"COLUMNS": "200"} | environment
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=240)


def refused(run: subprocess.CompletedProcess[str], *says: str) -> None:
    """One line of explanation on standard error, a non-zero exit, no traceback."""
    lines = [line for line in run.stderr.splitlines() if line.startswith("glimpse: ")]
    assert run.returncode != 0, run.stdout
    assert len(lines) == 1, run.stderr
    assert "Traceback" not in run.stdout + run.stderr
    for word in says:
        assert word in lines[0]


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    out = tmp_path_factory.mktemp("demo")
    return out, glimpse("demo", "--out", out)


def test_demo_writes_what_it_promises(demo):
    out, run = demo
    assert run.returncode == 0, run.stderr
    assert run.stderr == "", "nothing but Glimpse speaks to the user"
    for name in ("demo.mp4", "truth.csv", "events.jsonl", "annotated.mp4", "report.html"):
        assert (out / name).stat().st_size > 0, name
    assert "frames/s" in run.stdout and "track" in run.stdout, "the speed and each stage's share are printed"
    assert not list(out.glob(".session*")), "nothing temporary is left"


def test_demo_finds_what_the_truth_says(demo):
    out, _ = demo
    with (out / "truth.csv").open() as file:
        true = [row for row in csv.DictReader(file) if row["kind"] in ("micro", "macro")]
    found = [json.loads(line) for line in (out / "events.jsonl").read_text().splitlines()]
    assert [(f["kind"], f["label"]) for f in found] == [(t["kind"], t["label"]) for t in true]


def test_version_graph_help_and_doctor():
    assert glimpse("--version").stdout.startswith("glimpse ")
    graph = glimpse("--print-graph").stdout
    assert "capture" in graph and "LOSSLESS" in graph and "LATEST" in graph
    for command in ("demo", "replay", "camera", "doctor"):
        assert f"python run_camera.py {command}" in glimpse(command, "--help").stdout, "help gives an example"
    doctor = glimpse("doctor")
    assert doctor.returncode == 0 and "cloud" in doctor.stdout


def test_bad_files_are_refused_in_one_line(tmp_path, clip):
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("not a video\n" * 50)
    whole = clip.video.read_bytes()
    (tmp_path / "truncated.mp4").write_bytes(whole[: len(whole) // 2])
    for name in ("missing.mp4", "empty.mp4", "text.mp4", "truncated.mp4"):
        refused(glimpse("replay", tmp_path / name, "--out", tmp_path / "out"), name)
    left = [file.name for file in (tmp_path / "out").glob("*.events.jsonl")]
    assert left == ["truncated.events.jsonl"] or not left, "a video that nobody saw has no empty events file"


def test_one_bad_file_does_not_cost_the_others(tmp_path, clip):
    (tmp_path / "text.mp4").write_text("not a video")
    run = glimpse("replay", tmp_path / "text.mp4", clip.video, "--out", tmp_path / "out")
    refused(run, "text.mp4")
    assert (tmp_path / "out" / "demo.events.jsonl").read_text().count("\n") == 4
    assert (tmp_path / "out" / "report.html").exists()


def test_bad_settings_are_refused_where_they_stand(tmp_path, clip):
    (tmp_path / "glimpse.toml").write_text("[spot]\nnoise_factr = 4\n")
    refused(glimpse("replay", clip.video, "--out", tmp_path / "o", cwd=tmp_path), "glimpse.toml:2", "noise_factr")
    refused(glimpse("demo", "--out", tmp_path / "o", GLIMPSE_SPOTT__X="1"), "GLIMPSE_SPOTT__X")
    refused(glimpse("replay", clip.video, "--out", tmp_path / "o", "--model", "none"), "none")


def test_an_unwritable_folder_is_refused(tmp_path, clip):
    (tmp_path / "file").touch()
    refused(glimpse("replay", clip.video, "--out", tmp_path / "file" / "out"), "--out")
    refused(glimpse("replay", clip.video, "--out", "/proc/glimpse"), "--out")


def test_a_camera_that_is_not_there(tmp_path):
    refused(glimpse("camera", "97"), "97")
    refused(glimpse("camera", "0", "--view", "hologram"), "hologram")
    refused(glimpse("camera", "clip.mp4"), "replay")


@pytest.mark.shared
def test_a_smile_is_one_macro_expression(tmp_path, shared_data):
    run = glimpse("replay", shared_data / "clips" / "single_face.mp4", "--out", tmp_path)
    assert run.returncode == 0, run.stderr
    events = [json.loads(line) for line in (tmp_path / "single_face.events.jsonl").read_text().splitlines()]
    assert ("macro", "positive") in [(e["kind"], e["label"]) for e in events]
    assert len(events) <= 2


@pytest.mark.shared
def test_no_face_is_said_and_is_no_failure(tmp_path, shared_data):
    run = glimpse("replay", shared_data / "clips" / "no_face.mp4", "--out", tmp_path)
    assert run.returncode == 0
    assert "no face was seen" in run.stdout
    assert (tmp_path / "no_face.events.jsonl").read_text() == ""


@pytest.mark.shared
@pytest.mark.parametrize(("name", "cut_s"), [("face_noface.mov", 2.4), ("noface_face.mov", 3.95)])
def test_no_event_spans_a_cut(tmp_path, shared_data, name, cut_s):
    run = glimpse("replay", shared_data / "clips" / name, "--out", tmp_path)
    assert "face lost" in run.stdout and "face found" in run.stdout
    for line in (tmp_path / f"{Path(name).stem}.events.jsonl").read_text().splitlines():
        event = json.loads(line)
        assert not event["onset_s"] < cut_s - 0.05 < event["offset_s"] - 0.1
