"""Dense optical flow between aligned face crops, sub-pixel."""

from __future__ import annotations

from typing import Any

import numpy as np

from kernels.backend import Backend
from kernels.compiled import compiling
from kernels.flow_numba import NumbaFlow
from kernels.flow_presets import CELL, PRESETS, Preset
from kernels.flow_scheme import FlowScheme

SMALLEST = 32
"""Least height and width of an image, px."""

BRIGHTEST = 1e4
"""Grey levels beyond which, either way, an image is refused: magnified ones may leave 0 to 255 a little."""

Image = Any
"""NumPy or CuPy, grey, uint8 or float32 in grey levels of 0 to 255: (height, width), or with pairs in front."""


class FlowEstimator:
    """Dense flow between two grey images of one size; owns its buffers, so keep it and call it often.

    The method stands in `kernels.flow_scheme`. It withstands changes of gain and offset between the images. Not safe
    to call from two threads at once; two estimators in two threads run side by side.

    A limit: nothing tells the flow which pixels to leave out. Black bars and other borders that stand still while the
    face moves hold the skin within 16 px of them back, by a third and more; where most of a small image is without
    texture, what little there is may be matched wrongly. Cut the bars off, or fill them as the crop does, by repeating
    the picture's last pixels.

    Args:
        height: px, at least 32.
        width: px, at least 32.
        preset: "tracking" for every frame, "precise" once per event.
        backend: "numba"; "numpy" for the slow reference; "cupy" for the GPU.
        pairs: how many pairs each call takes, as arrays with a leading axis; None for one pair without that axis. More
            than one pair only on the GPU.

    Raises:
        ValueError: a size, preset, backend or number of pairs that is not offered.
        CudaMissing: backend "cupy" without CuPy or without a GPU.
    """

    def __init__(
        self,
        height: int,
        width: int,
        preset: Preset = "tracking",
        backend: Backend = "numba",
        *,
        pairs: int | None = None,
    ) -> None:
        if height < SMALLEST or width < SMALLEST:
            raise ValueError(f"images must be at least {SMALLEST}x{SMALLEST} pixels, not {height}x{width}")
        if preset not in PRESETS:
            raise ValueError(f"preset must be one of {', '.join(PRESETS)}, not {preset!r}")
        if pairs is not None and (pairs < 1 or backend != "cupy"):
            raise ValueError(
                f'pairs must be 1 or more, and goes with backend="cupy" only; not {pairs} with {backend!r}'
            )
        self.height, self.width, self.preset, self.backend, self.pairs = height, width, preset, backend, pairs
        self._shape = (height, width) if pairs is None else (pairs, height, width)
        step = FlowScheme.SIZE_STEP
        self.kernels = kernels_of(backend, pairs or 1)
        self.scheme = FlowScheme(self.kernels, -(-height // step) * step, -(-width // step) * step, PRESETS[preset])
        self._has_reference = False

    def warm(self) -> None:
        """Compile the kernels, or load them from disk."""
        black = np.zeros(self._shape, np.uint8)
        with compiling():
            self.estimate(black, black)
        self._has_reference = False

    def set_reference(self, before: Image) -> None:
        """Keep `before` for any number of calls of `to`, and do its share of the work once.

        Raises:
            ValueError: another shape or dtype, or values that are not finite or no grey levels.
        """
        self._put(before)
        self.scheme.set_reference()
        self._has_reference = True

    def to(self, after: Image, *, initial: Any = None, out: Any = None) -> Any:
        """Flow from the reference to `after`; NumPy for NumPy, CuPy for CuPy.

        Args:
            after: grey, uint8 or float32 (height, width); float32 in grey levels of 0 to 255.
            initial: float32 (height, width, 2), a first guess, px; zero by default.
            out: float32 (height, width, 2), C-contiguous, for the result; a new array by default.

        Returns:
            float32 (height, width, 2), px, x then y: after(x + u, y + v) ~ before(x, y).

        Raises:
            ValueError: another shape or dtype, values that are not finite or no grey levels, or no reference.
        """
        flow = self.pixels(self.cells_to(after, initial=initial), out)
        return flow.get() if isinstance(after, np.ndarray) and hasattr(flow, "get") else flow

    def cells_to(self, after: Image, last_warps: int | None = None, *, initial: Any = None) -> Any:
        """As `to`, but on the backend's grid of cells, whose memory the next call uses again.

        Args:
            last_warps: at full size, instead of the preset's.
        """
        if not self._has_reference:
            raise ValueError("there is no reference yet: call set_reference first")
        start = None if initial is None else self._coarsest(initial)
        self._put(after)
        return self.scheme.solve(start, last_warps)

    def pixels(self, motion: Any, out: Any = None) -> Any:
        """A grid of cells as flow of pixels, in `out` or a new array."""
        shape = (*self._shape, 2)
        if out is None:
            out = self.kernels.empty(shape)
        elif out.shape != shape or out.dtype != np.float32 or not out.flags.c_contiguous:
            raise ValueError(f"out must be a contiguous float32 array of shape {shape}, in the backend's memory")
        self.kernels.enlarge(motion, out)
        return out

    def estimate(
        self,
        before: Image,
        after: Image,
        *,
        initial: Any = None,
        out: Any = None,
    ) -> Any:
        """Flow from `before` to `after`, as `to`; `before` becomes the reference."""
        self.set_reference(before)
        return self.to(after, initial=initial, out=out)

    __call__ = estimate

    def _put(self, image: Any) -> None:
        kind = getattr(image, "dtype", None)
        if kind is None or kind not in (np.uint8, np.float32):
            raise ValueError(f"images must be arrays of uint8 or float32, not {kind or type(image).__name__}")
        if image.shape != self._shape:
            raise ValueError(f"images must be grey and of shape {self._shape}, not {image.shape}")
        # The compiled loops trust their arithmetic not to overflow: NaN for a place would be read outside the image.
        looked_at = kind == np.float32 and isinstance(image, np.ndarray)  # on a GPU the look would wait for the device
        if looked_at and not (image.min() >= -BRIGHTEST and image.max() <= BRIGHTEST):
            raise ValueError("the image holds values that are not finite, or no grey levels of 0 to 255")
        self.kernels.put(image, self.scheme.input)

    def _coarsest(self, initial: Any) -> Any:
        """A first guess as means over the coarsest grid's cells, in px of the coarsest scale."""
        given = np.asarray(initial.get() if hasattr(initial, "get") else initial, np.float32)
        if given.shape != (*self._shape, 2) or not np.abs(given).max() <= self.height + self.width:
            raise ValueError(f"initial must be a flow of shape {(*self._shape, 2)}, no longer than the image")
        scale = 1 << (len(self.scheme.scales) - 1)
        block = CELL * scale
        height, width = self.scheme.input.shape[-2:]
        beyond = ((0, 0), (0, height - self.height), (0, width - self.width), (0, 0))
        whole = np.pad(given.reshape(-1, self.height, self.width, 2), beyond, mode="edge")
        cells = whole.reshape(-1, height // block, block, width // block, block, 2).mean(axis=(2, 4)) / scale
        grid = self.kernels.grid(2, height // block, width // block)
        self.kernels.fill(grid, np.moveaxis(cells, 3, 1))
        return grid


def kernels_of(backend: Backend, pairs: int) -> Any:
    """The named backend's kernels.

    Raises:
        ValueError: an unknown backend.
        CudaMissing: "cupy" without CuPy or without a GPU.
    """
    if backend == "numba":
        return NumbaFlow()
    if backend == "numpy":
        from kernels.flow_numpy import NumpyFlow

        return NumpyFlow()
    if backend == "cupy":
        from kernels import cuda_launch
        from kernels.flow_cuda import CudaFlow

        return CudaFlow(cuda_launch.launcher(), pairs)
    raise ValueError(f'backend must be "numba", "numpy" or "cupy", not {backend!r}')
