"""The rigid fit written out in array operations: the NumPy reference, and with CUDA sums the GPU's fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

STEPS = 6
"""Rounds of reweighting."""
TUKEY = 4.685
"""Residuals beyond this many sigma count for nothing: 95 % efficient on Gaussian noise (Huber, 1981)."""
LEAST_SIGMA = 0.01
"""px; keeps weights finite on exact flows."""
LEAST_PIVOT = 1e-4
"""Share of an unknown's column that the others must leave unexplained; with less, depth says too little."""

Sums = Callable[[Any, Any, bool], NDArray[np.float64]]
"""(samples (5, n), weights (n,), rigid) -> (6, 7): normal matrix and right side."""


class Samples(NamedTuple):
    """What was fitted."""

    size: int
    noise: float
    rigid: bool
    model: NDArray[np.float64]  # (6,)


def rows(samples: Any, rigid: bool, arrays: Any) -> Any:
    """Design matrix of samples (5, n) of x, y, z, u, v: (2, n, 6)."""
    x, y, z = (samples[i].astype("float64") for i in range(3))
    one, none = arrays.ones_like(x), arrays.zeros_like(x)
    if rigid:
        of_u, of_v = [one, none, x, -y, z, none], [none, one, y, x, none, -z]
    else:
        of_u, of_v = [one, none, x, y, none, none], [none, one, none, none, x, y]
    return arrays.stack([arrays.stack(of_u, 1), arrays.stack(of_v, 1)])


def numpy_sums(samples: NDArray[np.float32], weights: NDArray[np.float32], rigid: bool) -> NDArray[np.float64]:
    """Normal matrix and right side, in NumPy."""
    design = rows(samples, rigid, np)
    whole = np.concatenate([design, samples[3:5].astype(np.float64)[..., None]], axis=2)
    return np.asarray(np.einsum("cna,cnb,n->ab", design, whole, weights.astype(np.float64)))


def solve(system: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Solution of scaled normal equations (6, 7), and the smallest pivot."""
    scale = 1 / np.sqrt(np.maximum(np.diag(system), 1e-12))
    matrix, right = system[:, :6] * np.outer(scale, scale), system[:, 6] * scale
    factor, smallest = np.zeros((6, 6)), 1.0
    for a in range(6):
        pivot = matrix[a, a] - factor[a, :a] @ factor[a, :a]
        smallest = min(smallest, float(pivot))
        factor[a, a] = np.sqrt(max(pivot, 1e-12))
        factor[a + 1 :, a] = (matrix[a + 1 :, a] - factor[a + 1 :, :a] @ factor[a, :a]) / factor[a, a]
    return np.linalg.solve(factor.T, np.linalg.solve(factor, right)) * scale, smallest


def fit(
    flow: Any, depth: Any, stable: Any, stride: int, rigid: bool, arrays: Any = np, sums: Sums = numpy_sums
) -> Samples:
    """Robust fit of the head's motion; see `kernels.rigid.RigidMotion`.

    Args:
        flow: float32 (H, W, 2).
        depth: float32 (H, W).
        stable: bool (H, W).
        stride: between samples, px.
        rigid: False for affine.
        arrays: the array library.
        sums: how the normal equations are summed.
    """
    height, width = stable.shape
    lines, columns = arrays.nonzero(stable[stride // 2 :: stride, stride // 2 :: stride])
    y, x = lines * stride + stride // 2, columns * stride + stride // 2
    moved = flow[y, x]
    samples = arrays.stack([x - (width - 1) / 2, y - (height - 1) / 2, depth[y, x], moved[:, 0], moved[:, 1]])
    samples = arrays.ascontiguousarray(samples.astype("float32"))
    count = samples.shape[1]
    if count < 6:
        return Samples(count, 0.0, rigid, np.zeros(6))
    weights = arrays.ones(count, "float32")
    model, pivot = solve(sums(samples, weights, rigid))
    if rigid and pivot < LEAST_PIVOT:
        rigid = False
        model, _ = solve(sums(samples, weights, rigid))
    for _ in range(STEPS):
        squares, sigma = _spread(samples, model, rigid, arrays)
        share = squares / (TUKEY * max(sigma, LEAST_SIGMA)) ** 2
        weights = arrays.where(share < 1, (1 - share) ** 2, 0).astype("float32")
        model, _ = solve(sums(samples, weights, rigid))
    return Samples(count, _spread(samples, model, rigid, arrays)[1], rigid, model)


def _spread(samples: Any, model: NDArray[np.float64], rigid: bool, arrays: Any) -> tuple[Any, float]:
    """Squared lengths of the residuals, and sigma of their components from the median."""
    left = samples[3:5].astype("float64") - rows(samples, rigid, arrays) @ arrays.asarray(model)
    ordered = arrays.sort(arrays.abs(left).ravel())
    return (left**2).sum(axis=0), 1.4826 * float(ordered[samples.shape[1]])


def modelled(model: NDArray[np.float64], rigid: bool, depth: NDArray[np.float32]) -> NDArray[np.float32]:
    """The head's motion at every pixel, float32 (H, W, 2)."""
    height, width = depth.shape
    y, x = np.mgrid[:height, :width]
    x, y = x - (width - 1) / 2, y - (height - 1) / 2
    m = model
    if rigid:
        u, v = m[0] + m[2] * x - m[3] * y + m[4] * depth, m[1] + m[2] * y + m[3] * x - m[5] * depth
    else:
        u, v = m[0] + m[2] * x + m[3] * y, m[1] + m[4] * x + m[5] * y
    return np.stack([u, v], axis=2).astype(np.float32)
