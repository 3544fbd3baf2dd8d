"""Laplacian pyramids (Burt and Adelson, 1983) of a stack of frames, which join to exactly what was split."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels.backend import Backend, contiguous
from kernels.compiled import compiled_fast

SMALLEST = 4
"""px: no level is made smaller than this."""

SIDE, NEXT, MIDDLE = np.float32(1 / 16), np.float32(4 / 16), np.float32(6 / 16)
EIGHTH, HALF, THREE_QUARTERS = np.float32(1 / 8), np.float32(1 / 2), np.float32(3 / 4)


def split(frames: Any, backend: Backend) -> list[Any]:
    """Levels of float32 (T, H, W) frames, finest first; the last holds the blurred rest."""
    levels: list[Any] = []
    height, width = frames.shape[1:]
    while min(height, width) >= 2 * SMALLEST:
        height, width = (height + 1) // 2, (width + 1) // 2
        smaller = _resized(frames, (height, width), backend)
        levels.append(frames - _resized(smaller, frames.shape[1:], backend))
        frames = smaller
    return [*levels, frames]


def join(levels: list[Any], backend: Backend) -> Any:
    """The frames that `split` took apart."""
    frames = levels[-1]
    for level in reversed(levels[:-1]):
        frames = level + _resized(frames, level.shape[1:], backend)
    return frames


def _resized(frames: Any, size: tuple[int, ...], backend: Backend) -> Any:
    """Half the size after a 5-tap binomial blur, or twice the size between binomial weights."""
    name = "shrink" if size[0] < frames.shape[1] or size[1] < frames.shape[2] else "grow"
    if backend == "cupy":
        from kernels import cuda_launch

        launch = cuda_launch.launcher()
        source = launch.arrays.ascontiguousarray(frames, dtype="float32")
        out = launch.arrays.empty((frames.shape[0], *size), "float32")
        launch("magnify", name, out.size, source, out, *source.shape, *size)
        return out
    if backend == "numpy":
        for axis in (1, 2):
            frames = _along(frames, axis, size[axis - 1], name)
        return frames
    out = np.empty((frames.shape[0], *size), np.float32)
    (_shrink if name == "shrink" else _grow)(contiguous(frames), out)
    return out


def _along(frames: NDArray[np.float32], axis: int, size: int, name: str) -> NDArray[np.float32]:
    last = frames.shape[axis] - 1

    def at(places: NDArray[np.int64]) -> NDArray[np.float32]:
        return np.take(frames, np.clip(places, 0, last), axis)

    i = np.arange(size)
    if name == "shrink":
        middle = 2 * i
        outer, inner = at(middle - 2) + at(middle + 2), at(middle - 1) + at(middle + 1)
        return np.asarray((outer + 4 * inner + 6 * at(middle)) / 16, np.float32)
    even = (at(i // 2 - 1) + at(i // 2 + 1)) / 8 + at(i // 2) * 3 / 4
    odd = (at(i // 2) + at(i // 2 + 1)) / 2
    shape = [1, 1, 1]
    shape[axis] = size
    return np.where((i % 2 == 0).reshape(shape), even, odd).astype(np.float32)


@compiled_fast
def _shrink(frames: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    count, height, width = frames.shape
    row = np.empty(width, np.float32)
    for t in range(count):
        for y in range(out.shape[1]):
            a, b, c = max(2 * y - 2, 0), max(2 * y - 1, 0), min(2 * y, height - 1)
            d, e = min(2 * y + 1, height - 1), min(2 * y + 2, height - 1)
            for x in range(width):
                row[x] = (
                    SIDE * (frames[t, a, x] + frames[t, e, x])
                    + NEXT * (frames[t, b, x] + frames[t, d, x])
                    + MIDDLE * frames[t, c, x]
                )
            for x in range(out.shape[2]):
                a, b, c = max(2 * x - 2, 0), max(2 * x - 1, 0), min(2 * x, width - 1)
                d, e = min(2 * x + 1, width - 1), min(2 * x + 2, width - 1)
                out[t, y, x] = SIDE * (row[a] + row[e]) + NEXT * (row[b] + row[d]) + MIDDLE * row[c]


@compiled_fast
def _grow(frames: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    count, height, width = frames.shape
    row = np.empty(width, np.float32)
    for t in range(count):
        for y in range(out.shape[1]):
            above, here, below = max(y // 2 - 1, 0), min(y // 2, height - 1), min(y // 2 + 1, height - 1)
            for x in range(width):
                if y % 2 == 0:
                    row[x] = EIGHTH * (frames[t, above, x] + frames[t, below, x]) + THREE_QUARTERS * frames[t, here, x]
                else:
                    row[x] = HALF * (frames[t, here, x] + frames[t, below, x])
            for x in range(out.shape[2]):
                left, middle, right = max(x // 2 - 1, 0), min(x // 2, width - 1), min(x // 2 + 1, width - 1)
                if x % 2 == 0:
                    out[t, y, x] = EIGHTH * (row[left] + row[right]) + THREE_QUARTERS * row[middle]
                else:
                    out[t, y, x] = HALF * (row[middle] + row[right])
