"""The face's own axes: x to the image's right, y down to the chin, z into the head, in face widths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

STANDARD_WIDTH = 224.0
"""Face width, px, at which motions are stated."""
RIGHT_EDGE, LEFT_EDGE, TOP, CHIN = 234, 454, 10, 152


def face_width(mesh: NDArray[np.floating[Any]]) -> float:
    """Distance of vertices 234 and 454 in the image plane: the face width of all motions in px."""
    return float(np.linalg.norm(np.asarray(mesh[LEFT_EDGE, :2] - mesh[RIGHT_EDGE, :2], np.float64)))


@dataclass(frozen=True)
class FaceFrame:
    """Rotation, origin and scale between a mesh in pixels and the face's own axes."""

    origin: NDArray[np.float64]  # midway between the edges of the face, px
    axes: NDArray[np.float64]  # (3, 3), rows are x, y, z of the face in the image's axes
    width: float  # px per face width

    @classmethod
    def of(cls, mesh: NDArray[np.floating[Any]]) -> FaceFrame:
        """Axes of one mesh, float (468, 3) in px."""
        points = np.asarray(mesh, np.float64)
        across = points[LEFT_EDGE] - points[RIGHT_EDGE]
        width = float(np.linalg.norm(across))
        x = across / width
        down = points[CHIN] - points[TOP]
        y = down - x * (x @ down)
        y /= np.linalg.norm(y)
        origin = (points[LEFT_EDGE] + points[RIGHT_EDGE]) / 2
        return cls(origin, np.stack([x, y, np.cross(x, y)]), width)

    def to_face(self, points: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Points (n, 3) in px -> face widths along the face's axes."""
        return (np.asarray(points, np.float64) - self.origin) @ self.axes.T / self.width

    def vectors_to_image(self, vectors: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Displacements (..., 3) in face widths -> px along the image's axes."""
        return np.asarray(vectors, np.float64) @ self.axes * self.width
