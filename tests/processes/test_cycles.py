"""Two hundred starts and stops leave nothing behind."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from cycle_runs import Held, growth, pieces


def test_two_hundred_cycles_of_sessions_rings_sockets_and_servers_hold_nothing():
    before, after = growth(pieces, 200, 20)
    assert replace(after, resident=0) == replace(before, resident=0)
    assert after.resident - before.resident < 4 * 2**20, "a ring of each cycle would be 470 MiB"


@pytest.mark.timeout(1200)  # a second each, on a machine with nothing else to do
def test_two_hundred_whole_runs_of_processes_hold_nothing():
    """In a process of their own: the memory of one that has run a thousand tests moves by itself."""
    cycles = Path(__file__).with_name("cycle_runs.py")
    done = subprocess.run([sys.executable, str(cycles), "200"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    before, after = msgspec.json.decode(done.stdout.splitlines()[-1], type=tuple[Held, Held])
    assert replace(after, resident=0) == replace(before, resident=0)
    assert after.resident - before.resident < 4 * 2**20
