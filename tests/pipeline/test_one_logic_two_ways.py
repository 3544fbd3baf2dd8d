"""The same stages chained in one process and as processes give the same events."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.pick import load
from models.spotting_metrics import Interval, overlap
from realtime.chain import StageChain
from realtime.graph import Build
from realtime.graph_run import run_plan
from realtime.messages import EndOfStream, ExpressionRecognised, FrameCaptured
from realtime.parcel import Parcel
from realtime.pipeline import plan_pipeline
from realtime.recognise import Recogniser
from realtime.session_record import read_record
from realtime.settings import Settings
from realtime.source import SourceSpec, open_source

# The clock on the wall is the only thing that may differ.
CLOCKS = {"latency_ms", "grabbed_ns"}


def chained(video: Path) -> list[ExpressionRecognised]:
    settings = Settings()
    chain = StageChain(settings, Recogniser(settings.recognise, load("cloud")))
    source = open_source(str(video))

    def parcels():
        for sequence, frame in enumerate(source):
            stamps = {"captured_ns": frame.captured_ns, "grabbed_ns": frame.grabbed_ns, "epoch": 0}
            size = {"width": source.width, "height": source.height, "presentation_s": frame.presentation_s}
            yield Parcel(FrameCaptured(source=video.name, sequence=sequence, **stamps, **size), frame.image)
        yield Parcel(EndOfStream(source=video.name, sequence=sequence, **stamps, reason="the source ended"))

    return [p.message for p in chain.run(parcels()) if isinstance(p.message, ExpressionRecognised)]


@pytest.fixture(scope="module")
def as_processes(clip, tmp_path_factory) -> list[ExpressionRecognised]:
    folder = tmp_path_factory.mktemp("processes")
    sinks = {"publish": Build("realtime.publish:Publisher", (folder / "e.jsonl", folder / "r.record"))}
    summary = run_plan(plan_pipeline(SourceSpec(str(clip.video)), Settings(), sinks))
    assert summary.frames == 375 and not summary.dropped and not summary.problem
    return [p.message for p in read_record(folder / "r.record") if isinstance(p.message, ExpressionRecognised)]


@pytest.fixture(scope="module")
def as_chain(clip) -> list[ExpressionRecognised]:
    return chained(clip.video)


def same(message: ExpressionRecognised) -> dict[str, object]:
    return {name: getattr(message, name) for name in message.__struct_fields__ if name not in CLOCKS}


def test_processes_and_chain_give_the_same_events(as_processes, as_chain):
    assert len(as_chain) > 0
    assert [same(m) for m in as_processes] == [same(m) for m in as_chain]


def test_every_expression_of_the_clip_is_found_and_named(as_chain, truth):
    for true in truth:
        (found,) = [e for e in as_chain if overlap(true, Interval(e.kind, e.onset_s, e.apex_s, e.offset_s)) >= 0.5]
        assert (found.kind, found.label) == (true.kind, true.label)
        assert found.apex_s == pytest.approx(true.apex_s, abs=0.12)


def test_nothing_else_is_reported(as_chain, truth):
    assert len(as_chain) == len(truth)
