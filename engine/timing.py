"""Latency of classifiers side by side: in turns, so that a busy machine slows all of them alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import numpy as np

TURNS = 10


def latencies_ms(calls: Mapping[str, Callable[[], object]], repetitions: int) -> dict[str, tuple[float, float]]:
    """Median and 99th percentile of each call, ms.

    Args:
        calls: by name; each has been warmed.
        repetitions: of each call, all turns together.
    """
    taken: dict[str, list[float]] = {name: [] for name in calls}
    each = max(repetitions // TURNS, 1)
    for _ in range(TURNS):
        for name, call in calls.items():
            call()  # brings its code and weights back into the caches
            for _ in range(each):
                start = time.perf_counter_ns()
                call()
                taken[name].append((time.perf_counter_ns() - start) / 1e6)
    return {name: (float(np.median(times)), float(np.percentile(times, 99))) for name, times in taken.items()}
