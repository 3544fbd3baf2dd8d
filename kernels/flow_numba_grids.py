"""Compiled loops over cells: the regularised system of one warp and its solution.

Grids are float32 (planes, rows + 2, columns + 2) with a margin of repeated cells, which makes the Laplacian that of a
grid without neighbours beyond its border.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kernels.compiled import compiled_fast

Grid = NDArray[np.float32]

ZERO, ONE, FOUR = np.float32(0), np.float32(1), np.float32(4)
QUARTER, THREE_QUARTERS = np.float32(0.25), np.float32(0.75)


@compiled_fast
def repeat_margin(grid: Grid) -> None:
    """Fill the outer rows and columns."""
    planes, height, width = grid.shape
    for p in range(planes):
        for y in range(1, height - 1):
            grid[p, y, 0] = grid[p, y, 1]
            grid[p, y, width - 1] = grid[p, y, width - 2]
        for x in range(width):
            grid[p, 0, x] = grid[p, 1, x]
            grid[p, height - 1, x] = grid[p, height - 2, x]


@compiled_fast
def laplacian(grid: Grid, out: Grid) -> None:
    """Four times each cell less its neighbours, margins included."""
    repeat_margin(grid)
    planes, height, width = grid.shape
    for p in range(planes):
        for y in range(1, height - 1):
            above, here, below, row = grid[p, y - 1], grid[p, y], grid[p, y + 1], out[p, y]
            for x in range(1, width - 1):
                row[x] = FOUR * here[x] - above[x] - below[x] - here[x - 1] - here[x + 1]
    repeat_margin(out)


@compiled_fast
def invert(tensor: Grid, diagonal: float, out: Grid) -> None:
    """Inverse of (tensor + diagonal) for each cell."""
    more = np.float32(diagonal)
    for y in range(tensor.shape[1]):
        for x in range(tensor.shape[2]):
            a, b, c = tensor[0, y, x] + more, tensor[1, y, x], tensor[2, y, x] + more
            scale = ONE / (a * c - b * b)
            out[0, y, x] = c * scale
            out[1, y, x] = -b * scale
            out[2, y, x] = a * scale


@compiled_fast
def pull(motion: Grid, mismatch: Grid, bending: float, ridge: float, room: Grid, out: Grid) -> None:
    """-(mismatch + bending L L motion + ridge motion)."""
    stiff, home = np.float32(bending), np.float32(ridge)
    laplacian(motion, room)
    for p in range(2):
        for y in range(1, motion.shape[1] - 1):
            for x in range(1, motion.shape[2] - 1):
                around = room[p, y - 1, x] + room[p, y + 1, x] + room[p, y, x - 1] + room[p, y, x + 1]
                bent = FOUR * room[p, y, x] - around
                out[p, y, x] = -mismatch[p, y, x] - stiff * bent - home * motion[p, y, x]


@compiled_fast
def relax(
    tensor: Grid,
    inverse: Grid,
    bending: float,
    ridge: float,
    weights: NDArray[np.float32],
    right: Grid,
    solution: Grid,
    rooms: tuple[Grid, Grid, Grid],
) -> None:
    """Chebyshev steps on (tensor + bending L L + ridge) solution = right; weights float32 (steps, 2)."""
    bent, rest, change = rooms
    stiff, home = np.float32(bending), np.float32(ridge)
    height, width = solution.shape[1:]
    # Separate loops: with all these arrays in one, LLVM gives up proving that they do not overlap.
    for step in range(weights.shape[0]):
        momentum, share = weights[step, 0], weights[step, 1]
        laplacian(solution, bent)
        for p in range(2):
            for y in range(1, height - 1):
                for x in range(1, width - 1):
                    around = bent[p, y - 1, x] + bent[p, y + 1, x] + bent[p, y, x - 1] + bent[p, y, x + 1]
                    rest[p, y, x] = right[p, y, x] - stiff * (FOUR * bent[p, y, x] - around)
        for p in range(2):
            for y in range(1, height - 1):
                for x in range(1, width - 1):
                    rest[p, y, x] -= (tensor[2 * p, y, x] + home) * solution[p, y, x] + tensor[1, y, x] * solution[
                        1 - p, y, x
                    ]
        for p in range(2):
            for y in range(1, height - 1):
                for x in range(1, width - 1):
                    change[p, y, x] = momentum * change[p, y, x] + share * (
                        inverse[2 * p, y, x] * rest[p, y, x] + inverse[1, y, x] * rest[1 - p, y, x]
                    )
        for p in range(2):
            for y in range(1, height - 1):
                for x in range(1, width - 1):
                    solution[p, y, x] += change[p, y, x]
    repeat_margin(solution)


@compiled_fast
def restrict(fine: Grid, coarse: Grid) -> None:
    """Sums of 2x2 cells."""
    planes, height, width = coarse.shape
    for p in range(planes):
        for y in range(1, height - 1):
            for x in range(1, width - 1):
                coarse[p, y, x] = (
                    fine[p, 2 * y - 1, 2 * x - 1]
                    + fine[p, 2 * y - 1, 2 * x]
                    + fine[p, 2 * y, 2 * x - 1]
                    + fine[p, 2 * y, 2 * x]
                )


@compiled_fast
def prolong(coarse: Grid, fine: Grid, scale: float) -> None:
    """Bilinear between the centres of coarse cells, times `scale`."""
    near, far = THREE_QUARTERS, QUARTER
    times = np.float32(scale)
    for p in range(2):
        for y in range(coarse.shape[1] - 1):
            for x in range(coarse.shape[2] - 1):
                # The four fine cells between four coarse centres.
                a, b, c, d = coarse[p, y, x], coarse[p, y, x + 1], coarse[p, y + 1, x], coarse[p, y + 1, x + 1]
                fine[p, 2 * y, 2 * x] = times * (near * (near * a + far * b) + far * (near * c + far * d))
                fine[p, 2 * y, 2 * x + 1] = times * (near * (far * a + near * b) + far * (far * c + near * d))
                fine[p, 2 * y + 1, 2 * x] = times * (far * (near * a + far * b) + near * (near * c + far * d))
                fine[p, 2 * y + 1, 2 * x + 1] = times * (far * (far * a + near * b) + near * (far * c + near * d))
    repeat_margin(fine)
