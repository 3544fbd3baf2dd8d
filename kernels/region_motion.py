"""How each region of the face moved, as one vector, and how much."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kernels.compiled import compiled

_DIRECTIONS = 8


@compiled
def _projected_mean(flow: NDArray[np.float32], labels: NDArray[np.int16], count: int, out: NDArray[np.float32]) -> None:
    height, width = labels.shape
    sums = np.zeros((count, 3), np.float64)
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
                    out[label, 0] += along * u
                    out[label, 1] += along * v
                    sums[label, 2] += along
    for region in range(count):
        if sums[region, 2] > 0:
            out[region, 0] /= sums[region, 2]
            out[region, 1] /= sums[region, 2]


@compiled
def _octants(flow: NDArray[np.float32], labels: NDArray[np.int16], count: int, sums: NDArray[np.float64]) -> None:
    height, width = labels.shape
    for y in range(height):
        for x in range(width):
            label = labels[y, x]
            if 0 <= label < count:
                u, v = flow[y, x, 0], flow[y, x, 1]
                angle = np.arctan2(v, u)
                octant = int(np.floor((angle + np.pi) / (2 * np.pi) * _DIRECTIONS + 0.5)) % _DIRECTIONS
                sums[label, octant, 0] += 1
                sums[label, octant, 1] += u
                sums[label, octant, 2] += v


@compiled
def _top(flow: NDArray[np.float32], labels: NDArray[np.int16], count: int, most: int, out: NDArray[np.float32]) -> None:
    height, width = labels.shape
    sizes = np.zeros(count + 1, np.int64)
    for label in labels.ravel():
        if 0 <= label < count:
            sizes[label + 1] += 1
    starts = np.cumsum(sizes)
    magnitudes = np.empty(starts[count], np.float32)
    filled = starts[:count].copy()
    for y in range(height):
        for x in range(width):
            label = labels[y, x]
            if 0 <= label < count:
                magnitudes[filled[label]] = np.hypot(flow[y, x, 0], flow[y, x, 1])
                filled[label] += 1
    for region in range(count):
        mine = magnitudes[starts[region] : starts[region + 1]]
        taken = min(most, mine.size)
        if taken > 0:
            mine = np.sort(mine)
            out[region] = mine[mine.size - taken :].mean()


def _checked(
    flow: NDArray[np.float32], labels: NDArray[np.int16], count: int
) -> tuple[NDArray[np.float32], NDArray[np.int16]]:
    if flow.ndim != 3 or flow.shape[2] != 2 or labels.shape != flow.shape[:2]:
        raise ValueError(f"flow must be (H, W, 2) and labels (H, W), not {flow.shape} and {labels.shape}")
    if count < 1:
        raise ValueError(f"count must be 1 or more, not {count}")
    return np.ascontiguousarray(flow, np.float32), np.ascontiguousarray(labels, np.int16)


def region_motion(flow: NDArray[np.float32], labels: NDArray[np.int16], count: int) -> NDArray[np.float32]:
    """The main motion of each region.

    The mean of a region's vectors names its direction; each vector then counts by its length along it, those against it
    not at all. So still skin inside a region does not dilute the part that moves, outliers against the current drop
    out, and, unlike with bins of directions, the result is continuous and turns with the flow.

    Args:
        flow: float32 (H, W, 2), px.
        labels: int16 (H, W), region of each pixel, -1 for none.
        count: number of regions.

    Returns:
        float32 (count, 2), px; zero for a region without pixels.

    Raises:
        ValueError: shapes that do not fit.
    """
    flow, labels = _checked(flow, labels, count)
    out = np.zeros((count, 2), np.float32)
    _projected_mean(flow, labels, count, out)
    return out


def main_direction(flow: NDArray[np.float32], labels: NDArray[np.int16], count: int) -> NDArray[np.float32]:
    """Main Directional Mean Optical-flow (MDMO; Liu et al., IEEE TAFFC 2016).

    Of eight directions the one that most of a region's vectors fall into; the mean of those vectors.

    Args:
        flow: float32 (H, W, 2), px.
        labels: int16 (H, W), region of each pixel, -1 for none.
        count: number of regions.

    Returns:
        float32 (count, 2): length in px and angle in radians (from x towards y) of the mean; zero for an empty region.

    Raises:
        ValueError: shapes that do not fit.
    """
    flow, labels = _checked(flow, labels, count)
    sums = np.zeros((count, _DIRECTIONS, 3), np.float64)
    _octants(flow, labels, count, sums)
    main = sums[np.arange(count), sums[:, :, 0].argmax(axis=1)]
    mean = main[:, 1:] / np.maximum(main[:, :1], 1)
    return np.column_stack([np.hypot(mean[:, 0], mean[:, 1]), np.arctan2(mean[:, 1], mean[:, 0])]).astype(np.float32)


def top_magnitudes(flow: NDArray[np.float32], labels: NDArray[np.int16], count: int, k: int) -> NDArray[np.float32]:
    """Mean length of each region's `k` longest vectors, float32 (count,), px; of all of them where there are fewer.

    Raises:
        ValueError: shapes that do not fit, or a `k` below 1.
    """
    flow, labels = _checked(flow, labels, count)
    if k < 1:
        raise ValueError(f"k must be 1 or more, not {k}")
    out = np.zeros(count, np.float32)
    _top(flow, labels, count, k, out)
    return out
