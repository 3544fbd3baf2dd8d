"""The log for machines: one JSON object per line, without credentials, and without what somebody felt."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from message_streams import verdict

from realtime.failures import UserFacingError
from realtime.json_log import JsonLog
from realtime.messages import (
    FramesDropped,
    LoadShed,
    MotionMeasured,
    SourceLost,
    SourceOpened,
    StageRestarted,
)
from realtime.outcome import WorkerFailed

STAMP = {"source": "s", "sequence": 7, "captured_ns": 7, "grabbed_ns": 7, "epoch": 1}
NAME = "rtsp://***@10.0.0.2/s"


def lines_of(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture
def log(tmp_path: Path) -> JsonLog:
    return JsonLog(tmp_path / "log.json")


def test_what_happens_has_time_level_event_and_source(log: JsonLog, tmp_path: Path):
    log.hear(NAME, SourceOpened(**STAMP, presentation_s=0, says="x", width=4, height=2, fps=30, began_unix_ns=0))
    log.hear(NAME, StageRestarted(**STAMP, stage="spot", reason="spot was killed", restarts=1))
    log.hear(NAME, LoadShed(**STAMP, stage="spot", one_in=2))
    log.hear(NAME, LoadShed(**STAMP, stage="spot", one_in=1))
    log.end(NAME, WorkerFailed("spot", "spot failed: X", "Traceback"))
    log.close()
    lines = lines_of(tmp_path / "log.json")
    told = [(line["level"], line["event"]) for line in lines]
    assert told == [
        ("info", "source_opened"),
        ("warning", "stage_restarted"),
        ("warning", "load_shed"),
        ("info", "load_shed"),
        ("error", "run_failed"),
    ]
    assert all(line["source"] == NAME and line["time"].endswith("+00:00") for line in lines)
    assert lines[1]["stage"] == "spot" and lines[1]["restarts"] == 1


def test_credentials_are_taken_out_of_every_text(log: JsonLog, tmp_path: Path):
    secret = "rtsp://admin:hunter2@10.0.0.2/s?token=abc"
    log.hear(secret, SourceLost(**STAMP, presentation_s=0, reason=f"{secret} broke off"))
    log.write("info", "anything", secret, nested={"why": secret})
    log.end(secret, WorkerFailed("capture", secret, f"File x\n  open({secret!r})"))
    log.close()
    said = (tmp_path / "log.json").read_text()
    assert "hunter2" not in said and "admin" not in said and "abc" not in said
    assert said.count("***@10.0.0.2/s") == 7


def test_an_expression_is_logged_without_what_was_felt(log: JsonLog, tmp_path: Path):
    log.hear(NAME, verdict(event=3))
    motion = MotionMeasured(**STAMP, presentation_s=0, motion=(0.0,), noise=0.1, eyes_open=1, active=False)
    log.hear(NAME, motion)
    log.close()
    (line,) = lines_of(tmp_path / "log.json")
    assert line["event"] == "expression"
    assert set(line) == {"time", "level", "event", "source", "sequence", "latency_ms", "number"}


def test_frames_lost_are_told_together(log: JsonLog, tmp_path: Path):
    for _ in range(500):
        log.hear(NAME, FramesDropped(**STAMP, edge="capture-track", count=2))
    log.end(NAME, WorkerFailed("spot", "x"))
    log.close()
    lost = [line for line in lines_of(tmp_path / "log.json") if line["event"] == "frames_lost"]
    assert [line["count"] for line in lost] == [2, 998]


def test_a_name_that_is_no_text_costs_the_run_nothing(log: JsonLog, tmp_path: Path):
    log.write("info", "anything", "clip-\udcff.mp4")
    log.close()
    assert "clip-" in (tmp_path / "log.json").read_text()


def test_a_log_on_a_full_disk_costs_the_run_nothing(capsys: pytest.CaptureFixture[str]):
    log = JsonLog(Path("/dev/full"))
    for _ in range(3):
        log.write("info", "anything", NAME)
    log.close()
    assert capsys.readouterr().err == "glimpse: /dev/full: No space left on device; nothing more is logged\n"


def test_a_place_that_cannot_be_written_is_refused_at_once():
    with pytest.raises(UserFacingError, match="choose another --log-json"):
        JsonLog(Path("/dev/null/log.json"))
