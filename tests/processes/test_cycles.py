"""Two hundred starts and stops leave nothing behind."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from cycle_runs import growth, pieces, whole_run


def test_two_hundred_cycles_of_sessions_rings_sockets_and_servers_hold_nothing():
    before, after = growth(pieces, 200, 20)
    assert replace(after, resident=0) == replace(before, resident=0)
    assert after.resident - before.resident < 4 * 2**20, "a ring of each cycle would be 470 MiB"


@pytest.mark.timeout(1200)  # a second each, on a machine with nothing else to do
def test_two_hundred_whole_runs_of_processes_hold_nothing(tmp_path: Path):
    before, after = growth(lambda: whole_run(tmp_path), 200, 5)
    assert replace(after, resident=0) == replace(before, resident=0)
    assert after.resident - before.resident < 4 * 2**20
