"""Pictures of another size: means over areas where they shrink, straight lines between pixels where they grow."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray


def resized(pictures: NDArray[Any], height: int, width: int) -> NDArray[np.float32]:
    """Pictures (..., H, W) -> float32 (..., height, width); as OpenCV's INTER_AREA and INTER_LINEAR, not rounded.

    Raises:
        ValueError: no pixel, either way.
    """
    if min(*pictures.shape[-2:], height, width) < 1:
        raise ValueError(f"pictures need pixels, not {pictures.shape} to ({height}, {width})")
    down, across = _shares(pictures.shape[-2], height), _shares(pictures.shape[-1], width)
    return np.asarray(down @ pictures.astype(np.float32) @ across.T, np.float32)


@lru_cache(maxsize=64)
def _shares(given: int, wanted: int) -> NDArray[np.float32]:
    """(wanted, given): how much of each given pixel each wanted one takes; rows sum to one."""
    if wanted > given:
        place = np.clip((np.arange(wanted) + 0.5) * given / wanted - 0.5, 0, given - 1)
        return np.maximum(1 - np.abs(place[:, None] - np.arange(given)), 0).astype(np.float32)
    edges = np.arange(wanted + 1) * given / wanted
    cells = np.arange(given)
    covered = np.minimum(edges[1:, None], cells + 1) - np.maximum(edges[:-1, None], cells)
    return (np.maximum(covered, 0) * wanted / given).astype(np.float32)
