"""The expression's own flow: the head's motion is fitted to the images, and the flow measured again around it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kernels import rigid_solve
from kernels.backend import Backend
from kernels.compiled import compiling
from kernels.flow import FlowEstimator, Image
from kernels.flow_presets import CELL, PRESETS, Preset
from kernels.rigid import RigidFit, TooLittleSkin, subtracted
from kernels.rigid_numba import CompiledFit
from kernels.rigid_solve import Fitted, Pose

LEAST_SHARE = 0.3
"""Of a cell that must be still skin for the cell to count."""
FEWEST_CELLS = 15
"""Cells of still skin below which no motion is fitted."""


class ExpressionMotion(NamedTuple):
    """The face's whole motion, and what of it is the head's."""

    flow: NDArray[np.float32]
    """(H, W, 2), px: head and expression."""
    rigid: RigidFit
    """The head's motion; its residual is the expression's flow. Its pixels are those of the cells of still skin."""


class ExpressionFlow:
    """Flow of the face without the head's own motion; owns its buffers, so keep it and call it often.

    A flow that was regularised as a whole, less a rigid motion fitted to it, loses part of an expression: bending and
    ridge flatten the head's motion with the expression's, and the fit takes over the flow's errors. Here the flow only
    starts the fit. Then the head's six unknowns take Gauss-Newton steps on the images, over still skin, where no prior
    biases them, with the robust weights of the first fit. Then the flow's last warps are made with a prior that holds
    the face to the head instead of to rest. In the very last ones it holds the flow to what it already is, which gives
    back most of what bending took from small expressions (iterated regularisation; Riley, 1955).

    Not safe to call from two threads at once.

    Args:
        height: px, at least 32.
        width: px, at least 32.
        preset: "tracking" for every frame, "precise" once per event.
        backend: "numba"; "numpy" for the slow reference; "cupy" for the GPU.

    Raises:
        ValueError: a size, preset or backend that is not offered.
        CudaMissing: backend "cupy" without CuPy or without a GPU.
    """

    def __init__(self, height: int, width: int, preset: Preset = "tracking", backend: Backend = "numba") -> None:
        self.height, self.width, self.preset, self.backend = height, width, preset, backend
        self._flow = FlowEstimator(height, width, preset, backend)
        self._settings = PRESETS[preset].expression
        self._kernels, self._scheme = self._flow.kernels, self._flow.scheme
        rows, columns = (size // CELL for size in self._scheme.input.shape[-2:])
        self._head = self._kernels.grid(2, rows, columns)
        self._fitter = CompiledFit(rows * columns)
        self._lattice: Any = None

    def warm(self) -> None:
        """Compile the kernels, or load them from disk."""
        size = (self.height, self.width)
        black = np.zeros(size, np.uint8)
        with compiling():
            self.estimate(black, black, np.zeros(size, np.float32), np.ones(size, np.bool_))
        self._lattice = None
        self._flow.warm()  # the last: it forgets its reference

    def set_reference(self, before: Image) -> None:
        """Keep `before` for any number of calls of `to`, and do its share of the work once.

        Raises:
            ValueError: another shape or dtype, or values that are not finite.
        """
        self._flow.set_reference(before)

    def set_face(self, depth: Any, stable: Any) -> None:
        """Keep where the face lies, for any number of calls of `to`.

        Args:
            depth: float32 (height, width), px, as `kernels.face_regions.depth_map` draws it.
            stable: bool (height, width), where the skin follows the skull.

        Raises:
            ValueError: other shapes, or depths that are not finite.
        """
        shape = (self.height, self.width)
        if depth.shape != shape or stable.shape != shape:
            raise ValueError(f"depth and stable must cover {shape} pixels, not {depth.shape} and {stable.shape}")
        arrays = self._arrays()
        depth = arrays.asarray(depth, dtype="float32")
        cells = [self._cell_means(plane, arrays) for plane in (depth, arrays.asarray(stable, dtype="float32"))]
        if not bool(arrays.isfinite(cells[0]).all()):
            raise ValueError("the depth holds values that are not finite")
        rows, columns = cells[0].shape
        y, x = (arrays.asarray(axis, dtype="float32") for axis in np.mgrid[:rows, :columns])
        middle = (CELL - 1) / 2
        x, y = CELL * x + middle - (self.width - 1) / 2, CELL * y + middle - (self.height - 1) / 2
        self._depth = depth
        self._lattice = arrays.stack([arrays.ones_like(x), x, y, cells[0]]).astype("float32")
        self._still = arrays.nonzero(cells[1] >= LEAST_SHARE)
        self._points = self._lattice[1:, self._still[0], self._still[1]].astype("float64")

    def to(self, after: Image, *, out: Any = None) -> ExpressionMotion:
        """Motion from the reference to `after`.

        Args:
            after: grey, uint8 or float32 (height, width); float32 in grey levels of 0 to 255.
            out: float32 (height, width, 2), C-contiguous, for the residual; a new array by default.

        Raises:
            ValueError: another shape or dtype, values that are not finite, no reference, or no face.
            kernels.rigid.TooLittleSkin: hardly any still skin in the image.
        """
        if self._lattice is None:
            raise ValueError("it is not known where the face lies: call set_face first")
        count = int(self._still[0].size)
        if count < FEWEST_CELLS:
            raise TooLittleSkin(f"only {count} cells of still skin are visible; is the face inside the crop?")
        motion = self._flow.cells_to(after, self._settings.warps)
        first = motion.copy()
        fitted = self._fit(motion)
        pose = fitted.pose
        for _ in range(self._settings.alignments):
            self._align(pose, fitted.weights)
        self._carry(pose)
        motion[:] = first
        for warp in range(self._settings.around_head + self._settings.around_itself):
            around = self._head if warp < self._settings.around_head else motion
            self._scheme.scales[-1].improve(self._scheme.light, around)
        np.subtract(motion, self._head, out=motion)
        noise = rigid_solve.robust_deviation(self._on_still(motion), self._arrays())
        residual = self._flow.pixels(motion, out)
        flow = subtracted(residual, self._depth, pose, self.backend, sign=-1.0)
        if isinstance(after, np.ndarray) and hasattr(flow, "get"):
            flow, residual = flow.get(), residual.get()
        return ExpressionMotion(flow, RigidFit(pose.motion(), residual, noise, pose.model, count * CELL**2))

    def estimate(self, before: Image, after: Image, depth: Any, stable: Any, *, out: Any = None) -> ExpressionMotion:
        """`set_reference`, `set_face` and `to` in one."""
        self.set_reference(before)
        self.set_face(depth, stable)
        return self.to(after, out=out)

    __call__ = estimate

    def _arrays(self) -> Any:
        if self.backend == "cupy":
            from kernels import cuda_launch

            return cuda_launch.launcher().arrays
        return np

    def _cell_means(self, plane: Any, arrays: Any) -> Any:
        height, width = self._scheme.input.shape[-2:]
        whole = arrays.pad(plane, ((0, height - self.height), (0, width - self.width)), mode="edge")
        return whole.reshape(height // CELL, CELL, width // CELL, CELL).mean(axis=(1, 3))

    def _on_still(self, grid: Any) -> Any:
        """A grid's cells of still skin, (planes, n)."""
        return self._kernels.cells(grid)[:, self._still[0], self._still[1]]

    def _fit(self, motion: Any) -> Fitted:
        """The head's motion in the first flow, and how far each cell may be trusted."""
        arrays = self._arrays()
        moved = self._on_still(motion)
        if self.backend == "numba":
            count = moved.shape[1]
            self._fitter.samples[:3, :count], self._fitter.samples[3:, :count] = self._points, moved
            return self._fitter.fit(count, True)
        samples = arrays.concatenate([self._points, moved.astype("float64")])
        return rigid_solve.fit(samples, True, arrays, self._sums())

    def _sums(self) -> rigid_solve.Sums:
        if self.backend == "cupy":
            from kernels.rigid_cuda import sums_cuda

            return sums_cuda
        return rigid_solve.numpy_sums

    def _carry(self, pose: Pose) -> None:
        """The head's motion into its grid."""
        field = self._arrays().asarray(pose.field().astype(np.float32))
        cells = field @ self._lattice.reshape(4, -1)
        self._kernels.fill(self._head, cells.reshape(1, 2, *self._lattice.shape[1:]))

    def _align(self, pose: Pose, weights: Any) -> None:
        finest = self._scheme.scales[-1]
        self._carry(pose)
        finest.motion[:] = self._head
        finest.compare(self._scheme.light)
        tensor, mismatch = (
            self._on_still(grid).astype("float64") for grid in (finest.grids[0].tensor, finest.mismatch)
        )
        rigid_solve.align(pose, self._points, weights, tensor, mismatch, self._arrays())
