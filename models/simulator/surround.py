"""What lies around the face: hair, neck and background, and how far they follow the head."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from models.simulator.face_frame import face_width
from models.simulator.topology import FACE_OVAL

Floats = NDArray[np.float64]


def distance_to_oval(points: Floats, mesh: NDArray[np.floating[Any]]) -> Floats:
    """Signed distance of points (n, 2) from the border of the face in px, positive outside."""
    oval = np.ascontiguousarray(mesh[list(FACE_OVAL), :2], np.float32)
    inside = [cv2.pointPolygonTest(oval, (float(x), float(y)), True) for x, y in points]
    return -np.asarray(inside, np.float64)


def grid_outside(mesh: NDArray[np.floating[Any]], width: int, height: int) -> Floats:
    """Points (n, 2) of a grid over the frame and a margin around it, outside the face."""
    spacing = max(face_width(mesh) / 10, 8.0)
    margin = 0.15 * max(width, height)
    columns = np.linspace(-margin, width - 1 + margin, round((width + 2 * margin) / spacing) + 1)
    rows = np.linspace(-margin, height - 1 + margin, round((height + 2 * margin) / spacing) + 1)
    grid = np.column_stack([axis.ravel() for axis in np.meshgrid(columns, rows)])
    return grid[distance_to_oval(grid, mesh) > 0.45 * spacing]


def pose_share(points: Floats, mesh: NDArray[np.floating[Any]], face_px: float) -> Floats:
    """How far points (n, 2) around the face follow the head: 1 for hair and ears, 0 for the background.

    Below the chin the neck bends, so that shoulders follow little.
    """
    gap = distance_to_oval(points, mesh) / face_px
    chin = float(mesh[152, 1])
    below = np.clip((points[:, 1] - (chin - 0.15 * face_px)) / (0.3 * face_px), 0, 1)
    full, none = 0.38 - 0.36 * below, 1.05 - 0.25 * below
    x = np.clip((gap - full) / (none - full), 0, 1)
    return np.asarray(1 - x * x * x * (x * (6 * x - 15) + 10), np.float64)
