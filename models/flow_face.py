"""The resting face behind simulated flows: the portrait's, turned to the front and at the height of cropped faces."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels.face_topology import mirror
from models.simulator.action_units import ActionUnits
from models.simulator.face_frame import CHIN, TOP, FaceFrame
from models.simulator.neutral import neutral_mesh

_NOD = np.radians(10.0)  # the portrait looks up: its ears lie too low beside its nose
_REST_OF_SMILE = 0.4  # activation of AU12 that `neutral_mesh` leaves
_ROWS = ((TOP, 0.0), (105, 0.17), (55, 0.24), (145, 0.34), (1, 0.577), (13, 0.735), (200, 0.888), (CHIN, 1.0))
"""Vertices and how far down they lie between the top of the forehead and the chin of a cropped face, on average."""


def frontal_face(mesh: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """A symmetric face that looks into the camera, float32 (468, 3) px, made from one that looks aside and smiles.

    Crops of 28 x 28 leave a cell or two to brows, lids and lips each: a face whose mouth sits two cells too high
    teaches the wrong places. The rows are the mean landmarks of the crops of MEGC 2019, to which the nod comes near.

    Args:
        mesh: float (468, 3) px of a photographed face.
    """
    rest = np.asarray(neutral_mesh(mesh), np.float64)
    rest = rest + ActionUnits(rest).displacement({"AU12": -_REST_OF_SMILE})
    frame = FaceFrame.of(rest)
    face = frame.to_face(rest)
    twin = mirror()
    face = (face + face[twin] * [-1, 1, 1]) / 2
    down, deep = face[:, 1].copy(), face[:, 2].copy()
    face[:, 1], face[:, 2] = down * np.cos(_NOD) - deep * np.sin(_NOD), down * np.sin(_NOD) + deep * np.cos(_NOD)
    top, height = face[TOP, 1], face[CHIN, 1] - face[TOP, 1]
    rows = (face[:, 1] - top) / height
    now = [(rows[vertex] + rows[twin[vertex]]) / 2 for vertex, _ in _ROWS]
    wanted = np.interp(rows, now, [row for _, row in _ROWS])
    face[:, 1] = top + height * np.where((rows < 0) | (rows > 1), rows, wanted)
    return (face * frame.width + frame.origin).astype(np.float32)
