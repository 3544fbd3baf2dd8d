"""Compiled sampling of one warped pixel row: first all places, which SIMD can do, then all look-ups.

The image is flat, with a margin of two repeated pixels; places beyond the margin are moved to it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kernels.compiled import compiled_fast

Row = NDArray[np.float32]

# Of Keys' kernel: between Catmull-Rom's -0.5, exact for what lenses draw, and -0.75, by which OpenCV warps.
SLOPE = np.float32(-0.65)
ONE, TWO, THREE = np.float32(1), np.float32(2), np.float32(3)
RIM = np.float32(0.01)


@compiled_fast
def sample_bilinear(
    flat: Row, stride: int, height: int, y: int, u: Row, v: Row, index: NDArray[np.int32], room: Row, out: Row
) -> None:
    """out[x] = image(x + u[x], y + v[x])."""
    width = u.size
    left, right, bottom = -ONE, np.float32(width), np.float32(height)
    pitch, row = np.int32(stride), np.float32(y)
    for x in range(width):
        px, py = np.float32(x) + u[x], row + v[x]
        px = left if px < left else px
        px = right if px > right else px
        py = left if py < left else py
        py = bottom if py > bottom else py
        px, py = px + TWO, py + TWO
        column, line = np.int32(px), np.int32(py)
        room[0, x], room[1, x] = px - np.float32(column), py - np.float32(line)
        index[x] = np.int32(line * pitch + column)
    # Unsigned, or Numba tests every index for being negative.
    one, down = np.uint64(1), np.uint64(stride)
    for x in range(width):
        i = np.uint64(index[x])
        j = i + down
        upper = flat[i] + room[0, x] * (flat[i + one] - flat[i])
        lower = flat[j] + room[0, x] * (flat[j + one] - flat[j])
        out[x] = upper + room[1, x] * (lower - upper)


@compiled_fast
def sample_cubic(
    flat: Row, stride: int, height: int, y: int, u: Row, v: Row, index: NDArray[np.int32], room: Row, out: Row
) -> None:
    """out[x] = image(x + u[x], y + v[x]) by cubic convolution (Keys, 1981)."""
    width = u.size
    left, right, bottom = RIM - ONE, np.float32(width) - RIM, np.float32(height) - RIM
    pitch, row = np.int32(stride), np.float32(y)
    for x in range(width):
        px, py = np.float32(x) + u[x], row + v[x]
        px = left if px < left else px
        px = right if px > right else px
        py = left if py < left else py
        py = bottom if py > bottom else py
        px, py = px + TWO, py + TWO
        column, line = np.int32(px), np.int32(py)
        index[x] = np.int32((line - np.int32(1)) * pitch + column - np.int32(1))
        t = px - np.float32(column)
        s = ONE - t
        first, last = SLOPE * t * s * s, SLOPE * t * t * s
        second = ONE - (SLOPE + THREE) * t * t + (SLOPE + TWO) * t * t * t
        room[0, x], room[1, x], room[2, x], room[3, x] = first, second, ONE - first - second - last, last
        t = py - np.float32(line)
        s = ONE - t
        first, last = SLOPE * t * s * s, SLOPE * t * t * s
        second = ONE - (SLOPE + THREE) * t * t + (SLOPE + TWO) * t * t * t
        room[4, x], room[5, x], room[6, x], room[7, x] = first, second, ONE - first - second - last, last
    one, two, three, down = np.uint64(1), np.uint64(2), np.uint64(3), np.uint64(stride)
    for x in range(width):
        a, b, c, d = room[0, x], room[1, x], room[2, x], room[3, x]
        i = np.uint64(index[x])
        value = room[4, x] * (a * flat[i] + b * flat[i + one] + c * flat[i + two] + d * flat[i + three])
        i += down
        value += room[5, x] * (a * flat[i] + b * flat[i + one] + c * flat[i + two] + d * flat[i + three])
        i += down
        value += room[6, x] * (a * flat[i] + b * flat[i + one] + c * flat[i + two] + d * flat[i + three])
        i += down
        value += room[7, x] * (a * flat[i] + b * flat[i + one] + c * flat[i + two] + d * flat[i + three])
        out[x] = value
