"""What models read from a 28 x 28 flow of eight bits: signed motion, square-rooted strain, and its mirror image."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels.inputs.small_flow import motion_and_tension as motion_and_tension


def mirrored(values: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """The same expressions on the other side of the face: columns reversed, u with the other sign; (N, H, W, 3)."""
    return values[:, :, ::-1] * np.array([-1.0, 1.0, 1.0], values.dtype)


def block_means(values: NDArray[np.floating[Any]], blocks: int = 7) -> NDArray[np.float64]:
    """Means over blocks x blocks equal tiles, (N, H, W, C) -> (N, blocks * blocks * C)."""
    count, height, width, channels = values.shape
    tiled = values.reshape(count, blocks, height // blocks, blocks, width // blocks, channels)
    return np.asarray(tiled.mean(axis=(2, 4)), np.float64).reshape(count, -1)
