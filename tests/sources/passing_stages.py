"""Stages that look at nothing, and a sink that writes down what came: for tests of what a source does to a run."""

from __future__ import annotations

from pathlib import Path

import msgspec

from realtime.graph import Build, Graph, pipeline_graph
from realtime.messages import AnyMessage, Message
from realtime.parcel import Parcel
from realtime.pipeline import RingMaker, pipeline_rings, with_builds
from realtime.settings import TransportSettings
from realtime.source import SourceSpec


class Passes:
    """Hands on what it gets."""

    def track(self, parcel: Parcel) -> list[Parcel]:
        return [Parcel(parcel.message)]

    def push(self, parcel: Parcel) -> list[Parcel]:
        return [parcel]

    def recognise(self, parcel: Parcel, _crops: object) -> list[Parcel]:
        return [parcel]


class Diary:
    """One message per line."""

    def __init__(self, path: Path, resume: bool = False) -> None:
        self._file = path.open("ab" if resume else "wb", buffering=0)

    def take(self, parcel: Parcel) -> None:
        self._file.write(msgspec.json.encode(parcel.message) + b"\n")

    def close(self) -> None:
        self._file.close()


def read_diary(path: Path) -> list[Message]:
    lines = path.read_bytes().split(b"\n")[:-1]
    return [msgspec.json.decode(line, type=AnyMessage) for line in lines]


def passing_graph(source: SourceSpec, diary: Path) -> Graph:
    passes = Build("passing_stages:Passes")
    builds = {
        "capture": Build("realtime.source:SourceSpec.hold", (source,)),
        **dict.fromkeys(("track", "spot", "recognise"), passes),
        "publish": Build("passing_stages:Diary", (diary,)),
    }
    return with_builds(pipeline_graph(True, ("publish",)), builds)


def passing_rings(graph: Graph) -> RingMaker:
    transport = TransportSettings(frames_slots=8, faces_seconds=2.0)
    return lambda opened: pipeline_rings(graph, opened, transport, "u1")
