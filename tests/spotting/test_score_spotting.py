"""`python -m models score-spotting` on folders whose figures can be counted by hand."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from models.__main__ import app
from models.simulator.truth import TruthRow, write_truth
from models.spotting_files import ScoringError, clip_seconds

RUNNER = CliRunner()


def row(kind, onset, offset, intensity="B"):
    return TruthRow("a.mp4", kind, "positive", onset, (onset + offset) / 2, offset, 0, 0, 0, "12", intensity)


def event(kind, onset, offset, decided):
    times = {"onset_s": onset, "apex_s": (onset + offset) / 2, "offset_s": offset}
    return json.dumps({"kind": kind, "decided_s": decided, "label": "positive", **times})


@pytest.fixture
def folders(tmp_path):
    truth, events = tmp_path / "truth", tmp_path / "events"
    truth.mkdir()
    events.mkdir()
    rows = [row("micro", 2, 2.4), row("micro", 5, 5.4, "A"), row("speech", 10, 12, ""), row("macro", 20, 22)]
    write_truth(truth / "a.truth.csv", rows)
    (truth / "a.conditions.json").write_text('{"seconds": 30}')
    found = [
        event("micro", 2.02, 2.42, 2.5),
        event("micro", 5.0, 5.4, 5.5),
        event("micro", 10.5, 10.8, 11),
        event("macro", 20.1, 22, 22.1),
    ]
    (events / "a.events.jsonl").write_text("\n".join(found) + "\n")
    return truth, events


def score(truth, events, *options):
    out = events / "score.json"
    result = RUNNER.invoke(app, ["score-spotting", str(truth), str(events), "--json", str(out), *options])
    assert result.exit_code == 0, result.output
    return result.output, json.loads(out.read_text())


def test_counts_errors_and_causes(folders):
    printed, figures = score(*folders)
    micro = figures["micro"]
    assert (micro["true"], micro["found"], micro["hits"]) == (2, 3, 2)
    assert micro["f1"] == pytest.approx(4 / 5)
    assert micro["false_alarms_per_minute"] == pytest.approx(2)
    assert micro["onset_ms"]["median"] == pytest.approx(10) and micro["onset_ms"]["bias"] == pytest.approx(10)
    assert micro["decision_delay_ms"]["median"] == pytest.approx(100)
    assert figures["macro"]["f1"] == 1
    assert figures["recall_by_intensity"]["micro"] == {"A": [1, 1], "B": [1, 1]}
    assert figures["false_alarms_during"] == {"micro": {"speech": 1}, "macro": {}}
    assert "F1" in printed and "False micro alarms during: speech 1" in printed


def test_events_below_the_floor_neither_count_nor_harm(folders):
    _, figures = score(*folders, "--least-intensity", "B")
    assert (figures["micro"]["true"], figures["micro"]["found"], figures["micro"]["hits"]) == (1, 2, 1)


def test_finding_the_same_faint_event_twice_is_still_one_false_alarm(folders):
    truth, events = folders
    with (events / "a.events.jsonl").open("a") as file:
        file.write(event("micro", 5.0, 5.38, 5.5) + "\n")
    _, figures = score(truth, events, "--least-intensity", "B")
    assert figures["micro"]["found"] - figures["micro"]["hits"] == 2


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda t, e: (e / "a.events.jsonl").unlink(), "missing; run"),
        (lambda t, e: (e / "a.events.jsonl").write_text("{}\n"), "line 1: not an event"),
        (lambda t, e: (t / "a.truth.csv").unlink(), "no NAME.truth.csv"),
        (lambda t, e: (t / "a.conditions.json").unlink(), "how long it lasts"),
        (lambda t, e: (t / "a.truth.csv").write_text("clip,kind\na,micro\n"), "line 2: not a row"),
    ],
)
def test_what_is_missing_is_said_in_one_line(folders, spoil, says):
    spoil(*folders)
    result = RUNNER.invoke(app, ["score-spotting", *map(str, folders)])
    assert result.exit_code == 1
    assert says in result.output and result.output.count("\n") == 1


def test_the_length_is_that_of_the_recording_of_this_name(tmp_path):
    (tmp_path / "a.b.mp4").write_bytes(b"another recording")
    with pytest.raises(ScoringError, match="neither video nor"):
        clip_seconds(tmp_path, "a")
