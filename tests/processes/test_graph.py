"""The graph as data."""

from __future__ import annotations

import pickle
from fractions import Fraction

import pytest

from realtime.graph import SINKS, Build, Policy, describe, pipeline_graph


def test_every_stage_but_the_first_is_reached_by_one_edge():
    graph = pipeline_graph(live=True, sinks=tuple(SINKS))
    assert graph.into("capture") is None
    for stage in graph.stages[1:]:
        assert sum(edge.receiver == stage.name for edge in graph.edges) == 1
    assert graph.last.name == "recognise"
    assert {edge.receiver for edge in graph.out_of("recognise")} == set(SINKS)


@pytest.mark.parametrize("live", [True, False])
def test_the_policy_follows_the_source(live: bool):
    policies = {edge.policy for edge in pipeline_graph(live).edges}
    assert policies == {Policy.LATEST if live else Policy.LOSSLESS}


def test_every_ring_read_is_written_by_exactly_one_stage():
    graph = pipeline_graph(live=True, sinks=tuple(SINKS))
    writers = [ring for stage in graph.stages for ring in stage.writes.values()]
    assert sorted(writers) == sorted(graph.rings)
    for stage in graph.stages:
        assert stage.rings_read <= set(graph.rings)


def test_readers_of_a_ring():
    graph = pipeline_graph(live=False, sinks=("publish", "view"))
    assert graph.readers_of("frames") == ("track", "view")
    assert graph.readers_of("faces") == ("spot", "recognise")
    assert graph.readers_of("evidence") == ("publish",)


def test_an_unknown_sink_is_refused():
    with pytest.raises(ValueError, match="no such sink: printer; there are publish, annotate, record"):
        pipeline_graph(live=False, sinks=("printer",))


def test_the_text_names_every_stage_edge_and_ring():
    text = describe()
    for name in ("capture", "track", "spot", "recognise", *SINKS, "frames", "faces", "evidence"):
        assert name in text
    assert "capture    -> track       LATEST, 1 frame may wait" in text
    assert "LOSSLESS" in text
    assert max(map(len, text.splitlines())) <= 100


def test_a_build_crosses_processes_and_makes_the_object():
    build = pickle.loads(pickle.dumps(Build("fractions:Fraction.from_float", (0.25,))))
    assert build() == Fraction(1, 4)
