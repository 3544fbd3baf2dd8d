"""Start and stop again and again, and look what is left: `python tests/processes/cycle_runs.py 200`."""

from __future__ import annotations

import gc
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import psutil
import zmq

from realtime.edges import Inbox, Outbox
from realtime.graph import Edge, Policy
from realtime.graph_run import Plan, run_plan
from realtime.logbook import Logbook
from realtime.metrics_server import MetricsServer
from realtime.outcome import Limits
from realtime.ring import Ring, RingSpec, create_ring
from realtime.session import Session, shared_memory_root
from realtime.stop_signals import StopSignals


@dataclass(frozen=True)
class Held:
    """What this process holds of the system."""

    files: int
    threads: int
    children: int
    folders: int
    resident: int  # bytes

    @classmethod
    def now(cls) -> Held:
        gc.collect()
        me = psutil.Process()
        folders = len(list(shared_memory_root().glob(f"glimpse-{me.pid}-*")))
        children = [child for child in me.children() if "spawn_main" in " ".join(child.cmdline())]
        return cls(me.num_fds(), threading.active_count(), len(children), folders, me.memory_info().rss)


def pieces() -> None:
    """Everything that a run sets up in its parent, and the ends of its edges, without its processes."""
    session, context = Session(), zmq.Context()
    spec = RingSpec.of("faces", 40, (256, 256), "u1", ("spot", "recognise"), False)
    create_ring(session.folder, spec)
    writer, reader = Ring(session.folder, spec), Ring(session.folder, spec)
    writer.write(3, np.full((256, 256), 7, np.uint8))
    assert (reader.read(3) == 7).all()
    Logbook(session.folder, "spot")["sequence"] = 3
    edge = Edge("track", "spot", Policy.LATEST)
    inbox, outbox = Inbox(context, session.folder, edge), Outbox(context, session.folder, edge)
    with StopSignals(), MetricsServer(0, list, "0" * 32):
        inbox.receive(1)
    inbox.close()
    outbox.close()
    context.term()
    session.remove()


def whole_run(folder: Path) -> None:
    """Five processes around fake stages."""
    from fake_graph import fake_graph, fake_rings

    graph = fake_graph(folder / "out.txt", 20)
    assert run_plan(Plan(graph, "fake", fake_rings(graph), Limits())).frames == 20


def growth(cycle: Callable[[], None], count: int, warm: int) -> tuple[Held, Held]:
    """What is held after the first cycles, and after all."""
    for _ in range(warm):
        cycle()
    before = Held.now()
    for _ in range(count - warm):
        cycle()
    return before, Held.now()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as private:
        held = growth(lambda: whole_run(Path(private)), int(sys.argv[1]), 5)
        print(msgspec.json.encode(held).decode())
