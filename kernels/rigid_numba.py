"""Compiled inner loops of the rigid fit: sampling, sums, the six unknowns and medians."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kernels.compiled import compiled, compiled_fast
from kernels.rigid_solve import LEAST_PIVOT, LEAST_SIGMA, STEPS, TUKEY, Fitted, Pose

Matrix = NDArray[np.float64]


class CompiledFit:
    """`rigid_solve.fit` with compiled sums, over samples in its own memory.

    Args:
        most: samples that it must hold.
    """

    def __init__(self, most: int) -> None:
        self.samples = np.empty((5, most), np.float32)
        self._weights = np.empty(most, np.float32)
        self._system = np.empty((6, 7))
        self._sorted = np.empty(2 * most, np.float32)

    def fit(self, count: int, rigid: bool) -> Fitted:
        """The head's motion in the first `count` samples."""
        samples, weights, system = self.samples, self._weights, self._system
        pose, noise, change = Pose(rigid), 0.0, np.empty(6)
        weights[:count] = 1
        for step in range(STEPS if count >= 6 else 0):
            sums(samples, weights, count, pose.linear(), pose.field(), pose.rigid, system)
            pivot = solve(system, change)
            if step == 0 and rigid and pivot < LEAST_PIVOT:
                pose = Pose(False)
                sums(samples, weights, count, pose.linear(), pose.field(), False, system)
                solve(system, change)
            pose.advance(change)
            noise = reweigh(samples, count, pose.field(), weights, self._sorted)
        return Fitted(count, noise, pose, weights[:count])


@compiled
def sample(
    flow: NDArray[np.float32],
    depth: NDArray[np.float32],
    stable: NDArray[np.bool_],
    stride: int,
    samples: NDArray[np.float32],
) -> int:
    """x, y, z about the middle of the image, u and v of every `stride`-th still pixel into (5, most); how many."""
    height, width = stable.shape
    count = 0
    for y in range(stride // 2, height, stride):
        for x in range(stride // 2, width, stride):
            if stable[y, x]:
                samples[0, count] = x - (width - 1) / 2
                samples[1, count] = y - (height - 1) / 2
                samples[2, count] = depth[y, x]
                samples[3, count] = flow[y, x, 0]
                samples[4, count] = flow[y, x, 1]
                count += 1
    return count


@compiled
def sums(
    samples: NDArray[np.float32],
    weights: NDArray[np.float32],
    count: int,
    linear: Matrix,
    field: Matrix,
    rigid: bool,
    system: Matrix,
) -> None:
    """Normal matrix and right side (6, 7) of the next step, at the pose of `linear` (3, 3) and `field` (2, 4)."""
    system[:] = 0
    of_u, of_v = np.zeros(7), np.zeros(7)
    of_u[0] = of_v[1] = 1
    for i in range(count):
        w = weights[i]
        if w <= 0:
            continue
        x, y, z = samples[0, i], samples[1, i], samples[2, i]
        of_u[6] = samples[3, i] - field[0, 0] - field[0, 1] * x - field[0, 2] * y - field[0, 3] * z
        of_v[6] = samples[4, i] - field[1, 0] - field[1, 1] * x - field[1, 2] * y - field[1, 3] * z
        if rigid:
            across = linear[0, 0] * x + linear[0, 1] * y + linear[0, 2] * z
            down = linear[1, 0] * x + linear[1, 1] * y + linear[1, 2] * z
            deep = linear[2, 0] * x + linear[2, 1] * y + linear[2, 2] * z
            of_u[2], of_u[3], of_u[4] = across, -down, deep
            of_v[2], of_v[3], of_v[5] = down, across, -deep
        else:
            of_u[2], of_u[3] = x, y
            of_v[4], of_v[5] = x, y
        for a in range(6):
            for b in range(a, 7):
                system[a, b] += w * (of_u[a] * of_u[b] + of_v[a] * of_v[b])
    for a in range(6):
        for b in range(a):
            system[a, b] = system[b, a]


@compiled
def solve(system: Matrix, step: Matrix) -> float:
    """Solution of scaled normal equations (6, 7) into `step`, by Cholesky; the smallest pivot."""
    factor, scale = np.zeros((6, 6)), np.empty(6)
    for a in range(6):
        scale[a] = 1 / np.sqrt(max(system[a, a], 1e-12))
    smallest = 1.0
    for a in range(6):
        pivot = system[a, a] * scale[a] * scale[a]
        for c in range(a):
            pivot -= factor[a, c] * factor[a, c]
        smallest = min(smallest, pivot)
        factor[a, a] = np.sqrt(max(pivot, 1e-12))
        for b in range(a + 1, 6):
            value = system[b, a] * scale[a] * scale[b]
            for c in range(a):
                value -= factor[b, c] * factor[a, c]
            factor[b, a] = value / factor[a, a]
    for a in range(6):
        value = system[a, 6] * scale[a]
        for c in range(a):
            value -= factor[a, c] * step[c]
        step[a] = value / factor[a, a]
    for a in range(5, -1, -1):
        for c in range(a + 1, 6):
            step[a] -= factor[c, a] * step[c]
        step[a] /= factor[a, a]
    for a in range(6):
        step[a] *= scale[a]
    return float(smallest)


@compiled
def reweigh(
    samples: NDArray[np.float32],
    count: int,
    field: Matrix,
    weights: NDArray[np.float32],
    scratch: NDArray[np.float32],
) -> float:
    """Tukey's weights for what `field` leaves; returns the noise."""
    for i in range(count):
        x, y, z = samples[0, i], samples[1, i], samples[2, i]
        u = samples[3, i] - field[0, 0] - field[0, 1] * x - field[0, 2] * y - field[0, 3] * z
        v = samples[4, i] - field[1, 0] - field[1, 1] * x - field[1, 2] * y - field[1, 3] * z
        weights[i] = u * u + v * v
        scratch[2 * i] = abs(u)
        scratch[2 * i + 1] = abs(v)
    noise = 1.4826 * select(scratch, 2 * count, count)
    limit = (TUKEY * max(noise, LEAST_SIGMA)) ** 2
    for i in range(count):
        share = weights[i] / limit
        weights[i] = (1 - share) ** 2 if share < 1 else 0
    return noise


@compiled
def select(values: NDArray[np.float32], count: int, rank: int) -> float:
    """The `rank`-th smallest of the first `count` values (Hoare's selection); reorders them."""
    low, high = 0, count - 1
    while low < high:
        pivot = values[(low + high) // 2]
        i, j = low, high
        while i <= j:
            while values[i] < pivot:
                i += 1
            while values[j] > pivot:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i += 1
                j -= 1
        if rank <= j:
            high = j
        elif rank >= i:
            low = i
        else:
            break
    return float(values[rank])


@compiled_fast
def subtract(
    flow: NDArray[np.float32], depth: NDArray[np.float32], field: NDArray[np.float32], residual: NDArray[np.float32]
) -> None:
    """Take the motion whose u and v are sums of 1, x, y, z out of every pixel; field float32 (2, 4)."""
    height, width = depth.shape
    centre_x, centre_y = np.float32((width - 1) / 2), np.float32((height - 1) / 2)
    for row in range(height):
        y = np.float32(row) - centre_y
        for column in range(width):
            x, z = np.float32(column) - centre_x, depth[row, column]
            u = field[0, 0] + field[0, 1] * x + field[0, 2] * y + field[0, 3] * z
            v = field[1, 0] + field[1, 1] * x + field[1, 2] * y + field[1, 3] * z
            residual[row, column, 0] = flow[row, column, 0] - u
            residual[row, column, 1] = flow[row, column, 1] - v
