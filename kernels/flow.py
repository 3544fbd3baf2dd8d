"""Dense optical flow between aligned face crops, sub-pixel."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from kernels.flow_numba import NumbaFlow
from kernels.flow_presets import CELL, PRESETS, Preset
from kernels.flow_scheme import FlowScheme

SMALLEST = 32
"""Least height and width of an image, px."""

Image = NDArray[np.uint8] | NDArray[np.float32]
Backend = Literal["numba", "numpy"]


class FlowEstimator:
    """Dense flow between two grey images of one size; owns its buffers, so keep it and call it often.

    The method stands in `kernels.flow_scheme`. It withstands changes of gain and offset between the images. Not safe
    to call from two threads at once.

    Args:
        height: px, at least 32.
        width: px, at least 32.
        preset: "tracking" for every frame, "precise" once per event.
        backend: "numba", or "numpy" for the slow reference.

    Raises:
        ValueError: a size, preset or backend that is not offered.
    """

    def __init__(self, height: int, width: int, preset: Preset = "tracking", backend: Backend = "numba") -> None:
        if height < SMALLEST or width < SMALLEST:
            raise ValueError(f"images must be at least {SMALLEST}x{SMALLEST} pixels, not {height}x{width}")
        if preset not in PRESETS:
            raise ValueError(f"preset must be one of {', '.join(PRESETS)}, not {preset!r}")
        self.height, self.width, self.preset, self.backend = height, width, preset, backend
        step = FlowScheme.SIZE_STEP
        self._kernels = kernels_of(backend)
        self._scheme = FlowScheme(self._kernels, -(-height // step) * step, -(-width // step) * step, PRESETS[preset])
        self._has_reference = False

    def warm(self) -> None:
        """Compile the kernels, or load them from disk."""
        size = (self.height, self.width)
        self.estimate(np.zeros(size, np.uint8), np.zeros(size, np.uint8))
        self._has_reference = False

    def set_reference(self, before: Image) -> None:
        """Keep `before` for any number of calls of `to`, and do its share of the work once.

        Raises:
            ValueError: another shape or dtype, or values that are not finite.
        """
        self._put(before)
        self._scheme.set_reference()
        self._has_reference = True

    def to(
        self, after: Image, *, initial: NDArray[np.float32] | None = None, out: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """Flow from the reference to `after`.

        Args:
            after: grey, uint8 or float32 (height, width); float32 in grey levels of 0 to 255.
            initial: float32 (height, width, 2), a first guess, px; zero by default.
            out: float32 (height, width, 2), C-contiguous, for the result; a new array by default.

        Returns:
            float32 (height, width, 2), px, x then y: after(x + u, y + v) ~ before(x, y).

        Raises:
            ValueError: another shape or dtype, values that are not finite, or no reference.
        """
        if not self._has_reference:
            raise ValueError("there is no reference yet: call set_reference first")
        start = None if initial is None else self._coarsest(initial)
        self._put(after)
        motion = self._scheme.solve(start)
        shape = (self.height, self.width, 2)
        if out is None:
            out = np.empty(shape, np.float32)
        elif out.shape != shape or out.dtype != np.float32 or not out.flags.c_contiguous:
            raise ValueError(f"out must be a contiguous float32 array of shape {shape}")
        self._kernels.enlarge(motion, out)
        return out

    def estimate(
        self,
        before: Image,
        after: Image,
        *,
        initial: NDArray[np.float32] | None = None,
        out: NDArray[np.float32] | None = None,
    ) -> NDArray[np.float32]:
        """Flow from `before` to `after`, as `to`; `before` becomes the reference."""
        self.set_reference(before)
        return self.to(after, initial=initial, out=out)

    __call__ = estimate

    def _put(self, image: Image) -> None:
        if not isinstance(image, np.ndarray) or image.dtype not in (np.uint8, np.float32):
            kind = getattr(image, "dtype", type(image).__name__)
            raise ValueError(f"images must be NumPy arrays of uint8 or float32, not {kind}")
        if image.shape != (self.height, self.width):
            raise ValueError(f"images must be grey and {self.height}x{self.width}, not of shape {image.shape}")
        if image.dtype == np.float32 and not np.isfinite(image).all():
            raise ValueError("the image holds values that are not finite")
        self._kernels.put(image, self._scheme.input)

    def _coarsest(self, initial: NDArray[np.float32]) -> NDArray[np.float32]:
        """A first guess as means over the coarsest grid's cells, in px of the coarsest scale."""
        if initial.shape != (self.height, self.width, 2) or not np.isfinite(initial).all():
            raise ValueError(f"initial must be a finite flow of shape {(self.height, self.width, 2)}")
        scale = 1 << (len(self._scheme.scales) - 1)
        block = CELL * scale
        height, width = self._scheme.input.shape
        beyond = ((0, height - self.height), (0, width - self.width), (0, 0))
        whole = np.pad(np.asarray(initial, np.float32), beyond, mode="edge")
        means = whole.reshape(height // block, block, width // block, block, 2).mean(axis=(1, 3)) / scale
        grid = self._kernels.grid(2, height // block, width // block)
        margin = (grid.shape[1] - means.shape[0]) // 2
        inside = grid[:, margin : margin + means.shape[0], margin : margin + means.shape[1]]
        inside[:] = np.moveaxis(means, 2, 0)
        return grid


def kernels_of(backend: Backend) -> Any:
    """The named backend's kernels.

    Raises:
        ValueError: an unknown backend.
    """
    if backend == "numba":
        return NumbaFlow()
    if backend == "numpy":
        from kernels.flow_numpy import NumpyFlow

        return NumpyFlow()
    raise ValueError(f'backend must be "numba" or "numpy", not {backend!r}')
