"""The operating point: chosen on motions whose truth is known, kept where it is read."""

from __future__ import annotations

import csv
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import pytest

from calibrate.operating_point import SHIPPED_SLIDER, read_shipped, write_settings, write_slider
from calibrate.threshold import GRID, Point, ThresholdReport, choose, slider, sweep, with_quiet
from calibrate.threshold_command import fingerprint
from kernels.face_regions import MOTION_REGIONS
from models.simulator.truth import TruthRow
from models.spotting_recordings import VALIDATION, PlannedRecording, TracedRecording
from realtime.failures import UserFacingError
from realtime.sample_trace import SampleTrace
from realtime.settings import SpotSettings, load_settings
from realtime.web.operating_points import operating_points

ROOT = Path(__file__).resolve().parents[2]
FPS, SECONDS = 60, 40
BROWS = [index for index, name in enumerate(MOTION_REGIONS) if name.startswith("brow")]


def trace(bumps: list[tuple[float, float]], seed: int = 1) -> SampleTrace:
    """A still face with raised-cosine bumps of 0.4 s in the brows: (onset, px)."""
    rng = np.random.default_rng(seed)
    times = np.arange(0, SECONDS, 1 / FPS)
    regions = rng.normal(0, 0.08, (len(times), len(MOTION_REGIONS), 2))
    for onset, size in bumps:
        inside = (times >= onset) & (times < onset + 0.4)
        wave = size * (0.5 - 0.5 * np.cos(2 * np.pi * (times[inside] - onset) / 0.4))
        for brow in BROWS:
            regions[inside, brow, 1] -= wave
    still = np.zeros(len(times))
    return SampleTrace(
        times, regions, still + 0.05, np.zeros((len(times), 6)), still + 0.3, still, still + 120, still, 40
    )


def row(onset: float) -> TruthRow:
    frames = [round(FPS * at) for at in (onset, onset + 0.2, onset + 0.4)]
    return TruthRow("clip", "micro", "surprise", onset, onset + 0.2, onset + 0.4, *frames, "1+2", "C")


@pytest.fixture(scope="module")
def recording() -> TracedRecording:
    """Six true expressions of growing size, and six twitches that are none."""
    true = [(3.0 + 6 * n, 0.9 + 0.3 * n) for n in range(6)]
    twitches = [(6.0 + 6 * n, 0.55 + 0.1 * n) for n in range(6)]
    return TracedRecording(
        PlannedRecording(1, FPS, SECONDS, 200.0, "usual"), trace(true + twitches), [row(at) for at, _ in true]
    )


@pytest.fixture(scope="module")
def curve(recording) -> list[Point]:
    return sweep([recording], "statistics", "micro", SpotSettings())


def point(rate: float, recall: float, quiet: float | None = None) -> Point:
    settings = {"noise_factor": round(100 / (1 + rate), 3)}
    figures = {"true": 10, "found": 8, "hits": 7, "precision": 0.8, "f1": 0.8}
    return Point(settings=settings, recall=recall, false_per_minute=rate, quiet_per_minute=quiet, **figures)


def test_a_stricter_point_tells_less(curve):
    assert len(curve) == len(GRID["statistics"])
    assert curve[0].recall == 1.0 and curve[0].false_per_minute > 4
    found = [one.found for one in curve]
    assert found[0] > found[-1] and found[-1] == 0
    assert all(one.true == 6 for one in curve)
    best = choose(curve, 0.0)
    assert best.false_per_minute == 0 and 0.3 < best.recall < 1, "twitches and faint expressions are of one size"


def test_more_false_alarms_buy_recall(curve):
    chosen = [choose(curve, wanted) for wanted in (0.0, 2.0, 4.0, 30.0)]
    assert all(before.recall <= after.recall for before, after in pairwise(chosen))
    assert chosen[0].settings["noise_factor"] > chosen[-1].settings["noise_factor"]


def test_of_equals_the_most_precise_is_chosen_and_then_the_first():
    loose = point(0.4, 0.9)
    strict = msgspec.structs.replace(point(0.2, 0.9), precision=0.9)
    assert choose([loose, strict, point(0.1, 0.3)], 0.5) == strict
    alike = [msgspec.structs.replace(loose, settings={"noise_factor": factor}) for factor in (3.0, 4.0)]
    assert choose(alike, 0.5) == alike[0], "the shipped default hangs on this"


def test_a_rate_that_cannot_be_kept_is_refused():
    with pytest.raises(UserFacingError, match=r"no operating point keeps to 0\.1 .* the least is 0\.20") as refusal:
        choose([point(0.4, 0.9), point(0.2, 0.8)], 0.1)
    assert "\n" not in str(refusal.value)


def test_quiet_recordings_count_where_they_are_worse(curve):
    fidgets = trace([(3.0 + 2.5 * n, 2.0) for n in range(14)], seed=2)
    both = with_quiet(curve, [fidgets], "statistics", "micro", SpotSettings())
    assert both[0].quiet_per_minute > 10
    assert choose(both, 1.0).recall <= choose(curve, 1.0).recall
    assert choose(both, 1.0).settings["noise_factor"] > choose(curve, 1.0).settings["noise_factor"]
    still = with_quiet(curve, [trace([], seed=3)], "statistics", "micro", SpotSettings())
    assert choose(still, 0.0).settings == choose(curve, 0.0).settings


