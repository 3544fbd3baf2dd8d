"""The flow's kernels on a GPU, for any number of pairs at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels.cuda_launch import Launcher
from kernels.flow_presets import CELL
from kernels.flow_scheme import Warp

Array = Any
"""CuPy float32: images (pairs, H, W), grids (pairs, planes, rows, columns)."""

_SIDE = 0.1065


class CudaFlow:
    """`FlowKernels` over the CUDA sources; every array has a leading axis of pairs.

    Args:
        launch: runs the kernels.
        pairs: how many pairs are solved at once.
    """

    def __init__(self, launch: Launcher, pairs: int) -> None:
        self._launch, self._pairs = launch, pairs
        self._sums: dict[tuple[int, int], Array] = {}

    def _zeros(self, *shape: int) -> Array:
        return self._launch.arrays.zeros((self._pairs, *shape), "float32")

    def image(self, height: int, width: int) -> Array:
        return self._zeros(height, width)

    plain = image

    def grid(self, planes: int, rows: int, columns: int) -> Array:
        return self._zeros(planes, rows, columns)

    def light(self) -> Array:
        light = self._zeros(2)
        self.reset_light(light)
        return light

    def cells(self, grid: Array) -> Array:
        return grid[0]

    def smooth(self, image: Array, out: Array) -> None:
        self._launch("flow_images", "smooth", image.size, image, out, *image.shape, _SIDE)

    def halve(self, image: Array, out: Array) -> None:
        self._launch("flow_images", "halve", out.size, image, out, *out.shape)

    def gradients(self, image: Array, along_x: Array, along_y: Array, tensor: Array) -> None:
        self._launch("flow_images", "gradients", image.size, image, along_x, along_y, *image.shape)
        pairs, _, rows, columns = tensor.shape
        self._launch("flow_images", "tensor", pairs * rows * columns, along_x, along_y, tensor, pairs, rows, columns)

    def mismatch(self, pair: Warp, cubic: bool, out: Array) -> None:
        pairs, _, rows, columns = out.shape
        size = (pairs, rows, columns)
        sums = self._sums.get((rows, columns))
        if sums is None:
            sums = self._sums[rows, columns] = self._zeros(5, rows, columns)
        threads = pairs * rows * columns
        self._launch("flow_images", "mismatch", threads, *pair, out, sums, *size, int(cubic))
        self._launch("flow_images", "light_rows", pairs * 5 * rows, sums, *size)
        self._launch("flow_images", "light_fit", pairs, sums, pair.before, pair.light, *size)

    def invert(self, tensor: Array, diagonal: float, out: Array) -> None:
        pairs, _, rows, columns = tensor.shape
        self._launch("flow_grids", "invert", pairs * rows * columns, tensor, out, pairs, rows * columns, diagonal)

    def pull(self, motion: Array, mismatch: Array, bending: float, ridge: float, room: Array, out: Array) -> None:
        pairs, planes, rows, columns = motion.shape
        size = (pairs * planes, rows, columns)
        self._launch("flow_grids", "laplacian", motion.size, motion, room, *size)
        self._launch("flow_grids", "pull", motion.size, motion, mismatch, room, out, *size, bending, ridge)

    def relax(
        self,
        tensor: Array,
        inverse: Array,
        bending: float,
        ridge: float,
        weights: NDArray[np.float32],
        right: Array,
        solution: Array,
        rooms: tuple[Array, Array, Array],
    ) -> None:
        pairs, planes, rows, columns = solution.shape
        laplacian, change = rooms[:2]
        arrays = (tensor, inverse, right, laplacian, change, solution)
        for momentum, share in weights.tolist():
            self._launch("flow_grids", "laplacian", solution.size, solution, laplacian, pairs * planes, rows, columns)
            numbers = (pairs, rows, columns, bending, ridge, momentum, share)
            self._launch("flow_grids", "relax", pairs * rows * columns, *arrays, *numbers)

    def restrict(self, fine: Array, coarse: Array) -> None:
        pairs, planes, rows, columns = coarse.shape
        self._launch("flow_grids", "restrict_sum", coarse.size, fine, coarse, pairs * planes, rows, columns)

    def prolong(self, coarse: Array, fine: Array, scale: float) -> None:
        pairs, planes, rows, columns = fine.shape
        self._launch("flow_grids", "prolong", fine.size, coarse, fine, pairs * planes, rows, columns, scale)

    def reset_light(self, light: Array) -> None:
        light[:, 0], light[:, 1] = 1, 0

    def empty(self, shape: tuple[int, ...]) -> Array:
        return self._launch.arrays.empty(shape, "float32")

    def fill(self, grid: Array, values: Any) -> None:
        """Values (pairs, planes, rows, columns) into a grid."""
        grid[:] = self._launch.arrays.asarray(values)

    def put(self, image: Array, out: Array) -> None:
        """Images into larger ones, their last rows and columns repeated."""
        height, width = image.shape[-2:]
        image = self._launch.arrays.asarray(image)
        out[:, :height, :width] = image
        out[:, height:, :width] = out[:, height - 1 : height, :width]
        out[:, :, width:] = out[:, :, width - 1 : width]

    def enlarge(self, motion: Array, out: Array) -> None:
        height, width = out.shape[-3:-1]
        size = (self._pairs, height, width, *(motion.shape[2:]))
        self._launch("flow_images", "enlarge", self._pairs * height * width, motion, out, *size)


assert CELL == 4, "the CUDA sources are written for cells of 4x4 pixels"
