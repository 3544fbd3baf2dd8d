"""Choosing points of a cloud, spread as far as may be."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels.backend import Backend, backend_of, contiguous
from kernels.compiled import compiled


def farthest_points(points: Any, count: int, *, first: int = 0, backend: Backend | None = None) -> Any:
    """Farthest-point sampling (Gonzalez, 1985): each new point is the one farthest from all chosen before.

    Args:
        points: float32 (n, axes), finite; NumPy or CuPy.
        count: how many to choose, at most n.
        first: index of the first point.
        backend: see `kernels.backend.backend_of`.

    Returns:
        int64 (count,) indices, no index twice; of points equally far the one of lowest index.

    Raises:
        ValueError: another shape, or numbers out of range.
    """
    chosen = backend_of(points, backend)
    if len(points.shape) != 2 or not 1 <= count <= points.shape[0] or not 0 <= first < points.shape[0]:
        raise ValueError(f"cannot choose {count} points from first {first} out of an array of shape {points.shape}")
    if chosen == "cupy":
        return _farthest_cuda(points, count, first)
    rows = contiguous(points)
    if not np.isfinite(rows).all():
        raise ValueError("points hold values that are not finite")
    return _farthest_numpy(rows, count, first) if chosen == "numpy" else _farthest(rows, count, first)


@compiled
def _farthest(points: NDArray[np.float32], count: int, first: int) -> NDArray[np.int64]:
    chosen = np.empty(count, np.int64)
    distance = np.full(points.shape[0], np.inf, np.float32)
    current = first
    for k in range(count):
        chosen[k] = current
        best, farthest = -1, np.float32(-1)
        for i in range(points.shape[0]):
            total = np.float32(0)
            for a in range(points.shape[1]):
                difference = points[i, a] - points[current, a]
                total += difference * difference
            distance[i] = min(distance[i], total)
        # Chosen points are out of the running even where all points coincide.
        distance[current] = np.float32(-1)
        for i in range(points.shape[0]):
            if distance[i] > farthest:
                best, farthest = i, distance[i]
        current = best
    return chosen


def _farthest_numpy(points: NDArray[np.float32], count: int, first: int) -> NDArray[np.int64]:
    chosen, distance = [first], np.full(points.shape[0], np.inf, np.float32)
    for _ in range(count - 1):
        distance = np.minimum(distance, ((points - points[chosen[-1]]) ** 2).sum(axis=1))
        distance[chosen[-1]] = -1
        chosen.append(int(distance.argmax()))
    return np.array(chosen, np.int64)


def _farthest_cuda(points: Any, count: int, first: int) -> Any:
    from kernels import cuda_launch

    launch = cuda_launch.launcher()
    arrays = launch.arrays
    points = arrays.ascontiguousarray(points, dtype="float32")
    chosen, distance = [first], arrays.full(points.shape[0], np.inf, "float32")
    for _ in range(count - 1):
        launch("clouds", "nearest", points.shape[0], points, distance, *points.shape, chosen[-1])
        distance[chosen[-1]] = -1
        chosen.append(int(distance.argmax()))
    return arrays.asarray(chosen, dtype="int64")
