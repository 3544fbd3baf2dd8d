"""Cutting the face: upright, in the middle, with one similarity for a whole clip, so that the cut adds no motion."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from models.preparation.frames import ClipUnusable
from realtime.face_mesh import FaceMesh

_LEFT_EDGE, _RIGHT_EDGE, _FOREHEAD, _CHIN = 234, 454, 10, 152
MESH_FITS = 24
"""Meshes fitted in one clip, evenly spaced: their median hardly feels the jitter of single fits."""
LEAST_WIDTH = 40.0  # px


class Aligned(NamedTuple):
    """A clip of one face."""

    crops: NDArray[np.uint8]  # RGB (T, size, size, 3)
    mesh: NDArray[np.float32]  # (468, 3) px of the crops, median over the clip
    scale: float  # crop px per frame px


class Aligner:
    """Cuts clips; owns a face mesh.

    Args:
        size: height and width of the crops, px.
        face_share: of their width that the face takes.
    """

    def __init__(self, size: int, face_share: float) -> None:
        self.size, self.face_share = size, face_share
        self._mesh = FaceMesh(still=True)
        self._last: tuple[NDArray[np.float64], float] = (np.eye(2, 3), 1.0)

    def align(self, images: list[NDArray[np.uint8]]) -> Aligned:
        """Cut the largest face of each image.

        Raises:
            ClipUnusable: no face in most of the images, or one too small.
        """
        picked = [images[at] for at in np.unique(np.linspace(0, len(images) - 1, MESH_FITS).astype(int))]
        found = [self._largest(image) for image in picked]
        meshes = [mesh for mesh in found if mesh is not None]
        if len(meshes) * 2 < len(picked):
            raise ClipUnusable(f"a face in only {len(meshes)} of {len(picked)} frames")
        mesh = np.median(meshes, axis=0).astype(np.float32)
        width = float(np.linalg.norm(mesh[_RIGHT_EDGE] - mesh[_LEFT_EDGE]))
        if width < LEAST_WIDTH:
            raise ClipUnusable(f"the face is {width:.0f} px wide, under {LEAST_WIDTH:.0f}")
        self._last = similarity, scale = self._similarity(mesh, width)
        crops = np.stack([self._cut(image, similarity, scale) for image in images])
        moved = np.empty_like(mesh)
        moved[:, :2] = mesh[:, :2] @ similarity[:, :2].T + similarity[:, 2]
        moved[:, 2] = mesh[:, 2] * scale
        return Aligned(crops, moved, scale)

    def cut_like_last(self, depth: NDArray[np.float32]) -> NDArray[np.float32]:
        """A depth image of the clip aligned last, cut as its frames were; nearest samples, 0 beyond the image."""
        size = (self.size, self.size)
        return np.asarray(cv2.warpAffine(depth, self._last[0], size, flags=cv2.INTER_NEAREST), np.float32)

    def _largest(self, image: NDArray[np.uint8]) -> NDArray[np.float32] | None:
        faces = self._mesh.fit(np.ascontiguousarray(image))
        return max(faces, key=lambda mesh: float(np.ptp(mesh[:, 0]))) if faces else None

    def _similarity(self, mesh: NDArray[np.float32], width: float) -> tuple[NDArray[np.float64], float]:
        across = (mesh[_RIGHT_EDGE] - mesh[_LEFT_EDGE])[:2]
        angle, scale = np.arctan2(across[1], across[0]), self.face_share * self.size / width
        cosine, sine = scale * np.cos(angle), scale * np.sin(angle)
        rotation = np.array([[cosine, sine], [-sine, cosine]])
        centre = (mesh[_FOREHEAD, :2] + mesh[_CHIN, :2]) / 2
        return np.column_stack([rotation, self.size / 2 - rotation @ centre]), scale

    def _cut(self, image: NDArray[np.uint8], similarity: NDArray[np.float64], scale: float) -> NDArray[np.uint8]:
        if scale < 0.7:  # sampling without a low pass would alias
            image = np.asarray(cv2.GaussianBlur(image, (0, 0), 0.4 / scale), np.uint8)
        size = (self.size, self.size)
        cut = cv2.warpAffine(image, similarity, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(cut, np.uint8)
