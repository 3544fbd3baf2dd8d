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

    smooth = staticmethod(images.smooth)
    halve = staticmethod(images.halve)
    gradients = staticmethod(images.gradients)
    mismatch = staticmethod(images.mismatch)
    enlarge = staticmethod(images.enlarge)
    invert = staticmethod(grids.invert)
    pull = staticmethod(grids.pull)
    relax = staticmethod(grids.relax)
    restrict = staticmethod(grids.restrict)
    prolong = staticmethod(grids.prolong)

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
