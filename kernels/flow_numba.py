"""Compiled inner loops of the dense flow: windowed least squares on a grid of cells."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kernels.compiled import compiled_fast

Image = NDArray[np.float32]


@compiled_fast
def smooth(image: Image, middle: Image, out: Image) -> None:
    """5x5 binomial filter, borders repeated."""
    height, width = image.shape
    for y in range(height):
        a, b, c, d = max(y - 2, 0), max(y - 1, 0), min(y + 1, height - 1), min(y + 2, height - 1)
        for x in range(width):
            middle[y, x] = np.float32(0.0625) * (
                image[a, x] + image[d, x] + np.float32(4) * (image[b, x] + image[c, x]) + np.float32(6) * image[y, x]
            )
        for x in range(width):
            e, f, g, h = max(x - 2, 0), max(x - 1, 0), min(x + 1, width - 1), min(x + 2, width - 1)
            out[y, x] = np.float32(0.0625) * (
                middle[y, e]
                + middle[y, h]
                + np.float32(4) * (middle[y, f] + middle[y, g])
                + np.float32(6) * middle[y, x]
            )


@compiled_fast
def halve(image: Image, out: Image) -> None:
    """Every second pixel of an image that is already smooth, averaged over 2x2."""
    height, width = out.shape
    quarter = np.float32(0.25)
    for y in range(height):
        for x in range(width):
            out[y, x] = quarter * (
                image[2 * y, 2 * x] + image[2 * y, 2 * x + 1] + image[2 * y + 1, 2 * x] + image[2 * y + 1, 2 * x + 1]
            )


@compiled_fast
def gradients(image: Image, along_x: Image, along_y: Image) -> None:
    """Central differences, zero at the border."""
    height, width = image.shape
    half = np.float32(0.5)
    along_x[:] = 0
    along_y[:] = 0
    for y in range(1, height - 1):
        for x in range(1, width - 1):
            along_x[y, x] = half * (image[y, x + 1] - image[y, x - 1])
            along_y[y, x] = half * (image[y + 1, x] - image[y - 1, x])


@compiled_fast
def tensor(along_x: Image, along_y: Image, cell: int, out: NDArray[np.float32]) -> None:
    """Sums over cells of gx^2, gx gy, gy^2 into (3, rows, columns)."""
    out[:] = 0
    rows, columns = out.shape[1:]
    for y in range(rows * cell):
        for column in range(columns):
            a = b = c = np.float32(0)
            for x in range(column * cell, column * cell + cell):
                gx, gy = along_x[y, x], along_y[y, x]
                a += gx * gx
                b += gx * gy
                c += gy * gy
            out[0, y // cell, column] += a
            out[1, y // cell, column] += b
            out[2, y // cell, column] += c


@compiled_fast
def gather(
    before: Image,
    after: Image,
    along_x: Image,
    along_y: Image,
    flow: NDArray[np.float32],
    gain: float,
    offset: float,
    cell: int,
    out: NDArray[np.float32],
) -> None:
    """Sums over cells of gradient times residual into (2, rows, columns), `after` warped back by `flow`."""
    out[:] = 0
    height, width = before.shape
    rows, columns = out.shape[1:]
    right, bottom = np.float32(width - 1.001), np.float32(height - 1.001)
    g, o = np.float32(gain), np.float32(offset)
    for y in range(rows * cell):
        for column in range(columns):
            a = b = np.float32(0)
            for x in range(column * cell, column * cell + cell):
                px = min(max(np.float32(x) + flow[0, y, x], np.float32(0)), right)
                py = min(max(np.float32(y) + flow[1, y, x], np.float32(0)), bottom)
                x0, y0 = int(px), int(py)
                fx, fy = px - np.float32(x0), py - np.float32(y0)
                top = after[y0, x0] + fx * (after[y0, x0 + 1] - after[y0, x0])
                low = after[y0 + 1, x0] + fx * (after[y0 + 1, x0 + 1] - after[y0 + 1, x0])
                residual = top + fy * (low - top) - g * before[y, x] - o
                a += along_x[y, x] * residual
                b += along_y[y, x] * residual
            out[0, y // cell, column] += a
            out[1, y // cell, column] += b


@compiled_fast
def blur(grid: NDArray[np.float32], taps: NDArray[np.float32], middle: NDArray[np.float32]) -> None:
    """Separable symmetric filter of each plane of (n, rows, columns), in place; zero beyond the border."""
    planes, rows, columns = grid.shape
    reach = taps.size - 1
    for p in range(planes):
        for y in range(rows):
            for x in range(columns):
                middle[y, x] = taps[0] * grid[p, y, x]
            for k in range(1, reach + 1):
                if y - k >= 0:
                    for x in range(columns):
                        middle[y, x] += taps[k] * grid[p, y - k, x]
                if y + k < rows:
                    for x in range(columns):
                        middle[y, x] += taps[k] * grid[p, y + k, x]
        for y in range(rows):
            for x in range(columns):
                grid[p, y, x] = taps[0] * middle[y, x]
            for k in range(1, reach + 1):
                for x in range(k, columns):
                    grid[p, y, x] += taps[k] * middle[y, x - k]
                for x in range(columns - k):
                    grid[p, y, x] += taps[k] * middle[y, x + k]


@compiled_fast
def step(
    tensors: NDArray[np.float32], right: NDArray[np.float32], ridge: float, gain: float, grid: NDArray[np.float32]
) -> None:
    """One Gauss-Newton step of every cell, drawn to zero motion by `ridge`."""
    rows, columns = grid.shape[1:]
    r = np.float32(ridge)
    g = np.float32(gain)
    for y in range(rows):
        for x in range(columns):
            a, b, c = tensors[0, y, x] * g + r, tensors[1, y, x] * g, tensors[2, y, x] * g + r
            p = right[0, y, x] + r * grid[0, y, x]
            q = right[1, y, x] + r * grid[1, y, x]
            scale = np.float32(1) / (a * c - b * b)
            grid[0, y, x] -= (c * p - b * q) * scale
            grid[1, y, x] -= (a * q - b * p) * scale


@compiled_fast
def enlarge(grid: NDArray[np.float32], cell: int, scale: float, out: NDArray[np.float32]) -> None:
    """(2, rows, columns) at the centres of cells to (2, height, width), bilinear, times `scale`."""
    rows, columns = grid.shape[1:]
    height, width = out.shape[1:]
    inverse = np.float32(1) / np.float32(cell)
    for p in range(2):
        for y in range(height):
            sy = min(
                max((np.float32(y) + np.float32(0.5)) * inverse - np.float32(0.5), np.float32(0)),
                np.float32(rows - 1.001),
            )
            y0 = int(sy)
            fy = np.float32(sy - y0)
            for x in range(width):
                sx = min(
                    max((np.float32(x) + np.float32(0.5)) * inverse - np.float32(0.5), np.float32(0)),
                    np.float32(columns - 1.001),
                )
                x0 = int(sx)
                fx = np.float32(sx - x0)
                top = grid[p, y0, x0] + fx * (grid[p, y0, x0 + 1] - grid[p, y0, x0])
                low = grid[p, y0 + 1, x0] + fx * (grid[p, y0 + 1, x0 + 1] - grid[p, y0 + 1, x0])
                out[p, y, x] = np.float32(scale) * (top + fy * (low - top))


@compiled_fast
def light(before: Image, after: Image) -> tuple[float, float]:
    """Gain and offset that take `before` to `after`, from their means and standard deviations."""
    n = before.size
    a = b = aa = bb = 0.0
    for y in range(before.shape[0]):
        for x in range(before.shape[1]):
            p, q = before[y, x], after[y, x]
            a += p
            b += q
            aa += p * p
            bb += q * q
    a /= n
    b /= n
    spread = aa / n - a * a
    gain = np.sqrt(max(bb / n - b * b, 0.0) / spread) if spread > 1e-6 else 1.0
    return gain, b - gain * a
