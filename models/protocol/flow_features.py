"""What models read from a 28 x 28 flow of eight bits: signed motion, square-rooted strain, and its mirror image."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_MIDDLE, _HALF_RANGE = 128.0, 127.0


def motion_and_tension(flow: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Flow uint8 (N, H, W, 3) -> float32 (N, H, W, 3): u and v less their medians, and the square root of strain.

    The medians stand for the head's own motion; the square root tames a heavy-tailed quantity that bears no sign.
    """
    values = flow.astype(np.float32)
    motion = (values[..., :2] - _MIDDLE) / _HALF_RANGE
    motion -= np.median(motion, axis=(1, 2), keepdims=True)
    tension = np.sqrt(values[..., 2:] / 255.0)
    return np.concatenate([motion, tension], axis=3)


def mirrored(values: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """The same expressions on the other side of the face: columns reversed, u with the other sign; (N, H, W, 3)."""
    return values[:, :, ::-1] * np.array([-1.0, 1.0, 1.0], values.dtype)


def block_means(values: NDArray[np.floating[Any]], blocks: int = 7) -> NDArray[np.float64]:
    """Means over blocks x blocks equal tiles, (N, H, W, C) -> (N, blocks * blocks * C)."""
    count, height, width, channels = values.shape
    tiled = values.reshape(count, blocks, height // blocks, blocks, width // blocks, channels)
    return np.asarray(tiled.mean(axis=(2, 4)), np.float64).reshape(count, -1)
