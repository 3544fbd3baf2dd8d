"""The face mesh as a surface: triangles, holes, rows of lid and lip vertices, and the mirror of each vertex."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

# Rows run from the subject's right corner (the image's left) to the left corner; n-th upper faces n-th lower.
UPPER_LIDS = ((33, 246, 161, 160, 159, 158, 157, 173, 133), (362, 398, 384, 385, 386, 387, 388, 466, 263))
"""Margin of the upper lid: subject's right eye, then left eye, corners included."""
LOWER_LIDS = ((33, 7, 163, 144, 145, 153, 154, 155, 133), (362, 382, 381, 380, 374, 373, 390, 249, 263))
"""Margin of the lower lid, as `UPPER_LIDS`."""
UPPER_LIPS = (
    (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291),
    (76, 184, 74, 73, 72, 11, 302, 303, 304, 408, 306),
    (62, 183, 42, 41, 38, 12, 268, 271, 272, 407, 292),
    (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308),
)
"""Upper lip, from the skin's border to the mouth's opening."""
LOWER_LIPS = (
    (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291),
    (76, 77, 90, 180, 85, 16, 315, 404, 320, 307, 306),
    (62, 96, 89, 179, 86, 15, 316, 403, 319, 325, 292),
    (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308),
)
"""Lower lip, from the skin's border to the mouth's opening."""
FACE_OVAL = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
"""The mesh's outer border, clockwise in the image, from the top of the forehead."""


def _loop(upper: tuple[int, ...], lower: tuple[int, ...]) -> tuple[int, ...]:
    return (*upper, *lower[-2:0:-1])


HOLES = {
    "eye_right": _loop(UPPER_LIDS[0], LOWER_LIDS[0]),
    "eye_left": _loop(UPPER_LIDS[1], LOWER_LIDS[1]),
    "mouth": _loop(UPPER_LIPS[-1], LOWER_LIPS[-1]),
}
"""The openings of the surface as closed polygons of vertices, clockwise in the image."""


@lru_cache(maxsize=1)
def triangles() -> NDArray[np.int32]:
    """Triangles of the surface, int32 (852, 3), clockwise in the image; eyes and mouth are left open."""
    table = np.loadtxt(Path(__file__).with_name("mesh_triangles.csv"), np.int32, delimiter=",", skiprows=3)
    return np.ascontiguousarray(table)


@lru_cache(maxsize=1)
def mirror() -> NDArray[np.int32]:
    """For each vertex its counterpart on the other side of the face, int32 (468,)."""
    pairs = np.loadtxt(Path(__file__).with_name("mesh_mirror.csv"), np.int32, delimiter=",", skiprows=3)
    twin = np.empty(int(pairs.max()) + 1, np.int32)
    twin[pairs[:, 0]], twin[pairs[:, 1]] = pairs[:, 1], pairs[:, 0]
    return twin
