"""Regional point clouds: the points of each region that moved most (after Zhang et al., IEEE TAFFC 2025)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels.backend import Backend, backend_of, checked_flow, contiguous, contiguous_labels
from kernels.compiled import compiled
from kernels.region_numba import by_region

CHANNELS = 6
"""x, y, z, u, v, strain."""


def regional_cloud(
    flow: Any,
    strain: Any,
    depth: Any,
    labels: Any,
    *,
    count: int = 8,
    points: int,
    face_width: float,
    centre: Any,
    backend: Backend | None = None,
) -> Any:
    """The `points` points of largest motion in each region.

    Points stand in order of falling motion; equal motions in the order of their pixels, row by row. A region with fewer
    pixels repeats them from the first; a region without pixels is all zeros.

    Args:
        flow: float32 (H, W, 2), px; NumPy or CuPy, the other maps likewise.
        strain: float32 (H, W).
        depth: float32 (H, W), px.
        labels: int16 (H, W), region of each pixel, -1 for none.
        count: number of regions.
        points: how many points each region gives.
        face_width: px; the unit of the coordinates.
        centre: (3,), px: where the coordinates have their origin.
        backend: see `kernels.backend.backend_of`.

    Returns:
        float32 (count, points, 6): x, y, z in face widths from the centre; u, v as in `flow`; strain.

    Raises:
        ValueError: shapes that do not fit, or numbers out of range.
    """
    chosen = backend_of(flow, backend)
    checked_flow(flow)
    shape = labels.shape
    if flow.shape != (*shape, 2) or strain.shape != shape or depth.shape != shape:
        got = f"flow {flow.shape}, strain {strain.shape}, depth {depth.shape}, labels {shape}"
        raise ValueError(f"flow, strain, depth and labels must cover the same pixels: {got}")
    if count < 1 or points < 1 or not face_width > 0:
        raise ValueError(f"count, points and face_width must be positive, not {count}, {points} and {face_width}")
    origin = np.asarray(centre, np.float32)
    if origin.shape != (3,) or not np.isfinite(origin).all():
        raise ValueError(f"centre must be three finite numbers, not {centre}")
    if chosen == "cupy":
        return _cuda(flow, strain, depth, labels, count, points, face_width, origin)
    maps = contiguous(flow), contiguous(strain), contiguous(depth), contiguous_labels(labels)
    cloud = np.zeros((count, points, CHANNELS), np.float32)
    if chosen == "numpy":
        _reference(*maps, np.float32(face_width), origin, cloud)
    else:
        _compiled(*maps, np.float32(face_width), origin, cloud)
    return cloud


def _reference(
    flow: NDArray[np.float32],
    strain: NDArray[np.float32],
    depth: NDArray[np.float32],
    labels: NDArray[np.int16],
    face_width: Any,
    centre: NDArray[np.float32],
    cloud: NDArray[np.float32],
) -> None:
    motion = flow[..., 0] * flow[..., 0] + flow[..., 1] * flow[..., 1]
    for region in range(cloud.shape[0]):
        y, x = np.nonzero(labels == region)
        if not x.size:
            continue
        order = np.resize(np.argsort(-motion[y, x], kind="stable"), cloud.shape[1])
        y, x = y[order], x[order]
        place = np.stack([x.astype(np.float32), y.astype(np.float32), depth[y, x]], 1)
        cloud[region, :, :3] = (place - centre) / face_width
        cloud[region, :, 3:5] = flow[y, x]
        cloud[region, :, 5] = strain[y, x]


@compiled
def _compiled(
    flow: NDArray[np.float32],
    strain: NDArray[np.float32],
    depth: NDArray[np.float32],
    labels: NDArray[np.int16],
    face_width: Any,
    centre: NDArray[np.float32],
    cloud: NDArray[np.float32],
) -> None:
    width = labels.shape[1]
    pixels, starts = by_region(labels, cloud.shape[0])
    for region in range(cloud.shape[0]):
        mine = pixels[starts[region] : starts[region + 1]]
        if mine.size == 0:
            continue
        falling = np.empty(mine.size, np.float32)
        for i in range(mine.size):
            y, x = mine[i] // width, mine[i] % width
            falling[i] = -(flow[y, x, 0] * flow[y, x, 0] + flow[y, x, 1] * flow[y, x, 1])
        order = np.argsort(falling, kind="mergesort")  # stable
        for point in range(cloud.shape[1]):
            pixel = mine[order[point % mine.size]]
            y, x = pixel // width, pixel % width
            cloud[region, point, 0] = (np.float32(x) - centre[0]) / face_width
            cloud[region, point, 1] = (np.float32(y) - centre[1]) / face_width
            cloud[region, point, 2] = (depth[y, x] - centre[2]) / face_width
            cloud[region, point, 3] = flow[y, x, 0]
            cloud[region, point, 4] = flow[y, x, 1]
            cloud[region, point, 5] = strain[y, x]


def _cuda(
    flow: Any,
    strain: Any,
    depth: Any,
    labels: Any,
    count: int,
    points: int,
    face_width: float,
    centre: NDArray[np.float32],
) -> Any:
    from kernels import cuda_launch

    launch = cuda_launch.launcher()
    arrays = launch.arrays
    flow, strain, depth = (arrays.ascontiguousarray(array, dtype="float32") for array in (flow, strain, depth))
    regions = labels.ravel().astype("int32")
    motion = (flow[..., 0] * flow[..., 0] + flow[..., 1] * flow[..., 1]).ravel()
    # The last key comes first; the pixel number settles ties.
    order = arrays.lexsort(arrays.stack([arrays.arange(motion.size), -motion, regions]))
    starts = arrays.searchsorted(regions[order], arrays.arange(count + 1, dtype="int32")).astype("int32")
    cloud = arrays.zeros((count, points, CHANNELS), "float32")
    indices, middle = order.astype("int32"), arrays.asarray(centre)
    maps = (flow, strain, depth, indices, starts, middle, cloud)
    launch("clouds", "gather", count * points, *maps, count, points, labels.shape[1], float(face_width))
    return cloud
