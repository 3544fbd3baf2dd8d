"""How each region of the face moved, as one vector, and how much."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels import region_numba
from kernels.backend import Backend, backend_of, checked_flow, contiguous, contiguous_labels

DIRECTIONS = 8


def region_motion(flow: Any, labels: Any, count: int, backend: Backend | None = None) -> Any:
    """The main motion of each region.

    The mean of a region's vectors names its direction; each vector then counts by its length along it, those against it
    not at all. So still skin inside a region does not dilute the part that moves, outliers against the current drop
    out, and, unlike with bins of directions, the result is continuous and turns with the flow.

    Args:
        flow: float32 (H, W, 2), px; NumPy or CuPy.
        labels: int16 (H, W), region of each pixel, -1 for none.
        count: number of regions.
        backend: see `kernels.backend.backend_of`.

    Returns:
        float32 (count, 2), px; zero for a region without pixels.

    Raises:
        ValueError: shapes that do not fit.
    """
    chosen = _checked(flow, labels, count, backend)
    if chosen == "cupy":
        from kernels.region_cuda import projected_mean

        return projected_mean(flow, labels, count)
    vectors = contiguous(flow)
    if chosen == "numpy":
        return _projected_mean(vectors, labels, count)
    out = np.zeros((count, 2), np.float32)
    region_numba.projected_mean(vectors, contiguous_labels(labels), count, out)
    return out


def main_direction(flow: Any, labels: Any, count: int, backend: Backend | None = None) -> NDArray[np.float32]:
    """Main Directional Mean Optical-flow (MDMO; Liu et al., IEEE TAFFC 2016).

    Of eight directions the one that most of a region's vectors fall into; the mean of those vectors.

    Args:
        flow: float32 (H, W, 2), px.
        labels: int16 (H, W), region of each pixel, -1 for none.
        count: number of regions.
        backend: see `kernels.backend.backend_of`.

    Returns:
        float32 (count, 2) on the CPU: length in px and angle in radians (from x towards y) of the mean; zero for an
        empty region.

    Raises:
        ValueError: shapes that do not fit.
    """
    chosen = _checked(flow, labels, count, backend)
    if chosen == "cupy":
        from kernels.region_cuda import octant_sums

        sums = octant_sums(flow, labels, count)
    elif chosen == "numpy":
        sums = _octant_sums(contiguous(flow), labels, count)
    else:
        sums = np.zeros((count, DIRECTIONS, 3))
        region_numba.octant_sums(contiguous(flow), contiguous_labels(labels), count, sums)
    main = sums[np.arange(count), sums[:, :, 0].argmax(axis=1)]
    mean = main[:, 1:] / np.maximum(main[:, :1], 1)
    return np.column_stack([np.hypot(mean[:, 0], mean[:, 1]), np.arctan2(mean[:, 1], mean[:, 0])]).astype(np.float32)


def top_magnitudes(flow: Any, labels: Any, count: int, k: int, backend: Backend | None = None) -> Any:
    """Mean length of each region's `k` longest vectors, float32 (count,), px; of all of them where there are fewer.

    Raises:
        ValueError: shapes that do not fit, or a `k` below 1.
    """
    chosen = _checked(flow, labels, count, backend)
    if k < 1:
        raise ValueError(f"k must be 1 or more, not {k}")
    if chosen == "cupy":
        from kernels.cuda_launch import launcher

        return _top(flow, labels, count, k, launcher().arrays)
    if chosen == "numpy":
        return _top(contiguous(flow), labels, count, k, np)
    out = np.zeros(count, np.float32)
    region_numba.top(contiguous(flow), contiguous_labels(labels), count, k, out)
    return out


def _checked(flow: Any, labels: Any, count: int, backend: Backend | None) -> Backend:
    chosen = backend_of(flow, backend)
    checked_flow(flow)
    if labels.shape != flow.shape[:2] or labels.dtype.kind != "i":
        raise ValueError(f"labels must be integers of shape {flow.shape[:2]}, not {labels.dtype} {labels.shape}")
    if count < 1:
        raise ValueError(f"count must be 1 or more, not {count}")
    return chosen


def _projected_mean(flow: NDArray[np.float32], labels: NDArray[np.int16], count: int) -> NDArray[np.float32]:
    out = np.zeros((count, 2), np.float32)
    for region in range(count):
        mine = flow[labels == region].astype(np.float64)
        along = np.maximum(mine @ mine.sum(axis=0), 0)
        if along.sum() > 0:
            out[region] = along @ mine / along.sum()
    return out


def octants(flow: Any, arrays: Any) -> Any:
    """Which of eight directions each vector points in; 0 is towards -x, counted from x towards y."""
    angle = arrays.arctan2(flow[..., 1], flow[..., 0])
    return arrays.floor((angle + np.pi) / (2 * np.pi) * DIRECTIONS + 0.5).astype("int64") % DIRECTIONS


def _octant_sums(flow: NDArray[np.float32], labels: NDArray[np.int16], count: int) -> NDArray[np.float64]:
    inside = (labels >= 0) & (labels < count)
    bins = labels[inside].astype(np.int64) * DIRECTIONS + octants(flow[inside], np)
    weights = (None, flow[inside, 0], flow[inside, 1])
    summed = [np.bincount(bins, w, count * DIRECTIONS).astype(np.float64) for w in weights]
    return np.stack(summed, 1).reshape(count, DIRECTIONS, 3)


def _top(flow: Any, labels: Any, count: int, k: int, arrays: Any) -> Any:
    out = arrays.zeros(count, "float32")
    for region in range(count):
        mine = arrays.sort(arrays.hypot(flow[..., 0], flow[..., 1])[labels == region])
        if mine.size:
            out[region] = mine[-k:].mean()
    return out
