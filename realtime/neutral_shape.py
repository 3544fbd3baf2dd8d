"""Where the regions of a face lie when it rests, apart from where the head is and which way it looks.

The mesh jitters by one to three pixels, so this tells a held smile from a face at rest, and nothing finer.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from kernels.face_topology import triangles
from realtime.crop import face_width
from realtime.mesh_regions import mesh_regions

# Vertices that follow the skull: forehead, temples, edges of the cheeks, bridge of the nose.
_SKULL = (10, 338, 109, 297, 67, 332, 103, 251, 21, 389, 162, 356, 127, 454, 234, 168, 6, 197, 195)
SKULL_VERTICES = len(_SKULL)
"""Rows of `Places` that do not move with the face's muscles; they come first."""

Places = NDArray[np.float64]
"""(19 + regions, 3): vertices of the skull, then the middle of each motion region, in face widths."""


def places(mesh: NDArray[np.float32]) -> Places:
    """Skull and regions of one mesh, relative to the skull's middle.

    Args:
        mesh: float32 (468, 3), any unit.
    """
    scaled = mesh.astype(np.float64) / face_width(mesh)
    regions = [scaled[vertices].mean(axis=0) for vertices in _region_vertices()]
    found = np.concatenate([scaled[list(_SKULL)], regions])
    return found - found[:SKULL_VERTICES].mean(axis=0)


def turned_like(found: Places, model: Places) -> Places:
    """`found` with the head turned as in `model`."""
    return found @ _turn(found, model)


def turn_between(found: Places, model: Places) -> float:
    """Angle between the two heads, degrees."""
    cosine = (np.trace(_turn(found, model)) - 1) / 2
    return float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))


def displaced(found: Places, model: Places) -> NDArray[np.float64]:
    """How far each region lies from its place in `model`, in face widths, seen from the front, (regions,)."""
    moved = turned_like(found, model) - model
    return np.sqrt((moved[SKULL_VERTICES:, :2] ** 2).sum(axis=1))


def _turn(found: Places, model: Places) -> NDArray[np.float64]:
    """The rotation that fits the skulls best in least squares (Kabsch 1976), applied from the right, (3, 3)."""
    skull = slice(SKULL_VERTICES)
    u, _, v = np.linalg.svd(found[skull].T @ model[skull])
    mirror = np.diag([1.0, 1.0, np.sign(np.linalg.det(u @ v))])
    return u @ mirror @ v


@lru_cache(maxsize=1)
def _region_vertices() -> list[NDArray[np.intp]]:
    corners = triangles()
    return [np.unique(corners[rows]) for rows in mesh_regions().values()]
