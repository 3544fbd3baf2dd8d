"""The flow's kernels on the CPU."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels import flow_numba_grids as grids
from kernels import flow_numba_images as images

Plane = NDArray[np.float32]


class NumbaFlow:
    """`FlowKernels` in Numba: one core, float32, no allocation but of a few pixel rows."""

    def __init__(self) -> None:
        self._weights: dict[int, Plane] = {}

    def image(self, height: int, width: int) -> Plane:
        return np.zeros((height + 4, width + 4), np.float32)

    def plain(self, height: int, width: int) -> Plane:
        return np.zeros((height, width), np.float32)

    def grid(self, planes: int, rows: int, columns: int) -> Plane:
        return np.zeros((planes, rows + 2, columns + 2), np.float32)

    def light(self) -> Plane:
        return np.array([1, 0], np.float32)

    def cells(self, grid: Plane) -> Plane:
        return grid[:, 1:-1, 1:-1]

    def smooth(self, image: Plane, out: Plane) -> None:
        images.smooth(image, out)

    def halve(self, image: Plane, out: Plane) -> None:
        images.halve(image, out)

    def gradients(self, image: Plane, along_x: Plane, along_y: Plane, tensor: Plane) -> None:
        images.gradients(image, along_x, along_y, tensor)

    def mismatch(
        self,
        before: Plane,
        after: Plane,
        along_x: Plane,
        along_y: Plane,
        motion: Plane,
        light: Plane,
        cubic: bool,
        out: Plane,
    ) -> None:
        images.mismatch(before, after, along_x, along_y, motion, light, cubic, out)

    def invert(self, tensor: Plane, diagonal: float, out: Plane) -> None:
        grids.invert(tensor, diagonal, out)

    def pull(self, motion: Plane, mismatch: Plane, bending: float, ridge: float, room: Plane, out: Plane) -> None:
        grids.pull(motion, mismatch, bending, ridge, room, out)

    def relax(
        self,
        tensor: Plane,
        inverse: Plane,
        bending: float,
        ridge: float,
        weights: list[tuple[float, float]],
        right: Plane,
        solution: Plane,
        rooms: tuple[Plane, Plane, Plane],
    ) -> None:
        table = self._weights.get(id(weights))
        if table is None:
            table = self._weights[id(weights)] = np.array(weights, np.float32)
        grids.relax(tensor, inverse, bending, ridge, table, right, solution, *rooms)

    def restrict(self, fine: Plane, coarse: Plane) -> None:
        grids.restrict(fine, coarse)

    def prolong(self, coarse: Plane, fine: Plane, scale: float) -> None:
        grids.prolong(coarse, fine, scale)

    def reset_light(self, light: Plane) -> None:
        light[0], light[1] = 1, 0

    def empty(self, shape: tuple[int, ...]) -> Plane:
        return np.empty(shape, np.float32)

    def fill(self, grid: Plane, values: NDArray[np.float32]) -> None:
        """Values (1, planes, rows, columns) into a grid."""
        grid[:, 1:-1, 1:-1] = values[0]
        grids.repeat_margin(grid)

    def put(self, image: NDArray[Any], out: Plane) -> None:
        """An image into a larger one, its last row and column repeated."""
        height, width = image.shape
        out[:height, :width] = image
        out[height:, :width] = out[height - 1, :width]
        out[:, width:] = out[:, width - 1 : width]

    def enlarge(self, motion: Plane, out: Plane) -> None:
        images.enlarge(motion, out)
