"""Regions of the face, drawn through the 468-vertex mesh: where to measure, what holds still, how deep it lies.

"Left" and "right" are the subject's. Maps are sampled at pixel centres; what lies beyond the image is cut off.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kernels.backend import contiguous
from kernels.face_topology import VERTICES, mirror, triangles
from kernels.rasterise import continued, fill_depth, fill_polygon

MOTION_REGIONS = (
    *("brow_inner_left", "brow_inner_right", "brow_outer_left", "brow_outer_right", "eyelid_left", "eyelid_right"),
    *("cheek_left", "cheek_right", "nose_left", "nose_right", "mouth_corner_left", "mouth_corner_right"),
    *("lip_upper", "lip_lower", "chin"),
)
"""Regions whose motion the spotter follows, in the order of `region_labels(..., regions="motion")`."""

CLOUD_REGIONS = (
    *("eye_left", "eye_right", "cheek_left", "cheek_right"),
    *("mouth_corner_left", "mouth_corner_right", "chin", "mouth"),
)
"""The eight regions of a point cloud (after Zhang et al., IEEE TAFFC 2025), in the order of "cloud" labels."""

# Polygons of mesh vertices on the subject's right half and on the midline; the left half is their mirror image.
_MOUTH_CORNER = (40, 92, 206, 207, 214, 202, 106, 91, 146, 61, 185)
_CHIN = (182, 83, 18, 313, 406, 418, 262, 369, 396, 175, 171, 140, 32, 194)
_MOTION_POLYGONS: dict[str, tuple[int, ...]] = {
    "brow_inner_right": (55, 65, 52, 105, 69, 108, 107),
    "brow_outer_right": (52, 53, 46, 70, 71, 68, 104, 105),
    "eyelid_right": (130, 247, 30, 29, 27, 28, 56, 190, 243, 112, 26, 22, 23, 24, 110, 25),
    "cheek_right": (111, 117, 118, 119, 120, 100, 142, 36, 203, 206, 207, 187, 123),
    "nose_right": (217, 126, 209, 129, 64, 98, 97, 44, 45, 51, 236),
    "mouth_corner_right": _MOUTH_CORNER,
    "lip_upper": (
        *(61, 185, 40, 165, 167, 164, 393, 391, 270, 409, 291),
        *(308, 415, 310, 311, 312, 13, 82, 81, 80, 191, 78),
    ),
    "lip_lower": (
        *(61, 146, 91, 182, 83, 18, 313, 406, 321, 375, 291),
        *(308, 324, 318, 402, 317, 14, 87, 178, 88, 95, 78),
    ),
    "chin": _CHIN,
}
_CLOUD_POLYGONS: dict[str, tuple[int, ...]] = {
    "eye_right": (9, 108, 69, 104, 68, 71, 156, 143, 35, 31, 228, 229, 230, 231, 232, 233, 244, 193, 8),
    "cheek_right": (
        *(111, 117, 118, 119, 120, 121, 114, 217, 236, 51, 45, 44, 97, 98, 129, 203),
        *(206, 207, 187, 123),
    ),
    "mouth_corner_right": _MOUTH_CORNER,
    "chin": _CHIN,
    "mouth": (61, 185, 40, 165, 167, 164, 393, 391, 270, 409, 291, 375, 321, 406, 313, 18, 83, 182, 91, 146),
}
# What no muscle of expression moves much: upper forehead, bridge of the nose, temples and outer cheeks.
_STABLE_ON_MIDLINE: tuple[tuple[int, ...], ...] = (
    (9, 108, 69, 104, 103, 67, 109, 10, 338, 297, 332, 333, 299, 337),
    (168, 193, 245, 188, 174, 236, 3, 195, 248, 456, 399, 412, 465, 417),
)
_INSET = 0.95  # of the distance from the centre: at the mesh's rim, flow mixes with the background's
_STABLE_ON_THE_RIGHT = ((104, 68, 71, 156, 124, 35, 111, 116, 123, 137, 227, 34, 139, 54, 103),)


def region_labels(
    mesh: NDArray[np.float32], height: int, width: int, regions: Literal["motion", "cloud"] = "motion"
) -> NDArray[np.int16]:
    """Which region each pixel belongs to.

    Args:
        mesh: float32 (468, 3), px of the image.
        height: of the image, px.
        width: of the image, px.
        regions: "motion" for `MOTION_REGIONS`, "cloud" for `CLOUD_REGIONS`.

    Returns:
        int16 (height, width): index into the tuple, -1 outside. No pixel has two; the later region wins at a border.

    Raises:
        ValueError: a mesh of another shape or with values that are not finite, or an unknown set of regions.
    """
    mesh = checked_mesh(mesh)
    names: tuple[str, ...]
    if regions == "motion":
        names, polygons = MOTION_REGIONS, _MOTION_POLYGONS
    elif regions == "cloud":
        names, polygons = CLOUD_REGIONS, _CLOUD_POLYGONS
    else:
        raise ValueError(f'regions must be "motion" or "cloud", not {regions!r}')
    labels = np.full((height, width), -1, np.int16)
    points = mesh[:, :2].copy()
    for index, name in enumerate(names):
        ring = polygons.get(name)
        vertices = np.array(ring) if ring is not None else mirror()[list(polygons[name.replace("_left", "_right")])]
        fill_polygon(points[vertices], index, labels)
    return labels


def stable_skin(mesh: NDArray[np.float32], height: int, width: int) -> NDArray[np.bool_]:
    """Skin that follows the skull: upper forehead, bridge of the nose, temples and outer cheeks; bool (height, width).

    Raises:
        ValueError: a mesh of another shape or with values that are not finite.
    """
    points = checked_mesh(mesh)[:, :2].copy()
    centre = points.mean(axis=0)
    points = centre + np.float32(_INSET) * (points - centre)
    drawn = np.zeros((height, width), np.int16)
    for ring in _STABLE_ON_MIDLINE:
        fill_polygon(points[list(ring)], 1, drawn)
    for ring in _STABLE_ON_THE_RIGHT:
        fill_polygon(points[list(ring)], 1, drawn)
        fill_polygon(points[mirror()[list(ring)]], 1, drawn)
    return drawn.astype(np.bool_)


def face_mask(mesh: NDArray[np.float32], height: int, width: int) -> NDArray[np.bool_]:
    """Every pixel that the mesh covers, eyes and mouth included; bool (height, width).

    Raises:
        ValueError: a mesh of another shape or with values that are not finite.
    """
    return np.isfinite(_drawn_depth(mesh, height, width))


def depth_map(mesh: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    """The mesh's z at each pixel, float32 (height, width), px, growing away from the camera.

    Where the mesh folds over itself the nearer part counts. Beyond the mesh the rim's depth goes on, ever smoother, so
    that a map is always finite and without a step; where no part of the mesh is visible it is the mesh's mean depth.

    Raises:
        ValueError: a mesh of another shape or with values that are not finite.
    """
    depth = _drawn_depth(mesh, height, width)
    return continued(depth, float(np.mean(mesh[:, 2])))


def _drawn_depth(mesh: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    depth = np.full((height, width), np.inf, np.float32)
    fill_depth(checked_mesh(mesh), triangles(), depth)
    return depth


def checked_mesh(mesh: NDArray[np.float32]) -> NDArray[np.float32]:
    """A contiguous float32 (468, 3) mesh.

    Raises:
        ValueError: another shape, or values that are not finite.
    """
    checked = contiguous(mesh)
    if checked.shape != (VERTICES, 3):
        raise ValueError(f"a face mesh has shape ({VERTICES}, 3), not {checked.shape}; take it from FaceMesh.fit")
    if not np.isfinite(checked).all():
        raise ValueError("the face mesh holds values that are not finite; skip this frame")
    return checked
