"""Two hundred starts and stops leave nothing behind."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from cycle_runs import growth, pieces, whole_run


def test_two_hundred_cycles_of_sessions_rings_sockets_and_servers_hold_nothing():
    before, after = growth(pieces, 200, 20)
    assert replace(after, resident=0) == replace(before, resident=0)
    assert after.resident - before.resident < 4 * 2**20, "a ring of each cycle would be 470 MiB"


def test_whole_runs_of_processes_hold_nothing(tmp_path: Path):
    before, after = growth(lambda: whole_run(tmp_path), 6, 2)
    assert replace(after, resident=0) == replace(before, resident=0)
    assert after.resident - before.resident < 4 * 2**20
