"""Dense optical flow between aligned face crops, sub-pixel."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kernels import flow_numba as inner

Preset = Literal["tracking", "precise"]


class _Settings(NamedTuple):
    steps: tuple[int, int]  # at half and at full size
    window: float  # standard deviation of the Gaussian window, px at full size
    ridge: float  # pull towards zero motion, grey levels^2 per px^2 of the window


_PRESETS = {
    "tracking": _Settings(steps=(3, 2), window=9.0, ridge=1.0),
    "precise": _Settings(steps=(4, 4), window=9.0, ridge=1.0),
}
_CELL = 4


class _Level:
    """Buffers of one scale."""

    def __init__(self, height: int, width: int, window: float) -> None:
        self.before, self.after, self.along_x, self.along_y, self.middle = (
            np.zeros((height, width), np.float32) for _ in range(5)
        )
        rows, columns = height // _CELL, width // _CELL
        self.tensors = np.zeros((3, rows, columns), np.float32)
        self.right = np.zeros((2, rows, columns), np.float32)
        self.row = np.zeros((rows, columns), np.float32)
        self.grid = np.zeros((2, rows, columns), np.float32)
        self.flow = np.zeros((2, height, width), np.float32)
        sigma = window / _CELL
        taps = np.exp(-0.5 * (np.arange(int(np.ceil(2.5 * sigma)) + 1) / sigma) ** 2)
        self.taps = (taps / (taps[0] + 2 * taps[1:].sum()) / _CELL).astype(np.float32)


class FlowEstimator:
    """Dense flow between two grey images of one size; owns its buffers.

    Args:
        height: px.
        width: px.
        preset: "tracking" for every frame, "precise" once per event.
        backend: "numba".
    """

    def __init__(self, height: int, width: int, preset: Preset = "tracking", backend: str = "numba") -> None:
        if height < 32 or width < 32 or height % 8 or width % 8:
            raise ValueError(f"height and width must be multiples of 8 and at least 32, not {height}x{width}")
        if preset not in _PRESETS:
            raise ValueError(f'preset must be "tracking" or "precise", not {preset!r}')
        if backend != "numba":
            raise ValueError(f'backend must be "numba", not {backend!r}')
        self.height, self.width, self.preset, self.backend = height, width, preset, backend
        self._settings = _PRESETS[preset]
        self._fine = _Level(height, width, self._settings.window)
        self._coarse = _Level(height // 2, width // 2, self._settings.window / 2)
        self._has_reference = False

    def warm(self) -> None:
        """Compile or load the kernels, for bytes as for floats."""
        size = (self.height, self.width)
        self(np.zeros(size, np.float32), np.zeros(size, np.float32))
        self._has_reference = False

    def set_reference(self, before: NDArray[np.uint8] | NDArray[np.float32]) -> None:
        """Keep `before` for any number of calls of `to`, and do its share of the work once."""
        self._load(before, self._fine.before, self._coarse.before)
        for level in (self._fine, self._coarse):
            inner.gradients(level.before, level.along_x, level.along_y)
            inner.tensor(level.along_x, level.along_y, _CELL, level.tensors)
            inner.blur(level.tensors, level.taps, level.row)
        self._has_reference = True

    def to(
        self,
        after: NDArray[np.uint8] | NDArray[np.float32],
        *,
        initial: NDArray[np.float32] | None = None,
        out: NDArray[np.float32] | None = None,
    ) -> NDArray[np.float32]:
        """Flow from the reference to `after`.

        Args:
            after: grey, uint8 or float32 (height, width).
            initial: float32 (height, width, 2), a first guess; zero by default.
            out: float32 (height, width, 2) for the result; a new array by default.

        Returns:
            float32 (height, width, 2), px, x then y: after(x + u, y + v) ~ before(x, y).
        """
        if not self._has_reference:
            raise ValueError("call set_reference first")
        fine, coarse = self._fine, self._coarse
        self._load(after, fine.after, coarse.after)
        gain, offset = inner.light(coarse.before, coarse.after)
        if initial is None:
            coarse.grid[:] = 0
        else:
            shape = (*coarse.grid.shape[1:], 2 * _CELL, 2 * _CELL)
            cells = np.asarray(initial, np.float32).reshape(shape[0], 2 * _CELL, shape[1], 2 * _CELL, 2)
            coarse.grid[:] = np.moveaxis(cells.mean(axis=(1, 3)), 2, 0) / 2
        for _ in range(self._settings.steps[0]):
            self._improve(coarse, gain, offset)
        inner.enlarge(coarse.grid, 2, 2.0, fine.grid)
        for _ in range(self._settings.steps[1]):
            self._improve(fine, gain, offset)
        inner.enlarge(fine.grid, _CELL, 1.0, fine.flow)
        result = np.empty((self.height, self.width, 2), np.float32) if out is None else out
        result[..., 0] = fine.flow[0]
        result[..., 1] = fine.flow[1]
        return result

    def estimate(
        self,
        before: NDArray[np.uint8] | NDArray[np.float32],
        after: NDArray[np.uint8] | NDArray[np.float32],
        *,
        initial: NDArray[np.float32] | None = None,
        out: NDArray[np.float32] | None = None,
    ) -> NDArray[np.float32]:
        """Flow from `before` to `after`, as `to`; `before` becomes the reference."""
        self.set_reference(before)
        return self.to(after, initial=initial, out=out)

    __call__ = estimate

    def _improve(self, level: _Level, gain: float, offset: float) -> None:
        inner.enlarge(level.grid, _CELL, 1.0, level.flow)
        inner.gather(
            level.before, level.after, level.along_x, level.along_y, level.flow, gain, offset, _CELL, level.right
        )
        inner.blur(level.right, level.taps, level.row)
        inner.step(level.tensors, level.right, self._settings.ridge, gain, level.grid)

    def _load(
        self, image: NDArray[np.uint8] | NDArray[np.float32], fine: NDArray[np.float32], coarse: NDArray[np.float32]
    ) -> None:
        if image.shape != (self.height, self.width):
            raise ValueError(f"images must be grey and {self.height}x{self.width}, not of shape {image.shape}")
        if image.dtype not in (np.uint8, np.float32):
            raise ValueError(f"images must be uint8 or float32, not {image.dtype}")
        level = self._fine
        level.flow[0] = image
        inner.smooth(level.flow[0], level.middle, fine)
        if not np.isfinite(fine[0, 0] + fine.sum()):
            raise ValueError("the image holds values that are not finite")
        inner.halve(fine, coarse)
