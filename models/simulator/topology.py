"""Parts of the face mesh that a moving face needs: rows of lid and lip vertices, openings, and the skin around them."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from kernels.face_topology import triangles

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
def open_triangles() -> NDArray[np.int32]:
    """Triangles of the skin, int32 (852, 3): those of the face mesh less the ones that close eyes and mouth."""
    table = triangles()
    closing = np.zeros(len(table), bool)
    for loop in HOLES.values():
        closing |= np.isin(table, loop).all(1)
    return np.ascontiguousarray(table[~closing])
