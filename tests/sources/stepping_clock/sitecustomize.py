"""A wall clock that steps an hour back and forth twice a second, in every process that finds this module first."""

from __future__ import annotations

import time

_true_s, _true_ns = time.time, time.time_ns


def _step_ns() -> int:
    return -3_600_000_000_000 if _true_ns() // 250_000_000 % 2 else 0


time.time = lambda: _true_s() + _step_ns() * 1e-9
time.time_ns = lambda: _true_ns() + _step_ns()
