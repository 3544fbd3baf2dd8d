"""Regional point clouds: the points of each region that moved most (after Zhang et al., IEEE TAFFC 2025)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def regional_cloud(
    flow: NDArray[np.float32],
    strain: NDArray[np.float32],
    depth: NDArray[np.float32],
    labels: NDArray[np.int16],
    *,
    count: int = 8,
    points: int,
    face_width: float,
    centre: NDArray[np.float32],
) -> NDArray[np.float32]:
    """The `points` points of largest motion in each region.

    Points stand in order of falling motion; equal motions in the order of their pixels, row by row. A region with fewer
    pixels repeats them from the first; a region without pixels is all zeros.

    Args:
        flow: float32 (H, W, 2), px.
        strain: float32 (H, W).
        depth: float32 (H, W), px.
        labels: int16 (H, W), region of each pixel, -1 for none.
        count: number of regions.
        points: how many points each region gives.
        face_width: px; the unit of the coordinates.
        centre: (3,), px: where the coordinates have their origin.

    Returns:
        float32 (count, points, 6): x, y, z in face widths from the centre; u, v as in `flow`; strain.

    Raises:
        ValueError: shapes that do not fit, or numbers out of range.
    """
    shape = labels.shape
    if flow.shape != (*shape, 2) or strain.shape != shape or depth.shape != shape:
        got = f"flow {flow.shape}, strain {strain.shape}, depth {depth.shape}, labels {shape}"
        raise ValueError(f"flow, strain, depth and labels must cover the same pixels: {got}")
    if count < 1 or points < 1 or not face_width > 0:
        raise ValueError(f"count, points and face_width must be positive, not {count}, {points} and {face_width}")
    pixels = labels.ravel()
    order = np.argsort(pixels, kind="stable")
    bounds = np.searchsorted(pixels[order], np.arange(count + 1))
    u, v = flow[..., 0].ravel(), flow[..., 1].ravel()
    motion = u * u + v * v
    cloud = np.zeros((count, points, 6), np.float32)
    for region in range(count):
        mine = order[bounds[region] : bounds[region + 1]]
        if not mine.size:
            continue
        chosen = np.resize(mine[np.argsort(-motion[mine], kind="stable")], points)
        y, x = np.divmod(chosen, shape[1])
        cloud[region, :, 0] = (x - centre[0]) / face_width
        cloud[region, :, 1] = (y - centre[1]) / face_width
        cloud[region, :, 2] = (depth.ravel()[chosen] - centre[2]) / face_width
        cloud[region, :, 3] = u[chosen]
        cloud[region, :, 4] = v[chosen]
        cloud[region, :, 5] = strain.ravel()[chosen]
    return cloud
