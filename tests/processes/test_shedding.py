"""When the machine does not keep up: less is looked at, it is said, and nothing grows old."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest
from fake_graph import fake_graph, fake_rings
from fake_stages import Fault

from realtime.graph_run import Plan, run_plan
from realtime.messages import ExpressionRecognised, LoadShed, Message
from realtime.outcome import Limits
from realtime.shedding import LoadShedder


def feed(shedder: LoadShedder, seconds: float, busy_s: float, fps: float = 30.0, first: int = 0) -> tuple[int, int]:
    """Frames at a steady rate, each look taking so long: how many were looked at, and the number of the next."""
    looked, count = 0, round(seconds * fps)
    for number in range(first, first + count):
        looks = shedder.looks_at(number)
        looked += looks
        shedder.see(number, number / fps, busy_s if looks else None)
    return looked, first + count


def test_a_stage_that_keeps_up_looks_at_every_frame():
    shedder = LoadShedder()
    assert feed(shedder, 60, 0.020)[0] == 1800
    assert shedder.one_in == 1


@pytest.mark.parametrize(("busy_s", "one_in"), [(0.040, 2), (0.070, 3), (0.500, 3)])
def test_one_that_does_not_looks_at_fewer_but_never_so_few_that_an_expression_could_pass(busy_s: float, one_in: int):
    shedder = LoadShedder()
    feed(shedder, 10, busy_s)
    assert shedder.one_in == one_in, "two looks are never further apart than a tenth of a second"


def test_it_looks_at_all_again_when_the_load_is_gone_and_waits_longer_each_time_that_was_too_soon():
    shedder = LoadShedder()
    _, number = feed(shedder, 5, 0.040)
    assert shedder.one_in == 2
    _, number = feed(shedder, 9, 0.010, first=number)
    assert shedder.one_in == 1
    waits = []
    for _ in range(3):
        _, number = feed(shedder, 4, 0.040, first=number)
        assert shedder.one_in == 2
        start = number
        while shedder.one_in == 2:
            _, number = feed(shedder, 0.5, 0.010, first=number)
        waits.append((number - start) / 30)
    assert waits == sorted(waits) and waits[-1] > 1.5 * waits[0]


def test_it_does_not_wait_longer_for_an_overload_of_long_ago():
    shedder, number = LoadShedder(), 0
    for _ in range(4):
        _, number = feed(shedder, 5, 0.040, first=number)
        assert shedder.one_in == 2
        _, number = feed(shedder, 9, 0.010, first=number)
        assert shedder.one_in == 1
        _, number = feed(shedder, 120, 0.010, first=number)


def test_frames_lost_on_the_way_are_overload_too():
    shedder = LoadShedder()
    for number in range(0, 300):
        if number % 8 == 0:
            shedder.lose(1)
            continue
        shedder.see(number, number / 30, 0.010 if shedder.looks_at(number) else None)
    assert shedder.one_in > 1


def test_a_slow_spotter_is_shown_fewer_frames_and_says_so(tmp_path: Path):
    out = tmp_path / "out.txt"
    graph = fake_graph(out, 360, live=True, fps=60, fault=Fault("spot", "slow", -1))  # 20 ms of 16.7
    heard: list[Message] = []
    summary = run_plan(Plan(graph, "fake", fake_rings(graph), Limits(), heard.append))
    told = [message for message in heard if isinstance(message, LoadShed)]
    assert told and told[0].stage == "spot" and told[0].one_in == 2
    spot = next(stage for stage in summary.stages if stage.name == "spot")
    assert spot.shed > 50
    assert f"frames not looked at: {spot.shed} in spot" in summary.line()
    came = sum(line.startswith(("FaceTracked", "FrameCaptured")) for line in out.read_text().splitlines())
    assert came + sum(stage.missed for stage in summary.stages) == 360, "what is not looked at is passed on"


def test_a_slow_sink_costs_frames_and_no_event(tmp_path: Path):
    out = tmp_path / "out.txt"
    graph = fake_graph(out, 600, live=True, fps=200, fault=Fault("publish", "slow", -1))  # 20 ms for each message
    edges = tuple(replace(edge, keep=16) if edge.receiver == "publish" else edge for edge in graph.edges)
    graph = replace(graph, edges=edges)
    heard: list[Message] = []
    began = time.monotonic()
    summary = run_plan(Plan(graph, "fake", fake_rings(graph), Limits(), heard.append))
    found = [message.event for message in heard if isinstance(message, ExpressionRecognised)]
    written = [int(line.split()[-1]) for line in out.read_text().splitlines() if line.startswith("ExpressionRec")]
    assert written == found and found
    publish = summary.stages[-1]
    assert publish.missed > 100, "a sink of a live run takes no more than it can"
    assert time.monotonic() - began < 30, "and works off no long queue at the end"
