"""Small flows as the points that `cloud` reads: places on the crop, motion without unit, tension."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.protocol.flow_features import motion_and_tension

_MOTION, _TENSION = 0.35, 0.15
_CELLS = 14


def grid_places() -> NDArray[np.float32]:
    """x and y of the cells' middles from the middle of the crop, fractions of the crop; float32 (196, 2)."""
    ticks = (np.arange(_CELLS) + 0.5) / _CELLS - 0.5
    across, down = np.meshgrid(ticks, ticks)
    return np.stack([across.ravel(), down.ravel()], axis=1).astype(np.float32)


def grid_values(flow: NDArray[np.uint8]) -> NDArray[np.float32]:
    """u, v and tension of each cell, float32 (N, 196, 3).

    Horizontal and vertical motion each come in units of their own root mean square over the crop: MEGC 2019's flows are
    stretched to eight bits channel by channel, so neither their magnitude nor the ratio of the two means anything.

    Args:
        flow: uint8 (N, 28, 28, 3), see `models.protocol.samples`.
    """
    values = motion_and_tension(flow)
    spread = np.sqrt((values[..., :2] ** 2).mean(axis=(1, 2), keepdims=True))
    values[..., :2] *= _MOTION / np.maximum(spread, 1e-3)
    values[..., 2:] *= _TENSION / np.maximum(values[..., 2:].mean(axis=(1, 2, 3), keepdims=True), 1e-3)
    count, height, width, channels = values.shape
    tiled = values.reshape(count, _CELLS, height // _CELLS, _CELLS, width // _CELLS, channels)
    return np.asarray(tiled.mean(axis=(2, 4)), np.float32).reshape(count, -1, channels)


def grid_points(flow: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What `models.cloud_regions.RegionNetwork` reads: float32 (N, 196, 5)."""
    values = grid_values(flow)
    places = np.broadcast_to(grid_places(), (len(values), *grid_places().shape))
    return np.concatenate([places, values], axis=2).astype(np.float32)
