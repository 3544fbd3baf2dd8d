"""Compiled inner loops of the rigid fit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kernels.compiled import compiled, compiled_fast
from kernels.rigid_solve import LEAST_PIVOT, LEAST_SIGMA, STEPS, TUKEY


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


@compiled
def _predict(model: NDArray[np.float64], rigid: bool, x: float, y: float, z: float) -> tuple[float, float]:
    if rigid:
        u = model[0] + model[2] * x - model[3] * y + model[4] * z
        v = model[1] + model[2] * y + model[3] * x - model[5] * z
    else:
        u = model[0] + model[2] * x + model[3] * y
        v = model[1] + model[4] * x + model[5] * y
    return u, v


@compiled
def _rows(rigid: bool, x: float, y: float, z: float, row_u: NDArray[np.float64], row_v: NDArray[np.float64]) -> None:
    row_u[:] = 0
    row_v[:] = 0
    row_u[0] = 1
    row_v[1] = 1
    row_u[2] = x
    if rigid:
        row_v[2] = y
        row_u[3] = -y
        row_v[3] = x
        row_u[4] = z
        row_v[5] = -z
    else:
        row_u[3] = y
        row_v[4] = x
        row_v[5] = y


@compiled
def _solve(
    samples: NDArray[np.float32], count: int, weights: NDArray[np.float32], rigid: bool, model: NDArray[np.float64]
) -> float:
    """Weighted least squares into `model`; returns the smallest pivot of the scaled normal matrix."""
    normal = np.zeros((6, 6))
    right = np.zeros(6)
    row_u = np.empty(6)
    row_v = np.empty(6)
    for i in range(count):
        w = weights[i]
        if w <= 0:
            continue
        _rows(rigid, samples[0, i], samples[1, i], samples[2, i], row_u, row_v)
        u, v = samples[3, i], samples[4, i]
        for a in range(6):
            right[a] += w * (row_u[a] * u + row_v[a] * v)
            for b in range(a, 6):
                normal[a, b] += w * (row_u[a] * row_u[b] + row_v[a] * row_v[b])
    scale = np.empty(6)
    for a in range(6):
        scale[a] = 1.0 / np.sqrt(max(normal[a, a], 1e-12))
    for a in range(6):
        right[a] *= scale[a]
        for b in range(a, 6):
            normal[a, b] *= scale[a] * scale[b]
            normal[b, a] = normal[a, b]
    # Cholesky: a pivot is the share of its column that the columns before it leave unexplained.
    smallest = 1.0
    for a in range(6):
        pivot = normal[a, a]
        for c in range(a):
            pivot -= normal[a, c] * normal[a, c]
        smallest = min(smallest, pivot)
        root = np.sqrt(max(pivot, 1e-12))
        normal[a, a] = root
        for b in range(a + 1, 6):
            value = normal[b, a]
            for c in range(a):
                value -= normal[b, c] * normal[a, c]
            normal[b, a] = value / root
    for a in range(6):
        for c in range(a):
            right[a] -= normal[a, c] * right[c]
        right[a] /= normal[a, a]
    for a in range(5, -1, -1):
        for c in range(a + 1, 6):
            right[a] -= normal[c, a] * right[c]
        right[a] /= normal[a, a]
    for a in range(6):
        model[a] = right[a] * scale[a]
    return smallest


@compiled
def _sigma(
    samples: NDArray[np.float32],
    count: int,
    rigid: bool,
    model: NDArray[np.float64],
    squares: NDArray[np.float32],
    scratch: NDArray[np.float32],
) -> float:
    for i in range(count):
        u, v = _predict(model, rigid, samples[0, i], samples[1, i], samples[2, i])
        du, dv = samples[3, i] - u, samples[4, i] - v
        squares[i] = du * du + dv * dv
        scratch[2 * i] = abs(du)
        scratch[2 * i + 1] = abs(dv)
    return 1.4826 * select(scratch, 2 * count, count)


@compiled
def fit(
    flow: NDArray[np.float32],
    depth: NDArray[np.float32],
    stable: NDArray[np.bool_],
    stride: int,
    rigid: bool,
    samples: NDArray[np.float32],
    scratch: NDArray[np.float32],
    model: NDArray[np.float64],
) -> tuple[int, float, bool]:
    """Sample the still skin and fit; returns samples, noise, and whether the rigid model was kept."""
    height, width = stable.shape
    centre_x, centre_y = (width - 1) / 2, (height - 1) / 2
    count = 0
    mean_depth = 0.0
    for y in range(stride // 2, height, stride):
        for x in range(stride // 2, width, stride):
            if stable[y, x]:
                samples[0, count] = x - centre_x
                samples[1, count] = y - centre_y
                samples[2, count] = depth[y, x]
                samples[3, count] = flow[y, x, 0]
                samples[4, count] = flow[y, x, 1]
                mean_depth += depth[y, x]
                count += 1
    model[:] = 0
    if count < 6:
        return count, 0.0, rigid
    weights = samples[5]
    weights[:count] = 1
    squares = np.empty(count, np.float32)
    pivot = _solve(samples, count, weights, rigid, model)
    if rigid and pivot < LEAST_PIVOT:
        rigid = False
        _solve(samples, count, weights, rigid, model)
    for _ in range(STEPS):
        sigma = max(_sigma(samples, count, rigid, model, squares, scratch), LEAST_SIGMA)
        limit = (TUKEY * sigma) ** 2
        for i in range(count):
            share = squares[i] / limit
            weights[i] = (1 - share) ** 2 if share < 1 else 0
        _solve(samples, count, weights, rigid, model)
    return count, _sigma(samples, count, rigid, model, squares, scratch), rigid


@compiled_fast
def subtract(
    flow: NDArray[np.float32],
    depth: NDArray[np.float32],
    model: NDArray[np.float64],
    rigid: bool,
    residual: NDArray[np.float32],
) -> None:
    """Take the modelled motion out of every pixel of a flow."""
    height, width = depth.shape
    m = model.astype(np.float32)
    centre_x, centre_y = np.float32((width - 1) / 2), np.float32((height - 1) / 2)
    for row in range(height):
        y = np.float32(row) - centre_y
        for column in range(width):
            x = np.float32(column) - centre_x
            if rigid:
                z = depth[row, column]
                u = m[0] + m[2] * x - m[3] * y + m[4] * z
                v = m[1] + m[2] * y + m[3] * x - m[5] * z
            else:
                u = m[0] + m[2] * x + m[3] * y
                v = m[1] + m[4] * x + m[5] * y
            residual[row, column, 0] = flow[row, column, 0] - u
            residual[row, column, 1] = flow[row, column, 1] - v


def warm_rigid() -> None:
    """Compile or load both kernels."""
    flow, depth = np.zeros((16, 16, 2), np.float32), np.zeros((16, 16), np.float32)
    model = np.zeros(6)
    room = np.empty((6, 64), np.float32), np.empty(128, np.float32)
    fit(flow, depth, np.ones((16, 16), np.bool_), 3, True, room[0], room[1], model)
    subtract(flow, depth, model, True, np.empty_like(flow))
