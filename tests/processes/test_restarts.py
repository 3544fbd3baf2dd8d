"""Crash, exception and hang in every stage at every phase of a live run: started again, or failed as specified."""

from __future__ import annotations

from pathlib import Path

import pytest
from fake_graph import fake_graph, fake_rings
from fake_stages import END, EVENT_EVERY, Fault

from realtime.control import Beat
from realtime.graph_run import Plan, run_plan
from realtime.messages import ExpressionRecognised, Message, StageRestarted, WorkerReport
from realtime.outcome import Limits, WorkerFailed
from realtime.post import Post
from realtime.restarts import RestartBudget, RestartPolicy
from realtime.summary import Summary
from realtime.worker import WorkerSpec

STAGES = ("capture", "track", "spot", "recognise", "publish")
QUICK = RestartPolicy(first_s=0.05, longest_s=0.2)


def faults(folder: Path, kind: str, times: int = 1, apart: int = 250, stages: tuple[str, ...] = STAGES) -> Fault:
    """One for every stage, one after the other."""
    each = tuple(
        Fault(stage, kind, apart * (1 + index), str(folder / f"{stage}.marks"), times)
        for index, stage in enumerate(stages)
    )
    return Fault(marks=str(folder / "none"), others=each)


class Run:
    """A live run of the fakes at 200 frames/s."""

    def __init__(self, folder: Path, fault: Fault, count: int = 2400, limits: Limits = Limits()) -> None:  # noqa: B008
        self.out = folder / "out.txt"
        self.heard: list[Message] = []
        graph = fake_graph(self.out, count, live=True, fps=200, fault=fault)
        self.summary: Summary = run_plan(
            Plan(graph, "fake", fake_rings(graph), limits, self.heard.append, restarts=QUICK)
        )
        self.lines = self.out.read_text().splitlines()

    @property
    def restarts(self) -> dict[str, int]:
        return {stage.name: stage.restarts for stage in self.summary.stages}


@pytest.mark.parametrize("kind", ["kill", "raise", "hang", "exit"])
def test_every_stage_that_breaks_while_running_is_started_again_and_the_run_goes_on(tmp_path: Path, kind: str):
    run = Run(tmp_path, faults(tmp_path, kind), count=3000, limits=Limits(hang_s=1.0))
    assert run.restarts == dict.fromkeys(STAGES, 1)
    told = [message for message in run.heard if isinstance(message, StageRestarted)]
    assert [message.stage for message in told] == list(STAGES)
    why = {"kill": "killed by SIGKILL", "raise": "RuntimeError", "hang": "no answer", "exit": "exit code 3"}[kind]
    assert all(why in message.reason for message in told)

    in_stream = [line for line in run.lines if line.startswith("StageRestarted")]
    assert len(in_stream) == 4, "every stage but the sink tells those after it"
    assert run.lines[-2:] == ["EndOfStream " + run.lines[-2].split()[1] + " the source ended", "closed"]
    assert sum(line.startswith("SourceOpened") for line in run.lines) == 2, "the source was opened again"
    frames = [int(line.split()[1]) for line in run.lines if line.startswith("FaceTracked")]
    assert frames == sorted(set(frames)), "no frame's number is given twice"
    events = [line.split()[-1] for line in run.lines if line.startswith("ExpressionRecognised")]
    assert len(events) == len(set(events)), "nor an expression's"
    assert any(int(event) > 1250 / EVENT_EVERY for event in events), "it goes on finding after the last fault"
    missed = {stage.name: stage.missed for stage in run.summary.stages}
    assert all(missed[name] > 0 for name in ("track", "spot")), "what was lost meanwhile is counted"
    assert "restarts: capture 1, track 1, spot 1, recognise 1, publish 1" in run.summary.line()


@pytest.mark.parametrize("kind", ["kill", "raise", "hang"])
def test_every_stage_that_breaks_while_starting_is_started_again(tmp_path: Path, kind: str):
    run = Run(tmp_path, faults(tmp_path, f"build-{kind}"), count=100, limits=Limits(start_s=4.0))
    assert run.restarts == dict.fromkeys(STAGES, 1)
    assert not any(line.startswith("StageRestarted") for line in run.lines), "nothing had begun"
    assert run.lines[0] == "SourceOpened 0"
    assert run.lines[-1] == "closed"
    assert run.summary.frames == 100


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("kind", ["kill", "raise", "hang"])
def test_a_stage_that_breaks_at_the_end_is_named_and_what_was_found_is_on_disk(tmp_path: Path, kind: str, stage: str):
    why = {"kill": "was killed by SIGKILL", "raise": "failed: RuntimeError", "hang": "failed: no answer"}[kind]
    out = tmp_path / "out.txt"
    graph = fake_graph(out, 120, live=True, fps=100, fault=Fault(stage, kind, END))
    heard: list[Message] = []
    with pytest.raises(WorkerFailed, match=f"^{stage} {why}"):
        run_plan(Plan(graph, "fake", fake_rings(graph), Limits(hang_s=2, close_s=2), heard.append, restarts=QUICK))
    assert not any(isinstance(message, StageRestarted) for message in heard), "the end comes only once"
    written = [line.split()[-1] for line in out.read_text().splitlines() if line.startswith("ExpressionRecognised")]
    assert written == [str(message.event) for message in heard if isinstance(message, ExpressionRecognised)]
    assert written


