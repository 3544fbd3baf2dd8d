"""The face mesh: the only file that imports MediaPipe, and one that imports nothing else of ours."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

VERTICES = 468
"""Vertices of MediaPipe's canonical face mesh (without irises)."""


def _mediapipe() -> Any:
    # MediaPipe's C++ side prints start-up notices that a user can do nothing about.
    os.environ.setdefault("GLOG_minloglevel", "2")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import mediapipe

    return mediapipe


class FaceMesh:
    """Fits the 468-vertex mesh to the faces of an image.

    Args:
        still: treat every image on its own (photographs); otherwise follow the faces from image to image.
        most_faces: how many faces to look for.
    """

    def __init__(self, *, still: bool = False, most_faces: int = 1) -> None:
        self._solution = _mediapipe().solutions.face_mesh.FaceMesh(
            static_image_mode=still, max_num_faces=most_faces, refine_landmarks=False
        )

    def fit(self, image: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        """Find the faces of one image.

        Args:
            image: RGB, uint8, (height, width, 3).

        Returns:
            One float32 (468, 3) array per face: x and y in pixels of the image, z in the same unit,
            growing away from the camera, zero near the middle of the head. Empty where there is no face.
        """
        height, width = image.shape[:2]
        result = self._solution.process(image)
        scale = np.array([width, height, width], np.float32)
        faces = result.multi_face_landmarks or []
        return [np.array([(p.x, p.y, p.z) for p in face.landmark], np.float32) * scale for face in faces]

    def forget(self) -> None:
        """Look for faces afresh in the next image instead of where they were."""
        self._solution.reset()

    def close(self) -> None:
        """Free the models."""
        self._solution.close()
