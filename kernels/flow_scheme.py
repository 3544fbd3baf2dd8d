"""The flow method, once for all backends: an image pyramid, and at each scale a few warps and regularised solutions.

Inverse compositional (Baker and Matthews, 2004): gradients and their products belong to the reference and are computed
once for it. Motion minimises, on a grid of 4x4-pixel cells,
    sum over pixels (after(x + d) - gain before(x) - offset)^2 + bending |Laplacian d|^2 + ridge |d|^2.
Bending, unlike the first-order smoothness of Horn and Schunck, costs nothing for translations, rotations and
expansions, and spreads motion from textured skin into smooth skin. The linear system of each warp is solved by
Chebyshev relaxation over nested grids, coarsest first: no inner products, so all backends do the same arithmetic.
"""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from kernels.flow_presets import CELL, FlowSettings, Stage, relaxation_weights

Array = Any
"""NumPy or CuPy, float32; images (H, W) and grids (planes, rows, columns), padded as the backend likes."""


class Warp(NamedTuple):
    """What one warp compares."""

    before: Array
    after: Array
    along_x: Array  # derivatives of `before`
    along_y: Array
    motion: Array  # a grid
    light: Array  # gain and offset


class FlowKernels(Protocol):
    """What a backend provides. All outputs are written in place."""

    def image(self, height: int, width: int) -> Array:
        """A zeroed image, with the margin that sampling needs."""

    def plain(self, height: int, width: int) -> Array:
        """A zeroed image without a margin."""

    def grid(self, planes: int, rows: int, columns: int) -> Array:
        """Zeroed planes of cells, with the margin that stencils need."""

    def light(self) -> Array:
        """Gain 1 and offset 0."""

    def cells(self, grid: Array) -> Array:
        """A view of the first pair's grid without its margin."""

    def smooth(self, image: Array, out: Array) -> None:
        """Slight blur of a plain image into an image with margin."""

    def halve(self, image: Array, out: Array) -> None:
        """Means of 2x2 pixels."""

    def gradients(self, image: Array, along_x: Array, along_y: Array, tensor: Array) -> None:
        """Five-point derivatives into plain images; per cell the sums of gx^2, gx gy, gy^2."""

    def mismatch(self, pair: Warp, cubic: bool, out: Array) -> None:
        """Per cell the sums of gradient times mismatch after warping; then refit the light to the warped pair."""

    def invert(self, tensor: Array, diagonal: float, out: Array) -> None:
        """Inverse of each cell's 2x2 block of the system's diagonal."""

    def pull(self, motion: Array, mismatch: Array, bending: float, ridge: float, room: Array, out: Array) -> None:
        """Minus the gradient of the energy: -(mismatch + bending L L d + ridge d)."""

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
        """Chebyshev steps on (tensor + bending L L + ridge) solution = right; weights (steps, 2)."""

    def restrict(self, fine: Array, coarse: Array) -> None:
        """Sums of 2x2 cells."""

    def prolong(self, coarse: Array, fine: Array, scale: float) -> None:
        """Bilinear, times `scale`."""

    def reset_light(self, light: Array) -> None:
        """Gain 1 and offset 0."""


class _Grid:
    """Buffers and system of one grid."""

    def __init__(self, kernels: FlowKernels, rows: int, columns: int, weights: list[tuple[float, float]]) -> None:
        self.weights = np.array(weights, np.float32)
        self.tensor, self.inverse = kernels.grid(3, rows, columns), kernels.grid(3, rows, columns)
        self.right, self.solution = kernels.grid(2, rows, columns), kernels.grid(2, rows, columns)
        self.rooms = (kernels.grid(2, rows, columns), kernels.grid(2, rows, columns), kernels.grid(2, rows, columns))


