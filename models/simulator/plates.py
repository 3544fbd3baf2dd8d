"""The picture without lids and lips: what shows when eyes and mouth open wider than in the portrait."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from models.simulator.face_frame import face_width
from models.simulator.topology import HOLES

MOUTH_DARK = (58.0, 26.0, 24.0)
"""Colour of an open mouth behind the teeth, RGB."""


def behind_openings(picture: NDArray[np.uint8], texture_mesh: NDArray[np.floating[Any]]) -> NDArray[np.uint8]:
    """Continue what is seen in eyes and mouth under the surrounding skin.

    Args:
        picture: RGB uint8 (height, width, 3).
        texture_mesh: vertices of the face in the picture, float (468, 2 or 3) px.

    Returns:
        RGB uint8 (height, width, 3): the picture with lids replaced by eyeball and lips by the mouth's inside.
    """
    plate = picture.copy()
    size = face_width(np.asarray(texture_mesh))
    for name, loop in HOLES.items():
        points = np.asarray(texture_mesh)[list(loop), :2]
        reach = int(np.ceil((0.13 if name == "mouth" else 0.09) * size))
        x0, y0 = np.maximum(np.floor(points.min(0)).astype(int) - reach, 0)
        x1, y1 = np.minimum(np.ceil(points.max(0)).astype(int) + reach + 1, picture.shape[1::-1])
        window = np.ascontiguousarray(plate[y0:y1, x0:x1])
        opening = np.zeros(window.shape[:2], np.uint8)
        cv2.fillPoly(opening, [np.round((points - (x0, y0)) * 16).astype(np.int32)], 255, shift=4)
        # The rim itself is lashes, or the shadow of a lip: it must not be continued.
        seen = cv2.erode(
            opening, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3)), iterations=max(round(0.008 * size), 1)
        )
        if name == "mouth":
            window = _mouth(window, seen, size)
        elif seen.any():
            window = cv2.inpaint(window, cv2.bitwise_not(seen), 3, cv2.INPAINT_TELEA)
        plate[y0:y1, x0:x1] = window
    return plate


def _mouth(window: NDArray[np.uint8], seen: NDArray[np.uint8], size: float) -> NDArray[np.uint8]:
    dark = np.empty(window.shape, np.float32)
    dark[:] = MOUTH_DARK
    if seen.any():
        teeth = cv2.inpaint(window, cv2.bitwise_not(seen), 3, cv2.INPAINT_TELEA).astype(np.float32)
        distance = cv2.distanceTransform(cv2.bitwise_not(seen), cv2.DIST_L2, 5)
        share = np.exp(-((distance / (0.05 * size)) ** 2))[..., None]
        dark = share * teeth + (1 - share) * dark
    return np.asarray(np.round(dark), np.uint8)