@pytest.mark.parametrize("kind", ["raise", "build-raise"])
def test_a_stage_that_breaks_again_and_again_ends_the_run_and_is_named(tmp_path: Path, kind: str):
    graph = fake_graph(tmp_path / "out.txt", 10**6, live=True, fps=200, fault=faults(tmp_path, kind, 99, 0, ("spot",)))
    told: list[Message] = []
    with pytest.raises(
        WorkerFailed, match=r"^spot failed: RuntimeError: the fake broke; it was restarted 5 times within 60 s$"
    ):
        run_plan(Plan(graph, "fake", fake_rings(graph), Limits(), told.append, restarts=QUICK))
    assert [message.restarts for message in told if isinstance(message, StageRestarted)] == [1, 2, 3, 4, 5]


def test_what_a_user_can_mend_is_not_tried_again(tmp_path: Path):
    fault = Fault(marks=str(tmp_path / "none"), others=(Fault("capture", "mendable", 100),))
    with pytest.raises(WorkerFailed, match=r"^plug it in again$"):
        Run(tmp_path, fault)


def test_a_recording_is_not_restarted_since_its_result_would_have_a_hole(tmp_path: Path):
    graph = fake_graph(tmp_path / "out.txt", 10_000, fault=Fault("spot", "kill", 200))
    with pytest.raises(WorkerFailed, match=r"^spot was killed by SIGKILL"):
        run_plan(Plan(graph, "fake", fake_rings(graph), Limits()))


def test_a_stop_waits_for_a_sink_that_is_being_restarted_and_loses_none_of_its_events(tmp_path: Path):
    out = tmp_path / "out.txt"
    fault = faults(tmp_path, "kill", 1, 400, ("publish",))
    graph = fake_graph(out, 10**6, live=True, fps=200, fault=fault)
    heard: list[Message] = []

    def stop() -> bool:
        return any(isinstance(message, StageRestarted) for message in heard)

    summary = run_plan(Plan(graph, "fake", fake_rings(graph), Limits(), heard.append, stop, restarts=QUICK))
    lines = out.read_text().splitlines()
    assert lines[-1] == "closed"
    assert lines[-2].endswith("stopped")
    written = [int(line.split()[-1]) for line in lines if line.startswith("ExpressionRecognised")]
    found = [message.event for message in heard if isinstance(message, ExpressionRecognised)]
    # The one in hand when it was killed may be lost, those that wait for it are not.
    assert len(set(found) - set(written)) <= 1
    assert summary.stopped_by == "asked"


def test_work_is_counted_once_while_nobody_holds_the_post_and_after(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    class Dead:
        """A child that handled seven messages and is no more."""

        alive = False

        def __init__(self, _spec: object) -> None:
            self.beat = Beat(WorkerReport(worker="spot", phase="RUNNING", handled=7, dropped=0, busy_ns=0))

        def hear(self) -> None: ...

        def close(self) -> None: ...

    monkeypatch.setattr("realtime.post.Child", Dead)
    graph = fake_graph(tmp_path / "out.txt")
    stage = graph.stages[2]
    post = Post(stage, lambda past: WorkerSpec.of(graph, stage, tmp_path, "fake", 1.0, 1.0, past), QUICK)
    assert post.vacate("it died") is not None
    assert post.beat.report.handled == 7, "while it is down"
    post.hurry()
    post.fill(resumes=True)
    assert post.beat.report.handled == 14, "of both"
    post.vacate("it died again")
    post.abandon()
    assert post.beat.report.handled == 14, "nobody follows"


def test_a_budget_allows_so_many_restarts_a_minute_each_waiting_longer():
    budget = RestartBudget(RestartPolicy())
    assert [budget.spend(float(s), worked=True) for s in range(6)] == [0.2, 0.4, 0.8, 1.6, 3.2, None]
    assert budget.why_spent() == "restarted 5 times within 60 s"
    assert budget.spend(60.5, worked=True) == 3.2, "the first is forgotten"
    assert budget.spend(60.6, worked=True) is None
    assert budget.spend(200.0, worked=True) == 0.2, "all are"


def test_a_budget_ends_for_a_stage_that_never_gets_to_work_however_slowly_it_fails():
    budget = RestartBudget(RestartPolicy())
    assert [budget.spend(100.0 * n, worked=False) for n in range(6)] == [0.2] * 5 + [None]
    assert budget.why_spent() == "restarted 5 times, and never got to work"
    assert budget.spend(700.0, worked=True) == 0.2
