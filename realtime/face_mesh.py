"""The face mesh: the only file that imports MediaPipe, and one that imports nothing else of ours."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

VERTICES = 468
"""Vertices of MediaPipe's canonical face mesh (without irises)."""
# The graph starts in threads of its own; processing a picture waits until it has.
_DARK = np.zeros((64, 64, 3), np.uint8)


@contextmanager
def _without_start_up_notices() -> Iterator[None]:
    """MediaPipe's C++ side prints notices before its log level can be set, and a user can do nothing about them.

    They go to file descriptor 2 itself, so that is where they are held back; Python's exceptions are not.
    """
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _face_mesh(still: bool, most_faces: int) -> Any:
    with _without_start_up_notices():
        import mediapipe

        solution = mediapipe.solutions.face_mesh.FaceMesh(
            static_image_mode=still, max_num_faces=most_faces, refine_landmarks=False
        )
        solution.process(_DARK)
    return solution


class FaceMesh:
    """Fits the 468-vertex mesh to the faces of an image.

    Args:
        still: treat every image on its own (photographs); otherwise follow the faces from image to image.
        most_faces: how many faces to look for.
    """

    def __init__(self, *, still: bool = False, most_faces: int = 1) -> None:
        self._solution = _face_mesh(still, most_faces)
        self._started = False

    def fit(self, image: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        """Find the faces of one image.

        Args:
            image: RGB, uint8, (height, width, 3).

        Returns:
            One float32 (468, 3) array per face: x and y in pixels of the image, z in the same unit,
            growing away from the camera, zero near the middle of the head. Empty where there is no face.
        """
        height, width = image.shape[:2]
        result = self._process(image)
        scale = np.array([width, height, width], np.float32)
        faces = result.multi_face_landmarks or []
        return [np.array([(p.x, p.y, p.z) for p in face.landmark], np.float32) * scale for face in faces]

    def _process(self, image: NDArray[np.uint8]) -> Any:
        if self._started:
            return self._solution.process(image)
        # The last notices come with the first face.
        with _without_start_up_notices():
            result = self._solution.process(image)
        self._started = bool(result.multi_face_landmarks)
        return result

    def forget(self) -> None:
        """Look for faces afresh in the next image instead of where they were."""
        with _without_start_up_notices():
            self._solution.reset()
            self._solution.process(_DARK)
        self._started = False

    def close(self) -> None:
        """Free the models."""
        self._solution.close()