class _Scale:
    """One scale of the image pyramid, with its nested grids."""

    def __init__(
        self, kernels: FlowKernels, height: int, width: int, stage: Stage, bending: float, ridge: float
    ) -> None:
        self.kernels, self.stage = kernels, stage
        self.before, self.after = kernels.image(height, width), kernels.image(height, width)
        self.along_x, self.along_y = kernels.plain(height, width), kernels.plain(height, width)
        rows, columns = height // CELL, width // CELL
        self.motion, self.mismatch = kernels.grid(2, rows, columns), kernels.grid(2, rows, columns)
        last = len(stage.steps) - 1
        self.grids = [
            _Grid(kernels, rows >> i, columns >> i, relaxation_weights(steps, 3.25 / (100 if i == last else 20)))
            for i, steps in enumerate(stage.steps)
        ]
        # The same bent field costs a quarter on a grid twice as coarse, and four cells' pull to zero fall together.
        self.bending = [bending / 4**i for i in range(len(stage.steps))]
        self.ridge = [ridge * 4**i for i in range(len(stage.steps))]

    def set_reference(self) -> None:
        kernels, finest = self.kernels, self.grids[0]
        kernels.gradients(self.before, self.along_x, self.along_y, finest.tensor)
        for i, grid in enumerate(self.grids):
            if i > 0:
                kernels.restrict(self.grids[i - 1].tensor, grid.tensor)
            kernels.invert(grid.tensor, 20 * self.bending[i] + self.ridge[i], grid.inverse)

    def compare(self, light: Array) -> None:
        """Warp, and see what is left; `light` is refitted for the next time."""
        pair = Warp(self.before, self.after, self.along_x, self.along_y, self.motion, light)
        self.kernels.mismatch(pair, self.stage.cubic, self.mismatch)

    def improve(self, light: Array, around: Array | None = None) -> None:
        """One warp and one solution; bending and ridge hold to the motion `around`, or else to none."""
        kernels, grids = self.kernels, self.grids
        finest = grids[0]
        self.compare(light)
        bent = self.motion
        if around is not None:
            bent = finest.rooms[1]
            np.subtract(self.motion, around, out=bent)
        kernels.pull(bent, self.mismatch, self.bending[0], self.ridge[0], finest.rooms[0], finest.right)
        for fine, coarse in itertools.pairwise(grids):
            kernels.restrict(fine.right, coarse.right)
        for i in reversed(range(len(grids))):
            grid = grids[i]
            if i == len(grids) - 1:
                grid.solution.fill(0)
            else:
                kernels.prolong(grids[i + 1].solution, grid.solution, 1.0)
            kernels.relax(
                *(grid.tensor, grid.inverse, self.bending[i], self.ridge[i], grid.weights),
                *(grid.right, grid.solution, grid.rooms),
            )
        np.add(self.motion, finest.solution, out=self.motion)


class FlowScheme:
    """Pyramid, scales and the order of work. Sizes are multiples of `SIZE_STEP`."""

    SIZE_STEP = 16

    def __init__(self, kernels: FlowKernels, height: int, width: int, settings: FlowSettings) -> None:
        self.kernels = kernels
        self.input = kernels.plain(height, width)
        self.light = kernels.light()
        count = len(settings.stages)
        self.scales = []
        for i, stage in enumerate(settings.stages):
            down = count - 1 - i
            # A cell at half size has a quarter of the data's energy for the same motion; so must its prior.
            share = 4.0**-down
            self.scales.append(
                _Scale(kernels, height >> down, width >> down, stage, settings.bending * share, settings.ridge * share)
            )

    def set_reference(self) -> None:
        """Take `input` as the image that motion starts from."""
        scales = self.scales
        self.kernels.smooth(self.input, scales[-1].before)
        for coarse, fine in reversed(list(itertools.pairwise(scales))):
            self.kernels.halve(fine.before, coarse.before)
        for scale in scales:
            scale.set_reference()

    def solve(self, initial: Array | None = None, last_warps: int | None = None) -> Array:
        """Motion from the reference to `input`, on the finest grid.

        Args:
            initial: on the coarsest grid.
            last_warps: at full size, instead of the preset's.
        """
        kernels, scales = self.kernels, self.scales
        kernels.smooth(self.input, scales[-1].after)
        for coarse, fine in reversed(list(itertools.pairwise(scales))):
            kernels.halve(fine.after, coarse.after)
        kernels.reset_light(self.light)
        scales[0].motion.fill(0)
        if initial is not None:
            scales[0].motion[:] = initial
        scales[0].compare(self.light)
        for i, scale in enumerate(scales):
            if i > 0:
                kernels.prolong(scales[i - 1].motion, scale.motion, 2.0)
            warps = scale.stage.warps if last_warps is None or scale is not scales[-1] else last_warps
            for _ in range(warps):
                scale.improve(self.light)
        return scales[-1].motion
