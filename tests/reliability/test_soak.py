"""Two minutes live while a random worker is killed every twenty seconds."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from realtime.soak_figures import soak_failures
from realtime.soak_tally import Span, slope_per_hour, tally

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_two_minutes_of_faces_and_kills_lose_and_leak_nothing(tmp_path: Path):
    file = tmp_path / "soak.json"
    command = [sys.executable, "run_camera.py", "bench", "soak", "--minutes", "2", "--json", str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(file.read_text())
    assert len(figures["kills"]) >= 5
    assert sum(figures["restarts"].values()) >= len(figures["kills"])
    assert figures["missed"] == [] and figures["event_ids_unique"]
    assert set(figures["leaked"].values()) == {0}
    assert figures["frames"] > 1500
    assert figures["expected"] == 0 or figures["events_found"] > 0


ROUND = [Span(1.0, 1.2, 1.4), Span(5.0, 5.2, 5.4)]


def test_a_missed_expression_counts_only_where_nothing_disturbed():
    found = [span.shifted(10.0 * number) for number in range(3) for span in ROUND]
    without = [span for span in found if span.onset_s not in (11.0, 15.0)]
    result = tally(ROUND, 10.0, without, 0.0, 30.0, [(14.0, 16.0)])
    assert [span.onset_s for span in result.missed] == [11.0]
    assert len(result.expected) == 5 and result.unexpected == []
    assert result.undisturbed_s == pytest.approx(28.0, abs=0.2)


def test_what_no_replay_shows_is_unexpected():
    invented = Span(8.0, 8.1, 8.3)
    assert tally(ROUND, 10.0, [*ROUND, invented], 0.0, 10.0, []).unexpected == [invented]


def test_a_slope_is_told_with_its_interval_and_not_of_too_few():
    slope, low, high = slope_per_hour([0, 60, 120, 180, 240], [100, 101, 102, 103, 104])
    assert slope == pytest.approx(60) and low <= slope <= high
    assert slope_per_hour([0, 1], [1, 2])[0] != slope_per_hour([0, 1], [1, 2])[0], "no number"


def test_what_was_lost_or_leaked_is_a_failure():
    good = {"missed": [], "event_ids_unique": True, "leaked": {"files": 0, "threads": 0}}
    assert soak_failures(good) == []
    bad = {"missed": [{"onset_s": 1}], "event_ids_unique": False, "leaked": {"files": 2, "threads": 0}}
    assert len(soak_failures(bad)) == 3 and "2 files leaked" in soak_failures(bad)
