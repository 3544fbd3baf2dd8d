"""Verdicts on spotted expressions against the truth, as `python -m models score-verdicts` counts them."""

import json

import pytest
from typer.testing import CliRunner

from models.__main__ import app

HEADER = "clip,kind,label,onset_s,apex_s,offset_s,onset_frame,apex_frame,offset_frame,action_units,intensity\n"


def truth_line(kind, label, onset, offset, units):
    return f"a.mp4,{kind},{label},{onset},{(onset + offset) / 2},{offset},0,1,2,{units},C\n"


def event(kind, onset, offset, label, surest, units):
    chances = {name: 0.9 if name == surest else 0.05 for name in ("negative", "positive", "surprise")}
    times = {"onset_s": onset, "apex_s": (onset + offset) / 2, "offset_s": offset}
    return json.dumps({"kind": kind, **times, "label": label, "probabilities": chances, "action_units": units}) + "\n"


@pytest.fixture
def folders(tmp_path):
    truth, events = tmp_path / "truth", tmp_path / "events"
    truth.mkdir()
    events.mkdir()
    (truth / "a.truth.csv").write_text(
        HEADER
        + truth_line("micro", "negative", 1.0, 1.4, "4+7")
        + truth_line("micro", "positive", 2.0, 2.4, "L12")
        + truth_line("macro", "surprise", 3.0, 5.0, "1+2")
        + truth_line("micro", "negative", 6.0, 6.4, "4")
        + truth_line("blink", "", 7.0, 7.3, "45")
    )
    (truth / "a.conditions.json").write_text('{"seconds": 60}')
    (events / "a.events.jsonl").write_text(
        event("micro", 1.0, 1.4, "negative", "negative", {"AU4": 0.9})
        + event("micro", 2.0, 2.4, "uncertain", "negative", {"AU12": 0.8, "AU6": 0.6})
        + event("macro", 3.0, 5.0, "surprise", "surprise", {"AU1": 0.9, "AU2": 0.7})
        + event("micro", 7.0, 7.3, "negative", "negative", {"AU4": 0.9})
    )
    return truth, events


def test_only_spotted_expressions_are_scored(folders, tmp_path):
    file = tmp_path / "scores.json"
    result = CliRunner().invoke(
        app, ["score-verdicts", *map(str, folders), "--least-occurrences", "1", "--json", str(file)]
    )
    assert result.exit_code == 0, result.output
    scores = json.loads(file.read_text())
    assert (scores["true"], scores["spotted"]) == (4, 3)
    assert scores["confusion"] == [[1, 0, 0], [1, 0, 0], [0, 0, 1]]
    assert scores["uf1"] == pytest.approx((2 / 3 + 0 + 1) / 3)
    assert scores["stated"] == pytest.approx(2 / 3)
    assert scores["right_of_stated"] == 1
    # AU4, AU12, AU1 and AU2 are right, AU7 was missed; AU6 never occurs, so it has no F1 of its own.
    assert scores["mean_action_unit_f1"] == pytest.approx(4 / 5)
    assert scores["pooled_action_unit_f1"] == pytest.approx(2 * 4 / (5 + 5))
    assert "3 of 4 expressions were spotted" in result.output


def test_a_missing_events_file_is_one_line(folders):
    (folders[1] / "a.events.jsonl").unlink()
    result = CliRunner().invoke(app, ["score-verdicts", *map(str, folders)])
    assert result.exit_code == 1
    assert "run `python run_camera.py replay`" in result.output and "Traceback" not in result.output


def test_events_that_match_nothing_are_no_score(folders):
    (folders[1] / "a.events.jsonl").write_text(event("micro", 30.0, 30.4, "negative", "negative", {}))
    result = CliRunner().invoke(app, ["score-verdicts", *map(str, folders)])
    assert result.exit_code == 1 and "no event there matches" in result.output


def test_a_line_that_is_no_verdict_is_named(folders):
    (folders[1] / "a.events.jsonl").write_text('{"kind": "micro", "onset_s": 1}\n')
    result = CliRunner().invoke(app, ["score-verdicts", *map(str, folders)])
    assert result.exit_code == 1 and "a.events.jsonl" in result.output
