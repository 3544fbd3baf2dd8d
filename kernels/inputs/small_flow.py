"""A measured expression in the form of MEGC 2019: a small flow over the tight crop of the face, eight bits deep."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kernels.expression_cloud import Measured
from kernels.inputs.resize import resized

GRID = 28
_LEFT_EDGE, _RIGHT_EDGE, _TOP, _CHIN = 234, 454, 10, 152
_MIDDLE, _HALF_RANGE = 128.0, 127.0


class SmallFlow(NamedTuple):
    """What the models for MEGC 2019 read."""

    flow: NDArray[np.uint8]  # (28, 28, 3): u, v, strain, each from its least to its greatest value
    landmarks: NDArray[np.float32]  # (468, 3), fractions of the crop


def small_flow(measured: Measured, mesh: NDArray[np.float32]) -> SmallFlow:
    """Cut the flow to the face and bring it to 28 x 28 cells.

    Args:
        measured: from `kernels.expression_cloud`.
        mesh: float32 (468, 3), px of the same crop.
    """
    size = measured.residual.shape[0]
    low = np.clip([mesh[_LEFT_EDGE, 0], mesh[_TOP, 1]], 0, size - GRID)
    high = np.clip([mesh[_RIGHT_EDGE, 0], mesh[_CHIN, 1]], low + GRID, size)
    left, top, right, bottom = (round(float(edge)) for edge in (*low, *high))
    maps = np.dstack([measured.residual, measured.strain])[top:bottom, left:right]
    small = resized(maps.transpose(2, 0, 1), GRID, GRID).transpose(1, 2, 0)
    least, most = small.min(axis=(0, 1)), small.max(axis=(0, 1))
    scaled = 255 * (small - least) / np.maximum(most - least, 1e-9) + 0.5
    landmarks = (mesh - np.array([left, top, 0], np.float32)) / np.array([right - left, bottom - top, right - left])
    return SmallFlow(scaled.astype(np.uint8), landmarks.astype(np.float32))


def motion_and_tension(flow: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Flow uint8 (N, H, W, 3) -> float32 (N, H, W, 3): u and v less their medians, and the square root of strain.

    The medians stand for the head's own motion; the square root tames a heavy-tailed quantity that bears no sign.
    """
    values = flow.astype(np.float32)
    motion = (values[..., :2] - _MIDDLE) / _HALF_RANGE
    motion -= np.median(motion, axis=(1, 2), keepdims=True)
    tension = np.sqrt(values[..., 2:] / 255.0)
    return np.concatenate([motion, tension], axis=3)
