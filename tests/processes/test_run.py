"""Runs of the whole graph around fake stages, in real processes."""

from __future__ import annotations

import re
import threading
import time
from pathlib import Path

import pytest
from fake_graph import fake_graph, fake_rings
from fake_stages import END, EVENT_EVERY, FACELESS, Fault

from realtime.failures import UserFacingError
from realtime.graph_run import Plan, run_plan
from realtime.messages import Message
from realtime.outcome import Limits, WorkerFailed
from realtime.source import SourceError


def lines_expected(count: int) -> list[str]:
    """What the sink must have written after `count` frames, nothing lost and in order."""
    lines = ["SourceOpened 0"]
    face = False
    for number in range(count):
        if number in FACELESS:
            lines += [f"FaceLost {number}"] if face else []
            lines.append(f"FrameCaptured {number}")
            face = False
            continue
        lines += [] if face else [f"FaceFound {number}"]
        lines += [f"FaceTracked {number}", f"MotionMeasured {number}"]
        if number % EVENT_EVERY == EVENT_EVERY - 1:
            lines.append(f"ExpressionRecognised {number} event {1 + number // EVENT_EVERY}")
        face = True
    return lines


def test_nothing_is_lost_and_all_comes_in_order(tmp_path: Path):
    out = tmp_path / "out.txt"
    graph = fake_graph(out, 1000)
    heard: list[Message] = []
    summary = run_plan(Plan(graph, "fake", fake_rings(graph), Limits(), heard.append))
    assert out.read_text().splitlines() == [*lines_expected(1000), "EndOfStream 999 the source ended", "closed"]
    assert summary.frames == 1000
    assert summary.dropped == 0
    assert summary.events == 20
    assert (summary.faces_found, summary.faces_lost) == (2, 1)
    assert summary.notes == ("numbers were odd",)
    assert (summary.problem, summary.stopped_by) == ("", "")
    assert [stage.name for stage in summary.stages] == ["capture", "track", "spot", "recognise", "publish"]
    assert [stage.handled for stage in summary.stages[:2]] == [1000, 1002]
    assert all(stage.busy_s > 0 and 0 < stage.share < 1 for stage in summary.stages)
    assert summary.run_s < summary.total_s
    assert re.match(r"1000 frames in \d+\.\d s: \d+ frames/s \(capture \d+ %, track", summary.line())
    verdicts = [message for message in heard if type(message).__name__ == "ExpressionRecognised"]
    assert len(verdicts) == summary.events


@pytest.mark.parametrize("slow", ["track", "spot", "recognise", "publish"])
def test_nothing_is_lost_when_one_stage_is_slow(tmp_path: Path, slow: str):
    out = tmp_path / "out.txt"
    graph = fake_graph(out, 60, fault=Fault(slow, "slow", -1))
    run_plan(Plan(graph, "fake", fake_rings(graph), Limits()))
    assert out.read_text().splitlines() == [*lines_expected(60), "EndOfStream 59 the source ended", "closed"]


def test_live_drops_frames_counts_them_and_stays_current(tmp_path: Path):
    out = tmp_path / "out.txt"
    graph = fake_graph(out, 200, live=True, fps=200, fault=Fault("track", "slow", -1))
    summary = run_plan(Plan(graph, "fake", fake_rings(graph), Limits()))
    tracked = [int(line.split()[1]) for line in out.read_text().splitlines() if line.startswith("FaceTracked")]
    assert tracked == sorted(tracked)
    assert len(tracked) < 150
    track = summary.stages[1]
    assert track.dropped + track.gone > 0
    told = [line for line in out.read_text().splitlines() if line.startswith("FramesDropped")]
    assert track.missed == track.dropped + track.gone
    assert "on the way to track; " in f"{summary.line()}; "
    assert len(told) > 10
    assert len(tracked) + sum("FrameCaptured" in line for line in out.read_text().splitlines()) + track.missed == 200
    assert 2 * summary.run_s < 200 * 0.02  # it did not work off a queue


def test_a_source_that_breaks_off_gives_what_it_had_and_says_why(tmp_path: Path):
    out = tmp_path / "out.txt"
    graph = fake_graph(out, 60, breaks_off=True)
    summary = run_plan(Plan(graph, "fake", fake_rings(graph), Limits()))
    assert summary.problem == "the numbers ran out"
    assert summary.frames == 60
    assert out.read_text().splitlines()[-2:] == ["EndOfStream 59 the numbers ran out", "closed"]


def test_a_source_without_a_frame_is_an_error(tmp_path: Path):
    graph = fake_graph(tmp_path / "out.txt", 0, breaks_off=True)
    with pytest.raises(WorkerFailed, match=r"^the numbers ran out$"):
        run_plan(Plan(graph, "fake", fake_rings(graph), Limits()))


def test_a_run_can_be_asked_to_stop_from_another_thread(tmp_path: Path):
    out = tmp_path / "out.txt"
    graph = fake_graph(out, 10**6, fps=200)
    stop = threading.Event()
    seen: list[Message] = []

    def hear(message: Message) -> None:
        seen.append(message)
        if len(seen) == 100:
            stop.set()

    result: list[str] = []
    runner = threading.Thread(
        target=lambda: result.append(
            run_plan(Plan(graph, "fake", fake_rings(graph), Limits(), hear, stop.is_set)).stopped_by
        )
    )
    runner.start()
    runner.join(60)
    assert result == ["asked"]
    *messages, end, closed = out.read_text().splitlines()
    assert end.endswith("stopped")
    assert closed == "closed"
    assert messages == lines_expected(int(end.split()[1]) + 1)


