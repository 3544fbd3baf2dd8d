"""Accuracy and speed of dense flow, ours and others', on the same pairs in the same run."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kernels.bench_fields import MOVING, SIZE, Pair
from kernels.flow import FlowEstimator

Estimator = Callable[[NDArray[np.uint8], NDArray[np.uint8]], NDArray[np.float32]]

ROUNDS = 15
"""Timed calls per pair of the timing set; the median counts."""
_CALLS_PER_ROUND = 4  # between two meetings of the threads


class FlowScore(NamedTuple):
    """One method on one table."""

    method: str
    everywhere: float  # mean end-point error over all pixels, px
    moving: float  # mean end-point error over pixels that truly move, px


def peers(slow: bool) -> Iterator[tuple[str, Estimator]]:
    """OpenCV's dense flows; TV-L1 (seconds per pair set) only where `slow`."""
    import cv2 as module

    cv2: Any = module  # its stubs leave out what the build has
    yield "zero flow", lambda before, _: np.zeros((*before.shape, 2), np.float32)
    names = ("ultrafast", "fast", "medium")
    for preset, name in enumerate(names):
        yield f"DIS {name}", _opencv(cv2.DISOpticalFlow_create(preset))
    finest = cv2.DISOpticalFlow_create(2)
    finest.setFinestScale(0)
    yield "DIS medium, finest scale 0", _opencv(finest)
    parameters = (None, 0.5, 3, 15, 3, 5, 1.2, 0)
    yield "Farneback", lambda before, after: cv2.calcOpticalFlowFarneback(before, after, *parameters)
    if slow:
        yield "TV-L1, 2 warps", _opencv(cv2.optflow.DualTVL1OpticalFlow_create(warps=2))
        yield "TV-L1", _opencv(cv2.optflow.DualTVL1OpticalFlow_create())


def ours() -> Iterator[tuple[str, Estimator]]:
    """Both presets."""
    for preset in ("tracking", "precise"):
        estimate = FlowEstimator(SIZE, SIZE, preset)
        estimate.warm()
        yield f"Glimpse {preset}", estimate


def _opencv(method: Any) -> Estimator:
    return lambda before, after: np.asarray(method.calc(before, after, None))


def score(method: str, estimate: Estimator, pairs: list[Pair]) -> FlowScore:
    """Mean over the pairs of each pair's mean errors."""
    errors = []
    for pair in pairs:
        error = np.linalg.norm(estimate(pair.before, pair.after) - pair.truth, axis=2)
        errors.append((error.mean(), error[np.linalg.norm(pair.truth, axis=2) > MOVING].mean()))
    everywhere, moving = np.mean(errors, axis=0)
    return FlowScore(method, float(everywhere), float(moving))


def milliseconds(estimate: Estimator, pairs: list[Pair]) -> float:
    """Median time of a call on a few of the pairs, ms."""
    times = []
    for pair in pairs[:3]:
        estimate(pair.before, pair.after)
        for _ in range(ROUNDS):
            begun = time.perf_counter()
            estimate(pair.before, pair.after)
            times.append(time.perf_counter() - begun)
            if times[-1] > 0.2:
                break
    return float(np.median(times)) * 1e3


def milliseconds_side_by_side(estimates: tuple[Estimator, Estimator], pairs: list[Pair], rounds: int = ROUNDS) -> float:
    """Wall time per pair while two threads work on one pair each, ms; median over rounds of both threads."""
    pair = pairs[0]
    times: list[float] = []
    gate = threading.Barrier(len(estimates), action=lambda: times.append(time.perf_counter()))

    def work(estimate: Estimator) -> None:
        estimate(pair.before, pair.after)
        for _ in range(rounds):
            gate.wait()
            for _ in range(_CALLS_PER_ROUND):
                estimate(pair.before, pair.after)
        gate.wait()

    threads = [threading.Thread(target=work, args=(estimate,)) for estimate in estimates]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return float(np.median(np.diff(times))) * 1e3 / (_CALLS_PER_ROUND * len(estimates))
