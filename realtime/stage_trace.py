"""When each stage took and finished each message, written down for benchmarks."""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from realtime.graph import Graph
from realtime.messages import EndOfStream
from realtime.parcel import Parcel

_COLUMNS = ("kind", "sequence", "grabbed_ns", "taken_ns", "done_ns")
_Method = Callable[[Parcel], list[Parcel] | None]


@dataclass(frozen=True)
class Handled:
    """One message through one stage; all times monotonic nanoseconds of this machine.

    Attributes:
        kind: name of the message's type.
        sequence: of its frame.
        grabbed_ns: when that frame was grabbed.
        taken_ns: when the stage took the message in, its pixels read.
        done_ns: when the stage had answered.
    """

    kind: str
    sequence: int
    grabbed_ns: int
    taken_ns: int
    done_ns: int


def traced_graph(graph: Graph, folder: Path) -> Graph:
    """The graph with every stage writing `<stage>.csv` into a folder."""
    return replace(graph, stages=tuple(replace(stage, trace=folder / f"{stage.name}.csv") for stage in graph.stages))


def traced(method: _Method, file: Path | None) -> _Method:
    """A stage's method that writes a line for each message; without a file, the method itself."""
    if file is None:
        return method
    lines = file.open("w", newline="")
    table = csv.writer(lines)
    table.writerow(_COLUMNS)

    def trace(parcel: Parcel) -> list[Parcel] | None:
        message = parcel.message
        taken_ns = time.monotonic_ns()
        made = method(parcel)
        done_ns = time.monotonic_ns()
        table.writerow((type(message).__name__, message.sequence, message.grabbed_ns, taken_ns, done_ns))
        if isinstance(message, EndOfStream):
            lines.flush()
        return made

    return trace


def read_trace(file: Path) -> Iterator[Handled]:
    """What one stage wrote; nothing where it took no message."""
    if not file.is_file():
        return
    with file.open(newline="") as lines:
        for row in csv.DictReader(lines):
            yield Handled(row["kind"], *(int(row[name]) for name in _COLUMNS[1:]))
