"""Compiled loops of region motion."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kernels.compiled import compiled

Flow = NDArray[np.float32]
Labels = NDArray[np.int16]


@compiled
def projected_mean(flow: Flow, labels: Labels, count: int, out: Flow) -> None:
    """Mean of each region's vectors, each weighted by its length along the plain mean."""
    height, width = labels.shape
    sums = np.zeros((count, 5), np.float64)
    for y in range(height):
        for x in range(width):
            label = labels[y, x]
            if 0 <= label < count:
                sums[label, 0] += flow[y, x, 0]
                sums[label, 1] += flow[y, x, 1]
    for y in range(height):
        for x in range(width):
            label = labels[y, x]
            if 0 <= label < count:
                u, v = flow[y, x, 0], flow[y, x, 1]
                along = u * sums[label, 0] + v * sums[label, 1]
                if along > 0:
                    sums[label, 2] += along
                    sums[label, 3] += along * u
                    sums[label, 4] += along * v
    for region in range(count):
        if sums[region, 2] > 0:
            out[region, 0] = sums[region, 3] / sums[region, 2]
            out[region, 1] = sums[region, 4] / sums[region, 2]


@compiled
def octant_sums(flow: Flow, labels: Labels, count: int, sums: NDArray[np.float64]) -> None:
    """How many vectors of each region fall into each direction, and their sums: float64 (count, 8, 3)."""
    height, width = labels.shape
    for y in range(height):
        for x in range(width):
            label = labels[y, x]
            if 0 <= label < count:
                u, v = flow[y, x, 0], flow[y, x, 1]
                octant = int(np.floor((np.arctan2(v, u) + np.pi) / (2 * np.pi) * 8 + 0.5)) % 8
                sums[label, octant, 0] += 1
                sums[label, octant, 1] += u
                sums[label, octant, 2] += v


@compiled
def by_region(labels: Labels, count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Flat pixel numbers in order of their region, and where each region begins (count + 1)."""
    flat = labels.ravel()
    starts = np.zeros(count + 1, np.int64)
    for label in flat:
        if 0 <= label < count:
            starts[label + 1] += 1
    starts = np.cumsum(starts)
    pixels = np.empty(starts[count], np.int64)
    filled = starts[:count].copy()
    for i in range(flat.size):
        label = flat[i]
        if 0 <= label < count:
            pixels[filled[label]] = i
            filled[label] += 1
    return pixels, starts


@compiled
def top(flow: Flow, labels: Labels, count: int, most: int, out: Flow) -> None:
    """Mean of the `most` greatest lengths of each region."""
    pixels, starts = by_region(labels, count)
    vectors = flow.reshape(-1, 2)
    for region in range(count):
        mine = pixels[starts[region] : starts[region + 1]]
        lengths = np.empty(mine.size, np.float32)
        for i in range(mine.size):
            lengths[i] = np.hypot(vectors[mine[i], 0], vectors[mine[i], 1])
        taken = min(most, mine.size)
        if taken > 0:
            lengths.sort()
            out[region] = lengths[mine.size - taken :].mean()
