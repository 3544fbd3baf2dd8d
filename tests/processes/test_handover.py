"""A sender stays until its receivers have left their notes."""

from __future__ import annotations

from realtime.graph import pipeline_graph
from realtime.handover import all_taken, note_taken


def test_every_receiver_must_have_taken_all(tmp_path):
    edges = pipeline_graph(live=False, sinks=("publish", "annotate")).out_of("recognise")
    assert not all_taken(tmp_path, edges)
    note_taken(tmp_path, "publish")
    assert not all_taken(tmp_path, edges), "annotate has not taken its end"
    note_taken(tmp_path, "annotate")
    assert all_taken(tmp_path, edges)


def test_who_sends_to_nobody_need_not_wait(tmp_path):
    assert all_taken(tmp_path, ())
