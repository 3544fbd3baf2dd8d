"""Triangles to pixels: attributes of vertices interpolated over the image, later triangles over earlier ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kernels.compiled import compiled_fast


@compiled_fast
def _fill(
    corners: NDArray[np.float32],
    values: NDArray[np.float32],
    triangles: NDArray[np.int32],
    out: NDArray[np.float32],
) -> None:
    height, width, channels = out.shape
    start = np.empty(channels, np.float32)
    step = np.empty(channels, np.float32)
    slack = np.float32(1e-3)  # neighbours overlap by a thousandth of a pixel rather than leave a seam
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        xa, ya, xb, yb, xc, yc = (
            corners[a, 0], corners[a, 1], corners[b, 0], corners[b, 1], corners[c, 0], corners[c, 1],
        )  # fmt: skip
        top, bottom = max(np.ceil(min(ya, yb, yc) - slack), 0), min(np.floor(max(ya, yb, yc) + slack), height - 1)
        if top > bottom or max(xa, xb, xc) < 0 or min(xa, xb, xc) > width - 1:
            continue
        area = (xb - xa) * (yc - ya) - (xc - xa) * (yb - ya)
        if abs(area) < 1e-6:
            continue
        # Barycentric weights of b and c are linear in x and y.
        b_x, b_y = (yc - ya) / area, -(xc - xa) / area
        c_x, c_y = -(yb - ya) / area, (xb - xa) / area
        for y in range(int(top), int(bottom) + 1):
            left, right = np.float32(1e9), np.float32(-1e9)
            for k in range(3):
                if k == 0:
                    x0, y0, x1, y1 = xa, ya, xb, yb
                elif k == 1:
                    x0, y0, x1, y1 = xb, yb, xc, yc
                else:
                    x0, y0, x1, y1 = xc, yc, xa, ya
                low, high = min(y0, y1), max(y0, y1)
                if y < low - slack or y > high + slack:
                    continue
                if high - low < 1e-6:
                    left, right = min(left, x0, x1), max(right, x0, x1)
                    continue
                at = x0 + (x1 - x0) * min(max((y - y0) / (y1 - y0), np.float32(0)), np.float32(1))
                left, right = min(left, at), max(right, at)
            first, last = max(int(np.ceil(left - slack)), 0), min(int(np.floor(right + slack)), width - 1)
            if first > last:
                continue
            weight_b = b_x * (first - xa) + b_y * (y - ya)
            weight_c = c_x * (first - xa) + c_y * (y - ya)
            for k in range(channels):
                over_b, over_c = values[b, k] - values[a, k], values[c, k] - values[a, k]
                start[k] = values[a, k] + weight_b * over_b + weight_c * over_c
                step[k] = b_x * over_b + c_x * over_c
            for x in range(first, last + 1):
                for k in range(channels):
                    out[y, x, k] = start[k] + (x - first) * step[k]


def interpolate(
    corners: NDArray[np.float32],
    values: NDArray[np.float32],
    triangles: NDArray[np.int32],
    out: NDArray[np.float32],
    *,
    origin: tuple[int, int] = (0, 0),
    oversampling: int = 1,
) -> None:
    """Interpolate attributes of vertices linearly over the pixels that the triangles cover.

    Args:
        corners: float32 (n, 2), x and y of the vertices in px.
        values: float32 (n, channels), attributes of the vertices.
        triangles: int32 (m, 3); where triangles overlap the later one wins.
        out: float32 (height, width, channels), written where a triangle covers the pixel's centre.
        origin: x and y of the image's pixel at `out`'s first corner.
        oversampling: pixels of `out` per pixel of the image, each way.
    """
    at = (corners - np.array(origin, np.float32) + np.float32(0.5)) * np.float32(oversampling) - np.float32(0.5)
    _fill(np.ascontiguousarray(at, np.float32), np.ascontiguousarray(values, np.float32), triangles, out)
