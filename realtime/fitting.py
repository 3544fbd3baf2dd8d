"""A picture of another size in the place of one of the size that a run began with."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray


def fitted(image: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """The whole picture, in its own proportions, as large as fits, on black.

    Args:
        image: uint8 (any height, any width, 3).
        width, height: of the result, px.
    """
    if image.shape[:2] == (height, width):
        return image
    scale = min(width / image.shape[1], height / image.shape[0])
    inner_width, inner_height = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    left, top = (width - inner_width) // 2, (height - inner_height) // 2
    canvas = np.zeros((height, width, 3), np.uint8)
    canvas[top : top + inner_height, left : left + inner_width] = cv2.resize(
        image, (inner_width, inner_height), interpolation=way
    )
    return canvas
