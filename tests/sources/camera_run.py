"""A live run of a camera around stages that look at nothing, in a thread, and what was heard of it."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest
from passing_stages import passing_graph, passing_rings, read_diary

from realtime.graph_run import Plan, run_plan
from realtime.messages import Message
from realtime.outcome import Limits
from realtime.restarts import RestartPolicy
from realtime.source import SourceSpec
from realtime.summary import Summary

_HERE = Path(__file__).parent


def reachable_by_children(monkeypatch: pytest.MonkeyPatch, *before: Path) -> None:
    """Spawned workers import the stages from this folder; modules in `before` come first."""
    folders = [*map(str, before), str(_HERE.parents[1]), str(_HERE)]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(folders))


class Run:
    """A run of the camera in a thread, and what was heard of it."""

    def __init__(self, url: str, folder: Path) -> None:
        self.diary = folder / "diary"
        self.heard: list[Message] = []
        self.summary: Summary | None = None
        self._stop = threading.Event()
        graph = passing_graph(SourceSpec(url, stall_s=1.0), self.diary)

        def run() -> None:
            self.summary = run_plan(
                Plan(
                    graph,
                    "cam",
                    passing_rings(graph),
                    Limits(hang_s=5.0),
                    self.heard.append,
                    self._stop.is_set,
                    RestartPolicy(first_s=0.05),
                )
            )

        self._thread = threading.Thread(target=run)
        self._thread.start()

    def wait_for(self, kind: type[Message], count: int, seconds: float = 40) -> None:
        deadline = time.monotonic() + seconds
        while sum(isinstance(message, kind) for message in self.heard) < count:
            assert time.monotonic() < deadline, f"{kind.__name__} did not come; heard {self.heard}"
            assert self._thread.is_alive()
            time.sleep(0.02)

    def abandon(self) -> None:
        self._stop.set()
        self._thread.join(40)

    def end(self) -> list[Message]:
        self.abandon()
        assert self.summary is not None
        return read_diary(self.diary)
