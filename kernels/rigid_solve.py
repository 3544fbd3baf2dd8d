"""The rigid fit written out in array operations: the NumPy reference, and with CUDA sums the GPU's fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

STEPS = 7
"""Gauss-Newton steps, each with new weights but the first."""
TUKEY = 3.883
"""Residuals beyond this many sigma count for nothing: 90 % efficient on Gaussian noise (Huber, 1981)."""
LEAST_SIGMA = 0.01
"""px; keeps weights finite on exact flows."""
LEAST_PIVOT = 1e-4
"""Share of an unknown's column that the others must leave unexplained; with less, depth says too little."""

Sums = Callable[[Any, Any, bool], NDArray[np.float64]]
"""(samples (5, n), weights (n,), rigid) -> (6, 7): normal matrix and right side."""


class Pose:
    """A motion of the head: affine in the image, or a turn, growth and shift in space."""

    def __init__(self, rigid: bool) -> None:
        self.rigid = rigid
        self.turn, self.growth, self.shift = np.eye(3), 1.0, np.zeros(2)
        self.affine = np.zeros((2, 2))

    @property
    def model(self) -> Literal["rigid", "affine"]:
        """Which unknowns it has."""
        return "rigid" if self.rigid else "affine"

    def advance(self, step: NDArray[np.float64]) -> None:
        """Add one Gauss-Newton step (6,)."""
        self.shift = self.shift + step[:2]
        if self.rigid:
            growth, roll, yaw, pitch = step[2:]
            self.growth *= 1 + growth
            self.turn = _rotation(np.array([pitch, yaw, roll])) @ self.turn
        else:
            self.affine = self.affine + step[2:].reshape(2, 2)

    def linear(self) -> NDArray[np.float64]:
        """(3, 3): where a point goes before the shift."""
        if self.rigid:
            return self.growth * self.turn
        whole = np.eye(3)
        whole[:2, :2] += self.affine
        return whole

    def field(self) -> NDArray[np.float64]:
        """(2, 4): the motion's u and v as sums of 1, x, y, z."""
        field = np.empty((2, 4))
        field[:, 0] = self.shift
        field[:, 1:] = self.linear()[:2]
        field[0, 1] -= 1
        field[1, 2] -= 1
        return field

    def motion(self) -> NDArray[np.float64]:
        """(6,), as `kernels.rigid.RigidFit.motion`."""
        if not self.rigid:
            return np.concatenate([self.shift, self.affine.ravel()])
        axis = np.array([self.turn[2, 1], self.turn[0, 2], self.turn[1, 0]]) - np.array(
            [self.turn[1, 2], self.turn[2, 0], self.turn[0, 1]]
        )
        sine = float(np.linalg.norm(axis)) / 2
        pitch, yaw, roll = axis / 2 * (np.arcsin(min(sine, 1.0)) / sine if sine > 1e-12 else 1.0)
        return np.array([*self.shift, self.growth - 1, roll, yaw, pitch])


class Fitted(NamedTuple):
    """What was fitted."""

    size: int  # how many samples
    noise: float
    pose: Pose
    weights: Any  # (size,), of the samples in the end


