"""Where the head is: six degrees of freedom under mild perspective."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

CAMERA_DISTANCE = 5.0
"""From the camera to the head in face widths: a webcam at about 70 cm."""


@dataclass(frozen=True)
class HeadPose:
    """Departure from the resting pose. Shifts in face widths, turns in degrees."""

    right: float = 0.0  # towards the image's right
    down: float = 0.0
    back: float = 0.0  # away from the camera
    yaw: float = 0.0  # positive turns the face to the image's right
    pitch: float = 0.0  # positive looks down
    roll: float = 0.0  # positive tilts clockwise in the image

    def rotation(self) -> NDArray[np.float64]:
        """Rotation matrix in the image's axes (x right, y down, z away)."""
        about_x, _ = cv2.Rodrigues(np.array([np.radians(self.pitch), 0.0, 0.0]))
        about_y, _ = cv2.Rodrigues(np.array([0.0, -np.radians(self.yaw), 0.0]))
        about_z, _ = cv2.Rodrigues(np.array([0.0, 0.0, np.radians(self.roll)]))
        return np.asarray(about_z @ about_y @ about_x, np.float64)

    def move(self, points: NDArray[np.float64], pivot: NDArray[np.float64], width: float) -> NDArray[np.float64]:
        """Move points (n, 3) in px about the pivot in the neck; `width` is the resting face width in px.

        x and y are picture coordinates before and after, z is depth: the points are taken back into space, moved,
        and projected again, so that the resting pose leaves the picture as it was taken.
        """
        distance = CAMERA_DISTANCE * width
        space = points - pivot
        space[:, :2] *= 1 + space[:, 2:] / distance
        moved = space @ self.rotation().T + np.array([self.right, self.down, self.back]) * width
        moved[:, :2] /= 1 + moved[:, 2:] / distance
        return np.asarray(moved + pivot, np.float64)
