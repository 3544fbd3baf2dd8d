"""What every test of processes is held to: nothing of a run is left when it is over."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from realtime.session import shared_memory_root


def folders(owner: int) -> set[Path]:
    """What a process has in shared memory; others on this machine may be at work too."""
    return set(shared_memory_root().glob(f"glimpse-{owner}-*"))


def workers() -> list[psutil.Process]:
    """Spawned workers on this machine, of whatever run."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        spawned = any("spawn_main" in part for part in process.info["cmdline"] or ())
        if spawned and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found


def wait_until(holds: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """Look at shared memory and the process table afterwards."""
    yield
    children = [p for p in psutil.Process().children(recursive=True) if "spawn_main" in " ".join(p.cmdline())]
    assert children == []
    assert folders(os.getpid()) == set()
