"""The head's own motion, fitted to the flow over still skin and taken out of it."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kernels import rigid_numba as inner
from kernels import rigid_solve
from kernels.backend import Backend, backend_of, contiguous
from kernels.compiled import compiling
from kernels.rigid_solve import Fitted, Pose

FEWEST_PIXELS = 60
"""Sampled pixels of still skin below which no motion is fitted."""


class RigidFit(NamedTuple):
    """What the head did, and what is left."""

    motion: NDArray[np.float64]
    """(6,), about the middle of the image at depth 0. Rigid: shift x, shift y (px), growth, and the turn's vector, rad:
    roll about z (clockwise in the image), yaw about y, pitch about x. Affine: shifts, du/dx, du/dy, dv/dx, dv/dy."""
    residual: NDArray[np.float32]
    """(H, W, 2), px: the flow without that motion."""
    noise: float
    """Robust standard deviation of the residual on still skin, per component, px."""
    model: Literal["rigid", "affine"]
    """Which model was fitted: "affine" where the still skin's depth says too little to tell turns from shears."""
    pixels: int
    """How many pixels of still skin were sampled."""


class TooLittleSkin(ValueError):
    """Hardly any still skin is visible."""


class RigidMotion:
    """Removes rigid head motion from flows of one size.

    Under weak perspective a head that turns by R, grows by g and shifts by t moves the point p = (x, y, z) of its
    surface, seen at (x, y), to the first two coordinates of g R p + t. The six unknowns (depth's own shift cannot be
    seen) are fitted to a regular sample of the still skin by Gauss-Newton steps with Tukey's biweight, its scale from
    the median absolute residual.

    Args:
        height: of the flow, px.
        width: of the flow, px.
        model: "rigid" falls back to "affine" where depth does not vary, and the fit says so; "affine" always.
        stride: distance between sampled pixels, px.
        backend: "numba", "numpy" (the slow reference) or "cupy" (arrays on the GPU).
    """

    def __init__(
        self,
        height: int,
        width: int,
        *,
        model: Literal["rigid", "affine"] = "rigid",
        stride: int = 3,
        backend: Backend = "numba",
    ) -> None:
        if height < 8 or width < 8 or stride < 1:
            raise ValueError(f"need at least 8x8 pixels and a stride of 1 or more, not {height}x{width} and {stride}")
        if model not in ("rigid", "affine"):
            raise ValueError(f'model must be "rigid" or "affine", not {model!r}')
        self.height, self.width, self.model, self.stride, self.backend = height, width, model, stride, backend
        self._flat = np.zeros((height, width), np.float32)
        self._fitter = inner.CompiledFit((height // stride + 1) * (width // stride + 1))

    def warm(self) -> None:
        """Compile or load the kernels."""
        size = (self.height, self.width)
        with compiling():
            self.remove(np.zeros((*size, 2), np.float32), None, np.ones(size, np.bool_))

    def remove(
        self,
        flow: Any,
        depth: Any | None,
        stable: Any,
        out: NDArray[np.float32] | None = None,
    ) -> RigidFit:
        """Fit the head's motion and subtract it.

        Args:
            flow: float32 (H, W, 2), px.
            depth: float32 (H, W), px; None fits an affine motion.
            stable: bool (H, W), where the skin follows the skull.
            out: float32 (H, W, 2) for the residual; a new array by default, and always on the GPU.

        Raises:
            ValueError: shapes that do not fit, or values that are not finite on still skin.
            TooLittleSkin: fewer than `FEWEST_PIXELS` samples.
        """
        shape = (self.height, self.width)
        if flow.shape != (*shape, 2) or stable.shape != shape or (depth is not None and depth.shape != shape):
            got = f"flow {flow.shape}, stable {stable.shape}, depth {None if depth is None else depth.shape}"
            raise ValueError(f"flow, depth and stable must cover {shape} pixels: {got}")
        if out is not None and (out.shape != flow.shape or out.dtype != np.float32 or not out.flags.c_contiguous):
            raise ValueError(f"out must be a contiguous float32 array of shape {flow.shape}")
        rigid = depth is not None and self.model == "rigid"
        fitted, residual = self._fit(flow, depth, stable, rigid, out)
        if fitted.size < FEWEST_PIXELS:
            raise TooLittleSkin(f"only {fitted.size} samples of still skin are visible; is the face inside the crop?")
        motion = fitted.pose.motion()
        if not np.isfinite(motion).all():
            raise ValueError("flow or depth is not finite on still skin")
        return RigidFit(motion, residual, float(fitted.noise), fitted.pose.model, fitted.size)

    def _fit(self, flow: Any, depth: Any, stable: Any, rigid: bool, out: Any) -> tuple[Fitted, Any]:
        if self.backend == "cupy":
            from kernels.rigid_cuda import fit_cuda

            depth = (stable * 0).astype("float32") if depth is None else depth
            fitted = fit_cuda(flow, depth, stable, self.stride, rigid)
        else:
            flow = contiguous(flow)
            stable = np.require(stable, np.bool_, ["C", "W"])
            depth = self._flat if depth is None else contiguous(depth)
            if self.backend == "numpy":
                fitted = rigid_solve.fit(rigid_solve.sample(flow, depth, stable, self.stride, np), rigid)
            else:
                fitted = self._fitter.fit(inner.sample(flow, depth, stable, self.stride, self._fitter.samples), rigid)
        return fitted, subtracted(flow, depth, fitted.pose, self.backend, out)


def subtracted(flow: Any, depth: Any, pose: Pose, backend: Backend, out: Any = None, sign: float = 1.0) -> Any:
    """A flow less `sign` times the head's motion, into `out` or a new array; float32 (H, W, 2)."""
    field = sign * pose.field()
    if backend == "cupy":
        from kernels.rigid_cuda import subtract_cuda

        return subtract_cuda(flow, depth, field)
    residual = np.empty_like(flow) if out is None else out
    if backend == "numpy":
        np.subtract(flow, rigid_solve.modelled(field, depth), out=residual)
    else:
        inner.subtract(flow, depth, field.astype(np.float32), residual)
    return residual


def remove_rigid_motion(
    flow: Any,
    depth: Any | None,
    stable: Any,
    *,
    model: Literal["rigid", "affine"] = "rigid",
    backend: Backend | None = None,
) -> RigidFit:
    """`RigidMotion.remove` for a single flow, with every second pixel sampled; see `kernels.backend.backend_of`."""
    height, width = flow.shape[:2]
    chosen = backend_of(flow, backend)
    return RigidMotion(height, width, model=model, stride=2, backend=chosen).remove(flow, depth, stable)
