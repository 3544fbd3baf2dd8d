"""How far the track of one frame can be trusted."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.crop import face_width
from realtime.messages import Quality

_GRID = 16
_STRANGE_GREY = 22.0
_MEMORY = 0.97


def head_pose(mesh: NDArray[np.float32]) -> tuple[float, float, float]:
    """Yaw, pitch and roll in degrees from a (468, 3) mesh in pixels.

    The face's own axes are read off the mesh: cheek edge to cheek edge, and forehead to chin.
    """
    across = mesh[454] - mesh[234]
    down = mesh[152] - mesh[10]
    yaw = np.degrees(np.arctan2(-across[2], np.hypot(across[0], across[1])))
    pitch = np.degrees(np.arctan2(down[2], np.hypot(down[0], down[1])))
    roll = np.degrees(np.arctan2(across[1], across[0]))
    return float(yaw), float(pitch), float(roll)


class QualityMeter:
    """Sharpness, size, pose and a hint of occlusion.

    Occlusion is read from a coarse, contrast-normalised picture of the crop: the share of cells that
    suddenly differ from how this face has looked so far (a hand, hair, a cup).
    """

    def __init__(self) -> None:
        self._usual: NDArray[np.float32] | None = None

    def forget(self) -> None:
        """Another face comes."""
        self._usual = None

    def measure(self, crop: NDArray[np.uint8], mesh: NDArray[np.float32]) -> Quality:
        """Judge one frame.

        Args:
            crop: grey uint8 (256, 256).
            mesh: float32 (468, 3) in frame pixels.
        """
        yaw, pitch, roll = head_pose(mesh)
        half = cv2.resize(crop, (128, 128), interpolation=cv2.INTER_AREA)
        sharpness = float(cv2.Laplacian(half, cv2.CV_32F).std())
        return Quality(sharpness, face_width(mesh), yaw, pitch, roll, self._strange(half))

    def _strange(self, half: NDArray[np.uint8]) -> float:
        cells = cv2.resize(half, (_GRID, _GRID), interpolation=cv2.INTER_AREA).astype(np.float32)
        cells = cells[2:-1, 3:-3]
        # Median, not mean: a hand over a third of the face must not shift the rest.
        cells -= np.median(cells)
        if self._usual is None:
            self._usual = cells
        difference = np.abs(cells - self._usual)
        self._usual = _MEMORY * self._usual + (1 - _MEMORY) * cells
        return float((difference > _STRANGE_GREY).mean())
