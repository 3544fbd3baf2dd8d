"""The flow's kernels in NumPy: slow, short, and the truth that the others are held to."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels.flow_presets import CELL
from kernels.flow_scheme import Warp

Plane = NDArray[np.float32]

_SIDE = 0.1065
_SLOPE = -0.65
_SHARES = np.array([0.625, 0.875, 0.125, 0.375], np.float32)  # of the later cell centre, for the pixels of a cell


class NumpyFlow:
    """`FlowKernels` in plain NumPy; nothing has a margin, repeated borders are made where they are read."""

    def image(self, height: int, width: int) -> Plane:
        return np.zeros((height, width), np.float32)

    plain = image

    def grid(self, planes: int, rows: int, columns: int) -> Plane:
        return np.zeros((planes, rows, columns), np.float32)

    def light(self) -> Plane:
        return np.array([1, 0], np.float32)

    def cells(self, grid: Plane) -> Plane:
        return grid

    def smooth(self, image: Plane, out: Plane) -> None:
        for axis in (0, 1):
            before, after = _shifted(image, -1, axis), _shifted(image, 1, axis)
            image = np.float32(1 - 2 * _SIDE) * image + np.float32(_SIDE) * (before + after)
        out[:] = image

    def halve(self, image: Plane, out: Plane) -> None:
        out[:] = _sums(image, 2) / 4

    def gradients(self, image: Plane, along_x: Plane, along_y: Plane, tensor: Plane) -> None:
        for axis, out in ((1, along_x), (0, along_y)):
            near = _shifted(image, 1, axis) - _shifted(image, -1, axis)
            wide = _shifted(image, 2, axis) - _shifted(image, -2, axis)
            out[:] = (8 * near - wide) / 12
        tensor[:] = [_sums(product, CELL) for product in (along_x**2, along_x * along_y, along_y**2)]

    def mismatch(self, pair: Warp, cubic: bool, out: Plane) -> None:
        before, after, along_x, along_y, motion, light = pair
        height, width = before.shape
        y, x = np.mgrid[:height, :width].astype(np.float32)
        x, y = x + _enlarged(motion[0]), y + _enlarged(motion[1])
        inside = (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
        warped = _cubic(after, x, y) if cubic else _bilinear(after, x, y)
        error = np.where(inside, warped - light[0] * before - light[1], 0).astype(np.float32)
        out[:] = _sums(along_x * error, CELL), _sums(along_y * error, CELL)
        if inside.any():
            grey, left = before[inside].astype(np.float64), error[inside].astype(np.float64)
            spread = grey.var()
            change = ((grey - grey.mean()) * left).mean() / spread if spread > 1 else 0.0
            light[0] += change
            light[1] += left.mean() - change * grey.mean()

    def invert(self, tensor: Plane, diagonal: float, out: Plane) -> None:
        a, b, c = tensor[0] + np.float32(diagonal), tensor[1], tensor[2] + np.float32(diagonal)
        out[:] = np.stack([c, -b, a]) / (a * c - b * b)

    def pull(self, motion: Plane, mismatch: Plane, bending: float, ridge: float, room: Plane, out: Plane) -> None:
        out[:] = -mismatch - np.float32(bending) * _bent(motion) - np.float32(ridge) * motion

    def relax(
        self,
        tensor: Plane,
        inverse: Plane,
        bending: float,
        ridge: float,
        weights: NDArray[np.float32],
        right: Plane,
        solution: Plane,
        rooms: tuple[Plane, Plane, Plane],
    ) -> None:
        change = np.zeros_like(solution)
        for momentum, share in weights:
            rest = right - np.float32(bending) * _bent(solution) - np.float32(ridge) * solution
            rest -= np.stack(
                [tensor[0] * solution[0] + tensor[1] * solution[1], tensor[1] * solution[0] + tensor[2] * solution[1]]
            )
            towards = [inverse[0] * rest[0] + inverse[1] * rest[1], inverse[1] * rest[0] + inverse[2] * rest[1]]
            change = np.float32(momentum) * change + np.float32(share) * np.stack(towards)
            solution += change

    def restrict(self, fine: Plane, coarse: Plane) -> None:
        coarse[:] = [_sums(plane, 2) for plane in fine]

    def prolong(self, coarse: Plane, fine: Plane, scale: float) -> None:
        for axis in (1, 2):
            earlier = 0.75 * coarse + 0.25 * _shifted(coarse, -1, axis)
            later = 0.75 * coarse + 0.25 * _shifted(coarse, 1, axis)
            shape = list(coarse.shape)
            shape[axis] *= 2
            coarse = np.stack([earlier, later], axis + 1).reshape(shape)
        fine[:] = np.float32(scale) * coarse

    def reset_light(self, light: Plane) -> None:
        light[:] = 1, 0

    def empty(self, shape: tuple[int, ...]) -> Plane:
        return np.empty(shape, np.float32)

    def fill(self, grid: Plane, values: NDArray[np.float32]) -> None:
        """Values (1, planes, rows, columns) into a grid."""
        grid[:] = values[0]

    def put(self, image: NDArray[Any], out: Plane) -> None:
        """An image into a larger one, its last row and column repeated."""
        beyond = tuple((0, whole - part) for whole, part in zip(out.shape, image.shape, strict=True))
        out[:] = np.pad(image, beyond, mode="edge")

    def enlarge(self, motion: Plane, out: Plane) -> None:
        height, width = out.shape[:2]
        out[:] = np.stack([_enlarged(plane)[:height, :width] for plane in motion], axis=2)


def _shifted(array: Plane, by: int, axis: int) -> Plane:
    """array[i + by], its border repeated."""
    places = np.clip(np.arange(array.shape[axis]) + by, 0, array.shape[axis] - 1)
    return np.take(array, places, axis)


def _sums(plane: Plane, size: int) -> Plane:
    height, width = plane.shape
    return np.asarray(plane.reshape(height // size, size, width // size, size).sum(axis=(1, 3)), np.float32)


def _bent(grid: Plane) -> Plane:
    """The Laplacian of the Laplacian, of a grid without neighbours beyond its border."""
    for _ in range(2):
        around = sum(_shifted(grid, by, axis) for by in (-1, 1) for axis in (1, 2))
        grid = np.asarray(4 * grid - around, np.float32)
    return grid


def _enlarged(grid: Plane) -> Plane:
    """Cells to pixels, bilinear between the centres of cells."""
    for axis in (0, 1):
        here = np.expand_dims(grid, axis + 1)
        pair = [_shifted(grid, -1, axis), grid, _shifted(grid, 1, axis)]
        # The first two pixels lie between the earlier centre and this one, the last two between this and the later.
        one, two = (np.expand_dims(p, axis + 1) for p in (pair[0], pair[2]))
        shares = _SHARES.reshape((1, 4, 1) if axis == 0 else (1, 1, 4))
        early, late = shares.take([0, 1], axis + 1), shares.take([2, 3], axis + 1)
        whole = np.concatenate([one + early * (here - one), here + late * (two - here)], axis + 1)
        shape = list(grid.shape)
        shape[axis] *= 4
        grid = whole.reshape(shape)
    return grid


def _bilinear(image: Plane, x: Plane, y: Plane) -> Plane:
    return _sampled(image, x, y, lambda t: [1 - t, t], 0)


def _cubic(image: Plane, x: Plane, y: Plane) -> Plane:
    def weights(t: Plane) -> list[Plane]:
        s = 1 - t
        first, last = _SLOPE * t * s * s, _SLOPE * t * t * s
        second = 1 - (_SLOPE + 3) * t * t + (_SLOPE + 2) * t * t * t
        return [first, second, 1 - first - second - last, last]

    return _sampled(image, x, y, weights, -1)


def _sampled(image: Plane, x: Plane, y: Plane, weights: Any, first: int) -> Plane:
    height, width = image.shape
    column, row = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    across, down = weights(x - column), weights(y - row)
    total = np.zeros_like(x)
    for j, wy in enumerate(down):
        line = np.clip(row + first + j, 0, height - 1)
        for i, wx in enumerate(across):
            total += wy * wx * image[line, np.clip(column + first + i, 0, width - 1)]
    return np.asarray(total, np.float32)