def _rotation(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rodrigues' formula."""
    x, y, z = vector
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    angle = float(np.linalg.norm(vector))
    first = np.sin(angle) / angle if angle > 1e-9 else 1.0
    second = (1 - np.cos(angle)) / angle**2 if angle > 1e-9 else 0.5
    return np.asarray(np.eye(3) + first * cross + second * (cross @ cross))


def numpy_sums(samples: NDArray[np.float64], weights: NDArray[np.float64], rigid: bool) -> NDArray[np.float64]:
    """Normal matrix and right side of samples x, y, z, u, v."""
    *points, u, v = samples
    across, down = _rows(points, rigid, np)
    whole = [np.column_stack(pair) for pair in ((across, u), (down, v))]
    return np.asarray((weights * across.T) @ whole[0] + (weights * down.T) @ whole[1])


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


def sample(flow: Any, depth: Any, stable: Any, stride: int, arrays: Any) -> Any:
    """x, y, z about the middle of the image, u and v of every `stride`-th still pixel: float64 (5, n)."""
    height, width = stable.shape
    lines, columns = arrays.nonzero(stable[stride // 2 :: stride, stride // 2 :: stride])
    y, x = lines * stride + stride // 2, columns * stride + stride // 2
    moved = flow[y, x]
    found = [x - (width - 1) / 2, y - (height - 1) / 2, depth[y, x], moved[:, 0], moved[:, 1]]
    return arrays.stack([row.astype("float64") for row in found])


def fit(samples: Any, rigid: bool, arrays: Any = np, sums: Sums = numpy_sums) -> Fitted:
    """Robust fit of the head's motion to samples (5, n); see `kernels.rigid.RigidMotion`.

    Args:
        samples: float64 (5, n), see `sample`.
        rigid: False for affine.
        arrays: the array library.
        sums: how the normal equations are summed.
    """
    count = samples.shape[1]
    pose, noise, weights = Pose(rigid), 0.0, arrays.ones(count)
    if count < 6:
        return Fitted(count, noise, pose, weights)
    for step in range(STEPS):
        step_of, pivot = solve(sums(_moved(samples, pose, arrays), weights, pose.rigid))
        if step == 0 and rigid and pivot < LEAST_PIVOT:
            pose = Pose(False)
            step_of, _ = solve(sums(samples, weights, False))
        pose.advance(step_of)
        left = _moved(samples, pose, arrays)[3:]
        noise = robust_deviation(left, arrays)
        share = (left**2).sum(axis=0) / (TUKEY * max(noise, LEAST_SIGMA)) ** 2
        weights = arrays.where(share < 1, (1 - share) ** 2, 0.0)
    return Fitted(count, noise, pose, weights)


def align(pose: Pose, points: Any, weights: Any, tensor: Any, mismatch: Any, arrays: Any = np) -> None:
    """One Gauss-Newton step of the pose on two images, warped by it (Lucas and Kanade, 1981, with the head's unknowns).

    Args:
        pose: changed in place.
        points: float64 (3, n): x, y, z of the cells.
        weights: (n,).
        tensor: (3, n), sums of the gradients' products in each cell: xx, xy, yy.
        mismatch: (2, n), sums of gradient times mismatch.
        arrays: the array library.
    """
    turned = arrays.asarray(pose.linear()) @ points if pose.rigid else points
    across, down = _rows(turned, pose.rigid, arrays)
    xx, xy, yy = ((weights * product)[:, None] for product in tensor)
    matrix = across.T @ (xx * across + xy * down) + down.T @ (xy * across + yy * down)
    right = -(across.T @ (weights * mismatch[0]) + down.T @ (weights * mismatch[1]))
    system = arrays.concatenate([matrix, right[:, None]], axis=1)
    pose.advance(solve(np.asarray(system.get() if hasattr(system, "get") else system))[0])


def robust_deviation(values: Any, arrays: Any = np) -> float:
    """Standard deviation about zero from the median absolute value."""
    return 1.4826 * float(arrays.sort(arrays.abs(values).ravel())[values.size // 2])


def _rows(points: Any, rigid: bool, arrays: Any) -> tuple[Any, Any]:
    """What each of the six unknowns adds to u and to v of points x, y, z: (n, 6) each."""
    x, y, z = points
    one, none = arrays.ones_like(x), arrays.zeros_like(x)
    if rigid:
        rows = [one, none, x, -y, z, none], [none, one, y, x, none, -z]
    else:
        rows = [one, none, x, y, none, none], [none, one, none, none, x, y]
    return arrays.stack(rows[0], axis=1), arrays.stack(rows[1], axis=1)


def _moved(samples: Any, pose: Pose, arrays: Any) -> Any:
    """Samples turned with the pose about its centre, with what the pose leaves of their flow."""
    points = samples[:3]
    turned = arrays.asarray(pose.linear()) @ points if pose.rigid else points
    field = arrays.asarray(pose.field())
    left = samples[3:] - field[:, 1:] @ points - field[:, :1]
    return arrays.ascontiguousarray(arrays.concatenate([turned, left]))


def modelled(field: NDArray[np.float64], depth: NDArray[np.float32]) -> NDArray[np.float32]:
    """The head's motion at every pixel, float32 (H, W, 2)."""
    height, width = depth.shape
    y, x = np.mgrid[:height, :width]
    x, y = x - (width - 1) / 2, y - (height - 1) / 2
    return np.asarray(np.stack([np.ones_like(x), x, y, depth], axis=2) @ field.T, np.float32)
