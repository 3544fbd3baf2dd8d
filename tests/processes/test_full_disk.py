"""A disk that becomes full while a live run goes on: events are never lost, and the run says what is cut short."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from fake_graph import fake_rings
from fake_stages import Fault

from realtime.events_file import EventLine
from realtime.graph import Build, pipeline_graph
from realtime.graph_run import Plan, run_plan
from realtime.messages import ExpressionRecognised, Message, StageRestarted
from realtime.outcome import Limits, WorkerFailed
from realtime.pipeline import with_builds
from realtime.restarts import RestartPolicy

FULL = Path("/dev/full")
pytestmark = pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")


def run_into(events: Path, record: Path) -> tuple[list[Message], str]:
    """A live run of 300 frames at 200 frames/s: what was heard of it, and why it failed."""
    none = Fault()
    builds = {
        "capture": Build("fake_stages:NumberedSource", (300, 200.0, False, none, (64, 48))),
        "track": Build("fake_stages:NumberTracker", (none,)),
        "spot": Build("fake_stages:NumberSpotter", (none,)),
        "recognise": Build("fake_stages:NumberRecogniser", (none,)),
        "publish": Build("realtime.publish:Publisher", (events, record)),
    }
    graph = with_builds(pipeline_graph(True, ("publish",)), builds)
    heard: list[Message] = []
    with pytest.raises(WorkerFailed) as failed:
        run_plan(Plan(graph, "fake", fake_rings(graph), Limits(), heard.append, restarts=RestartPolicy()))
    assert not any(isinstance(message, StageRestarted) for message in heard), "trying again would not help"
    return heard, str(failed.value)


def found(heard: list[Message]) -> list[str]:
    return [f"fake#{message.event}" for message in heard if isinstance(message, ExpressionRecognised)]


def test_the_record_is_cut_short_and_all_events_are_on_disk(tmp_path: Path):
    record = tmp_path / "session.record"
    record.symlink_to(FULL)
    heard, why = run_into(tmp_path / "events.jsonl", record)
    assert why.startswith(f"{record} is cut short: No space left on device; make room")
    lines = (tmp_path / "events.jsonl").read_bytes().splitlines()
    assert [msgspec.json.decode(line, type=EventLine).id for line in lines] == found(heard)
    assert len(lines) >= 3


def test_events_without_a_place_are_printed(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    events = tmp_path / "events.jsonl"
    events.symlink_to(FULL)
    heard, why = run_into(events, tmp_path / "session.record")
    assert f"{len(found(heard))} events could not be written: No space left on device" in why
    said = capfd.readouterr()
    printed = [line for line in said.out.splitlines() if line.startswith("{")]
    assert [msgspec.json.decode(line, type=EventLine).id for line in printed] == found(heard)
    assert said.err.count("make room, events wait in memory") == 1
