"""Polygons and triangles to pixels, sampled at pixel centres."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kernels.compiled import compiled


@compiled
def fill_polygon(corners: NDArray[np.float32], value: int, out: NDArray[np.int16]) -> None:
    """Write `value` into every pixel of int16 (H, W) `out` whose centre lies inside the polygon, by the even-odd rule.

    Args:
        corners: float32 (n, 2), x and y in px, pixel centres at whole numbers.
        value: what to write.
        out: changed in place.
    """
    height, width = out.shape
    count = corners.shape[0]
    crossings = np.empty(count, np.float32)
    top = max(0, int(np.ceil(corners[:, 1].min())))
    bottom = min(height - 1, int(np.floor(corners[:, 1].max())))
    for y in range(top, bottom + 1):
        found = 0
        for i in range(count):
            x0, y0 = corners[i]
            x1, y1 = corners[(i + 1) % count]
            if (y0 <= y) != (y1 <= y):
                crossings[found] = x0 + (y - y0) * (x1 - x0) / (y1 - y0)
                found += 1
        crossings[:found].sort()
        for pair in range(0, found - 1, 2):
            left = max(0, int(np.ceil(crossings[pair])))
            right = min(width - 1, int(np.floor(crossings[pair + 1])))
            for x in range(left, right + 1):
                out[y, x] = value


@compiled
def fill_depth(mesh: NDArray[np.float32], triangles: NDArray[np.int32], out: NDArray[np.float32]) -> None:
    """Draw the mesh's z into float32 (H, W) `out`, nearest (smallest) z in front; `out` starts as +inf.

    Args:
        mesh: float32 (vertices, 3), x, y, z in px.
        triangles: int32 (n, 3).
        out: changed in place.
    """
    height, width = out.shape
    for index in range(triangles.shape[0]):
        ax, ay, az = mesh[triangles[index, 0]]
        bx, by, bz = mesh[triangles[index, 1]]
        cx, cy, cz = mesh[triangles[index, 2]]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if area == 0:
            continue
        left = max(0, int(np.ceil(min(ax, bx, cx))))
        right = min(width - 1, int(np.floor(max(ax, bx, cx))))
        top = max(0, int(np.ceil(min(ay, by, cy))))
        bottom = min(height - 1, int(np.floor(max(ay, by, cy))))
        for y in range(top, bottom + 1):
            for x in range(left, right + 1):
                to_b = ((x - ax) * (cy - ay) - (y - ay) * (cx - ax)) / area
                to_c = ((bx - ax) * (y - ay) - (by - ay) * (x - ax)) / area
                # A hair of tolerance closes the seams between neighbouring triangles.
                if to_b >= -1e-5 and to_c >= -1e-5 and to_b + to_c <= 1 + 1e-5:
                    z = az + to_b * (bz - az) + to_c * (cz - az)
                    if z < out[y, x]:
                        out[y, x] = z


def continued(plane: NDArray[np.float32], otherwise: float) -> NDArray[np.float32]:
    """Fill what is infinite from the finite pixels nearby: means over ever larger blocks, spread back bilinear.

    Args:
        plane: float32 (H, W), changed in place and returned.
        otherwise: everywhere, where nothing is finite.
    """
    if plane.size == 1:
        plane[~np.isfinite(plane)] = otherwise
        return plane
    coarse = np.empty(((plane.shape[0] + 1) // 2, (plane.shape[1] + 1) // 2), np.float32)
    _known_means(plane, coarse)
    _spread(continued(coarse, otherwise), plane)
    return plane


@compiled
def _known_means(fine: NDArray[np.float32], coarse: NDArray[np.float32]) -> None:
    """Mean of the finite among 2x2 pixels, infinite where there is none."""
    for y in range(coarse.shape[0]):
        for x in range(coarse.shape[1]):
            total, count = np.float32(0), 0
            for j in range(2 * y, min(2 * y + 2, fine.shape[0])):
                for i in range(2 * x, min(2 * x + 2, fine.shape[1])):
                    if np.isfinite(fine[j, i]):
                        total += fine[j, i]
                        count += 1
            coarse[y, x] = total / np.float32(count) if count > 0 else np.float32(np.inf)


@compiled
def _spread(coarse: NDArray[np.float32], fine: NDArray[np.float32]) -> None:
    """Fill what is infinite in `fine`, bilinear between the centres of coarse pixels."""
    rows, columns = coarse.shape
    near, far = np.float32(0.75), np.float32(0.25)
    for y in range(fine.shape[0]):
        here_y = y // 2
        other_y = min(max(here_y + (1 if y % 2 else -1), 0), rows - 1)
        for x in range(fine.shape[1]):
            if not np.isfinite(fine[y, x]):
                here_x = x // 2
                other_x = min(max(here_x + (1 if x % 2 else -1), 0), columns - 1)
                fine[y, x] = near * (near * coarse[here_y, here_x] + far * coarse[here_y, other_x]) + far * (
                    near * coarse[other_y, here_x] + far * coarse[other_y, other_x]
                )