def test_a_sink_whose_user_has_had_enough_stops_the_run(tmp_path: Path):
    out = tmp_path / "out.txt"
    graph = fake_graph(out, 10**6, fps=200, fault=Fault("publish", "enough", 50))
    summary = run_plan(Plan(graph, "fake", fake_rings(graph), Limits()))
    assert summary.stopped_by == "publish"
    assert 50 < summary.frames < 10**5
    assert out.read_text().splitlines()[-1] == "closed"


@pytest.mark.parametrize("stage", ["capture", "track", "spot", "recognise"])
def test_a_stage_that_raises_ends_the_run_and_is_named(tmp_path: Path, stage: str):
    out = tmp_path / "out.txt"
    graph = fake_graph(out, 10_000, fault=Fault(stage, "raise", 200))
    with pytest.raises(WorkerFailed, match=f"^{stage} failed: RuntimeError: the fake broke$") as failed:
        run_plan(Plan(graph, "fake", fake_rings(graph), Limits()))
    assert failed.value.worker == stage
    assert "fake_stages.py" in failed.value.details
    written = out.read_text().splitlines()
    assert written[-1] == "closed"
    assert "ExpressionRecognised 149 event 3" in written, "what was found before is on disk"


def test_a_sink_that_raises_ends_the_run_and_is_closed(tmp_path: Path):
    out = tmp_path / "out.txt"
    graph = fake_graph(out, 10_000, fault=Fault("publish", "raise", 200))
    with pytest.raises(WorkerFailed, match=r"^publish failed: RuntimeError"):
        run_plan(Plan(graph, "fake", fake_rings(graph), Limits()))
    assert out.read_text().splitlines()[-1] == "closed"


def test_a_sink_that_cannot_be_closed_is_a_failure(tmp_path: Path):
    graph = fake_graph(tmp_path / "out.txt", 60, fault=Fault("publish", "raise", END))
    with pytest.raises(WorkerFailed, match=r"^publish failed: RuntimeError"):
        run_plan(Plan(graph, "fake", fake_rings(graph), Limits()))


def test_what_a_user_can_mend_is_said_in_its_own_words(tmp_path: Path):
    graph = fake_graph(tmp_path / "out.txt", 300, fault=Fault("capture", "mendable", 100))
    with pytest.raises(WorkerFailed, match=r"^plug it in again$"):
        run_plan(Plan(graph, "fake", fake_rings(graph), Limits()))


@pytest.mark.parametrize("stage", ["capture", "track", "spot", "recognise"])
def test_a_stage_that_cannot_be_built_ends_the_run_before_it_begins(tmp_path: Path, stage: str):
    graph = fake_graph(tmp_path / "out.txt", 300, fault=Fault(stage, "build"))
    with pytest.raises(WorkerFailed, match=f"^{stage} cannot be built$"):
        run_plan(Plan(graph, "fake", fake_rings(graph), Limits()))


@pytest.mark.parametrize("stage", ["capture", "track", "spot", "recognise", "publish"])
def test_a_child_killed_ends_the_run_and_is_named(tmp_path: Path, stage: str):
    graph = fake_graph(tmp_path / "out.txt", 10**6, fault=Fault(stage, "kill", 200))
    with pytest.raises(WorkerFailed, match=f"^{stage} was killed by SIGKILL"):
        run_plan(Plan(graph, "fake", fake_rings(graph), Limits()))


def test_a_sink_killed_while_it_finishes_is_a_failure_though_all_others_are_done(tmp_path: Path):
    graph = fake_graph(tmp_path / "out.txt", 60, fault=Fault("publish", "kill", END))
    with pytest.raises(WorkerFailed, match=r"^publish was killed by SIGKILL"):
        run_plan(Plan(graph, "fake", fake_rings(graph), Limits()))


def test_a_child_that_leaves_without_a_word_is_named(tmp_path: Path):
    graph = fake_graph(tmp_path / "out.txt", 10**6, fault=Fault("spot", "exit", 200))
    with pytest.raises(WorkerFailed, match=r"^spot ended unexpectedly \(exit code 3\)"):
        run_plan(Plan(graph, "fake", fake_rings(graph), Limits()))


@pytest.mark.parametrize("stage", ["track", "publish"])
def test_a_hung_stage_is_killed_and_named(tmp_path: Path, stage: str):
    graph = fake_graph(tmp_path / "out.txt", 10**6, fault=Fault(stage, "hang", 200))
    began = time.monotonic()
    with pytest.raises(WorkerFailed, match=f"^{stage} failed: no answer from its stage for 1.5 s"):
        run_plan(Plan(graph, "fake", fake_rings(graph), Limits(hang_s=1.5)))
    assert time.monotonic() - began < 30


def test_a_worker_that_is_not_ready_in_time_is_named(tmp_path: Path):
    graph = fake_graph(tmp_path / "out.txt", 300)
    with pytest.raises(WorkerFailed, match=r"^\w+ was not ready within 0\.01 s"):
        run_plan(Plan(graph, "fake", fake_rings(graph), Limits(start_s=0.01)))


def test_shared_memory_that_does_not_suffice_is_said_before_the_run(tmp_path: Path):
    graph = fake_graph(tmp_path / "out.txt", 300)
    with pytest.raises(UserFacingError, match=r"MiB free, and this run needs \d+ MiB .*faces \d+"):
        run_plan(Plan(graph, "fake", fake_rings(graph, faces_seconds=1e8), Limits()))


def test_what_a_listener_raises_comes_out_of_the_run(tmp_path: Path):
    graph = fake_graph(tmp_path / "out.txt", 10**6)

    def refuse(message: Message) -> None:
        raise SourceError("not heard")

    with pytest.raises(SourceError, match="not heard"):
        run_plan(Plan(graph, "fake", fake_rings(graph), Limits(), refuse))
