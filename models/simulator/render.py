"""Drawing a head: the picture warped through its moved vertices, with exact flow between any two moments."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from models.simulator.head import SEAM, FaceState, Head
from models.simulator.plates import behind_openings
from models.simulator.raster import interpolate
from models.simulator.topology import HOLES

OVERSAMPLING = 3  # of eyes and mouth, where a hard edge moves by fractions of a pixel


class FaceRenderer:
    """Renders one head onto one frame size."""

    def __init__(self, picture: NDArray[np.uint8], head: Head) -> None:
        """Prepare the textures.

        Args:
            picture: RGB uint8 (height, width, 3), the frame at rest, which `head`'s texture coordinates refer to.
            head: the head in this frame.
        """
        self.head = head
        self.height, self.width = picture.shape[:2]
        inner = behind_openings(picture, head.texture[:468])
        seam = cv2.copyMakeBorder(picture, 0, SEAM, 0, 0, cv2.BORDER_REFLECT_101)
        self._picture = picture
        self._texture = np.ascontiguousarray(np.concatenate([seam, inner]))
        columns, rows = np.meshgrid(np.arange(self.width, dtype=np.float32), np.arange(self.height, dtype=np.float32))
        self._still = np.stack([columns, rows], 2)
        self._window = self._moving_window()

    def mesh(self, state: FaceState) -> NDArray[np.float32]:
        """The face mesh at one moment, float32 (468, 3) px of the frame."""
        return self.head.vertices(state)[:468]

    def render(self, state: FaceState) -> NDArray[np.uint8]:
        """The frame at one moment, RGB uint8 (height, width, 3), sampled with cubic interpolation."""
        corners = self.head.vertices(state)[:, :2]
        rows, columns = self._window
        source = self._still[rows, columns].copy()
        corner = (columns.start, rows.start)
        interpolate(corners, self.head.texture, self.head.triangles, source, origin=corner)
        frame = self._picture.copy()
        frame[rows, columns] = self._sample(source)
        for name in HOLES:
            self._refine(frame, corners, name)
        return frame

    def flow(self, before: FaceState, after: FaceState) -> NDArray[np.float32]:
        """Exact motion of what is seen before, float32 (height, width, 2): after(x + u, y + v) shows before(x, y)."""
        start, end = self.head.vertices(before)[:, :2], self.head.vertices(after)[:, :2]
        target = self._still.copy()
        interpolate(start, end, self.head.triangles, target)
        return np.asarray(target - self._still, np.float32)

    def _moving_window(self) -> tuple[slice, slice]:
        """Rows and columns outside of which nothing ever moves."""
        moving = self.head.moving_box()
        columns = slice(max(int(moving[0]) - 2, 0), min(int(moving[2]) + 3, self.width))
        rows = slice(max(int(moving[1]) - 2, 0), min(int(moving[3]) + 3, self.height))
        return rows, columns

    def _sample(self, source: NDArray[np.float32]) -> NDArray[np.uint8]:
        drawn = cv2.remap(self._texture, source, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
        return np.asarray(drawn, np.uint8)

    def _refine(self, frame: NDArray[np.uint8], corners: NDArray[np.float32], name: str) -> None:
        loop = corners[list(HOLES[name])]
        x0, y0 = np.maximum(np.floor(loop.min(0)).astype(int) - 3, 0)
        x1, y1 = np.minimum(np.ceil(loop.max(0)).astype(int) + 4, (self.width, self.height))
        if x1 <= x0 or y1 <= y0:
            return
        size = (int(y1 - y0) * OVERSAMPLING, int(x1 - x0) * OVERSAMPLING, 2)
        source = np.zeros(size, np.float32)
        interpolate(
            corners, self.head.texture, self.head.triangles, source,
            origin=(int(x0), int(y0)), oversampling=OVERSAMPLING,
        )  # fmt: skip
        fine = self._sample(source)
        frame[y0:y1, x0:x1] = cv2.resize(fine, (int(x1 - x0), int(y1 - y0)), interpolation=cv2.INTER_AREA)
