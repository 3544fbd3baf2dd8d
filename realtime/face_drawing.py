"""The regions of the face over a frame: faint outlines, and light where something moves."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from kernels.face_topology import triangles
from realtime.lettering import Colour
from realtime.mesh_regions import mesh_regions

_OUTLINE: Colour = (225, 250, 245)
_MOVING: Colour = (240, 228, 66)
_FAINT = 0.32
_FRACTION_BITS = 3  # sub-pixel positions, so that outlines do not jump from pixel to pixel


class FaceDrawing:
    """Draws one face; all lines in one call."""

    def __init__(self) -> None:
        self._regions = list(mesh_regions().values())
        everything = np.arange(len(triangles()))
        outlines = [outline(part) for part in (everything, *self._regions)]
        self._lines = np.unique(np.concatenate(outlines), axis=0)

    def draw(
        self, image: NDArray[np.uint8], points: NDArray[np.float32], motion: Sequence[float], least: float
    ) -> None:
        """Draw in place.

        Args:
            image: RGB uint8 (height, width, 3).
            points: float32 (468, 2), px of the image.
            motion: of each region, or empty; regions that move more than `least` are lit, the brighter the more.
            least: same unit.
        """
        height, width = image.shape[:2]
        left, top = np.maximum(np.floor(points.min(axis=0)).astype(int) - 2, 0)
        right, bottom = np.minimum(np.ceil(points.max(axis=0)).astype(int) + 3, (width, height))
        if left >= right or top >= bottom:
            return
        under = image[top:bottom, left:right]
        corners = np.rint((points - (left, top)) * 2**_FRACTION_BITS).astype(np.int32)
        drawn = under.copy()
        for triangle_numbers, moved in zip(self._regions, motion, strict=False):
            if moved > least:
                share = min(moved / (4 * least), 1.0)
                colour = tuple(0.5 * part + 0.5 * share * part for part in _MOVING)
                for corner in corners[triangles()[triangle_numbers]]:
                    cv2.fillConvexPoly(drawn, corner, colour, cv2.LINE_8, _FRACTION_BITS)
        cv2.polylines(drawn, corners[self._lines], False, _OUTLINE, 1, cv2.LINE_8, _FRACTION_BITS)
        cv2.addWeighted(drawn, _FAINT, under, 1 - _FAINT, 0, dst=under)


def outline(part: NDArray[np.intp]) -> NDArray[np.int32]:
    """Sides that belong to one triangle only of a part of the mesh, (lines, 2) vertex numbers."""
    sides = np.sort(triangles()[part][:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
    lines, counts = np.unique(sides, axis=0, return_counts=True)
    return lines[counts == 1]
