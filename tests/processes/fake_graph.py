"""The real graph around fake stages; apart from them, so that a child need not import what only a parent needs."""

from __future__ import annotations

from pathlib import Path

from fake_stages import EVIDENCE, Fault

from realtime.graph import Build, Graph, pipeline_graph
from realtime.pipeline import RingMaker, pipeline_rings, with_builds
from realtime.settings import TransportSettings

NO_FAULT = Fault()


def fake_graph(
    out: Path,
    count: int = 300,
    *,
    live: bool = False,
    fps: float = 0.0,
    breaks_off: bool = False,
    fault: Fault = NO_FAULT,
    size: tuple[int, int] = (64, 48),
) -> Graph:
    """The real graph around fake stages."""
    builds = {
        "capture": Build("fake_stages:NumberedSource", (count, fps, breaks_off, fault, size)),
        "track": Build("fake_stages:NumberTracker", (fault,)),
        "spot": Build("fake_stages:NumberSpotter", (fault,)),
        "recognise": Build("fake_stages:NumberRecogniser", (fault,)),
        "publish": Build("fake_stages:LineSink", (out,), {"fault": fault}),
    }
    return with_builds(pipeline_graph(live, ("publish",)), builds)


def fake_rings(graph: Graph, faces_seconds: float = 2.0) -> RingMaker:
    transport = TransportSettings(frames_slots=8, faces_seconds=faces_seconds)
    return lambda opened: pipeline_rings(graph, opened, transport, EVIDENCE)