def test_quiet_recordings_without_a_face_are_refused(curve):
    empty = SampleTrace(*(np.empty((0, *shape)) for shape in [(), (15, 2), (), (6,), (), (), (), ()]), 10.0)
    with pytest.raises(UserFacingError, match="show no face"):
        with_quiet(curve, [empty], "statistics", "micro", SpotSettings())


def test_the_slider_grows_in_both_and_the_page_reads_it(tmp_path):
    points = [point(3.0, 0.9), point(0.0, 0.2), point(1.0, 0.5), point(1.5, 0.4), point(2.0, 0.7, quiet=2.5)]
    assert [one.rate for one in slider(points)] == [0.0, 1.0, 2.5, 3.0]
    write_slider(points, tmp_path / "new" / "points.csv", "Made by a test")
    read = operating_points(tmp_path / "new" / "points.csv")
    assert [one.rate for one in read] == [0.0, 1.0, 2.5, 3.0]
    assert read[0].settings["noise_factor"] == 100
    lines = (tmp_path / "new" / "points.csv").read_text().splitlines()
    assert lines[0] == "# Made by a test" and len(list(csv.reader(lines))[1]) == 4


@pytest.mark.parametrize(
    "before",
    [
        "",
        "[track]\njump = 0.3\n",
        '[spot]\nnoise_factor = 9.0  # mine\nperson = "x"\n\n[track]\njump = 0.3\n',
        "# all mine\n[spot]\n[track]\njump = 0.3",
    ],
)
def test_settings_are_put_in_and_all_else_stays(tmp_path, before):
    file = tmp_path / "glimpse.toml"
    if before:
        file.write_text(before)
    write_settings(file, {"noise_factor": 7.5}, "statistics")
    settings = load_settings(file)
    assert settings.spot.noise_factor == 7.5 and settings.spot.method == "statistics"
    assert settings.track.jump == (0.3 if "jump" in before else 0.35)
    for kept in ("# mine", "# all mine", 'person = "x"'):
        assert (kept in before) == (kept in file.read_text())
    write_settings(file, {"noise_factor": 8.5}, "statistics")
    assert load_settings(file).spot.noise_factor == 8.5 and file.read_text().count("noise_factor") == 1
    assert [one.name for one in tmp_path.iterdir()] == ["glimpse.toml"]


def test_a_settings_file_with_a_fault_is_left_alone(tmp_path):
    file = tmp_path / "glimpse.toml"
    file.write_text("[spot]\nnoise_facto = 3\n")
    with pytest.raises(UserFacingError, match="not changed"):
        write_settings(file, {"noise_factor": 7.5}, "statistics")
    assert file.read_text() == "[spot]\nnoise_facto = 3\n"


def test_the_shipped_default_is_what_the_command_chose():
    """After another network or other defaults: python -m calibrate threshold --simulated DIR --ship"""
    shipped, defaults = read_shipped(), SpotSettings()
    assert shipped.method == defaults.method
    for name, value in shipped.chosen.settings.items():
        assert getattr(defaults, name) == value, name
    assert shipped.network == (fingerprint() if shipped.method == "network" else "")
    assert choose(shipped.curve, shipped.wanted) == shipped.chosen, "chosen by the rule, not by hand"
    assert {one.name for one in VALIDATION} == set(shipped.recordings), "on the seeds kept for it"
    assert [(one.rate, one.settings) for one in operating_points(SHIPPED_SLIDER)] == [
        (round(one.rate, 3), one.settings) for one in slider(shipped.curve)
    ]


def test_the_command_chooses_from_the_shipped_curve(tmp_path):
    wanted = max(one.rate for one in read_shipped().curve)
    words = ["--false-alarms-per-minute", wanted, "--settings-file", tmp_path / "glimpse.toml"]
    run = calibrate(*words, "--json", tmp_path / "curve.json", "--picture", tmp_path / "curve.png")
    assert run.returncode == 0, run.stderr
    report = msgspec.json.decode((tmp_path / "curve.json").read_bytes(), type=ThresholdReport)
    spot = load_settings(tmp_path / "glimpse.toml").spot
    assert spot.model_dump().items() >= report.chosen.settings.items()
    assert "->" in run.stdout and "recall" in run.stdout
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")


def test_the_command_refuses_in_one_line(tmp_path):
    for words, says in (
        (("--quiet", tmp_path / "missing.mp4"), "no such file"),
        (("--quiet", "0"), "--quiet takes recordings"),
        (("--ship",), "--ship needs --simulated"),
        (("--settings", tmp_path / "missing.toml"), "no such settings file"),
    ):
        run = calibrate(*words)
        assert run.returncode == 1 and says in run.stderr, run.stderr
        assert run.stderr.startswith("glimpse: ") and run.stderr.count("\n") == 1


def calibrate(*words: object, **options) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "calibrate", "threshold", *map(str, words)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, **options)
