"""Action units of FACS as muscles on the face mesh, and the displacement they give together.

Attachments follow the muscles' anatomy (Ekman, Friesen and Hager, "Facial Action Coding System", 2002; Waters 1987),
extents at full intensity (E) were chosen on portraits. Vertices are those of the subject's right half, mirrored for
the left. Left and right are the subject's, as in FACS: the subject's left is the image's right.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels.face_topology import mirror
from models.simulator.face_frame import FaceFrame, face_width
from models.simulator.muscles import Jaw, Lid, Linear, Sphincter, raised_cosine
from models.simulator.topology import LOWER_LIDS, LOWER_LIPS, UPPER_LIDS, UPPER_LIPS

Muscle = Linear | Sphincter | Lid | Jaw

MUSCLES: dict[str, tuple[Muscle, ...]] = {
    # frontalis, medial part
    "AU1": (Linear((55, 107), 0.070, (107,), (0.02, -0.26, 0.0), reach=0.12, angle=38, part="over_eyes"),),
    # frontalis, lateral part
    "AU2": (Linear((105, 63), 0.065, (105,), (0.06, -0.30, 0.02), reach=0.14, angle=48, part="over_eyes"),),
    # corrugator, depressor supercilii, procerus
    "AU4": (
        Linear((55, 65), 0.045, (168,), (0.01, 0.05, 0.0), reach=0.13, angle=75, part="over_eyes"),
        Linear((66, 105), 0.032, (221,), (0.02, 0.05, 0.0), reach=0.12, angle=60, part="over_eyes"),
    ),
    # levator palpebrae superioris
    "AU5": (Lid(upper=-0.42, lower=-0.06, fold=0.09),),
    # orbicularis oculi, orbital part: cheek up, outer corner in
    "AU6": (
        Linear((50,), 0.045, (159,), reach=0.20, angle=60, part="under_eyes"),
        Linear((35, 226), 0.025, (159,), reach=0.12, angle=60),
        Lid(upper=0.10, lower=0.18, fold=0.10),
    ),
    # orbicularis oculi, palpebral part
    "AU7": (
        Lid(upper=0.22, lower=0.38, fold=0.10),
        Linear((130, 226), 0.015, (159,), reach=0.10, angle=60),
    ),
    # levator labii superioris alaeque nasi
    "AU9": (
        Linear((129, 98), 0.050, (193,), reach=0.12, angle=50, part="maxilla"),
        Linear((55,), 0.020, (174,), reach=0.10, angle=60, part="over_eyes"),
        Linear((193,), 0.010, (174,), reach=0.08, angle=70),
    ),
    # levator labii superioris
    "AU10": (Linear((40, 39), 0.045, (100,), reach=0.14, angle=50, part="maxilla"),),
    # zygomaticus major
    "AU12": (Linear((61,), 0.100, (116,), (0.0, 0.02, 0.04), reach=0.16, angle=50),),
    # buccinator
    "AU14": (Linear((61,), 0.045, (58,), (0.0, -0.07, 0.0), reach=0.10, angle=45),),
    # depressor anguli oris
    "AU15": (Linear((61,), 0.060, (150,), (0.04, 0.0, 0.0), reach=0.10, angle=55),),
    # mentalis, both halves act together
    "AU17": (
        Linear((200, 199), 0.050, (13,), reach=0.12, angle=60, part="mandible"),
        Linear((17,), 0.030, (2,), reach=0.06, angle=60, part="mandible"),
    ),
    # risorius
    "AU20": (Linear((61,), 0.070, (58,), (0.02, 0.04, 0.02), reach=0.20, angle=60),),
    # orbicularis oris, tightening: corners in, red parts thin
    "AU23": (
        Sphincter((13, 14), (0.20, 0.10), 0.022, squeeze=(1.0, 0.0)),
        Sphincter((13, 14), (0.24, 0.06), 0.016, squeeze=(0.0, 1.0)),
    ),
    # orbicularis oris, pressing
    "AU24": (
        Sphincter((13, 14), (0.26, 0.08), 0.030, squeeze=(0.0, 1.0)),
        Linear((199,), 0.010, (13,), reach=0.10, angle=60, part="mandible"),
    ),
    # depressor labii inferioris; mentalis lets go
    "AU25": (
        Linear((14, 17), 0.045, (18,), (0.0, 0.20, 0.0), reach=0.06, angle=60, part="mandible"),
        Linear((13, 0), 0.015, (2,), (0.0, -0.06, 0.0), reach=0.05, angle=60, part="maxilla"),
    ),
    # masseter lets go
    "AU26": (Jaw(degrees=11.0),),
    # blink
    "AU45": (Lid(upper=0.94, lower=0.06, fold=0.11),),
}
"""Muscles of each action unit."""

BOTH_SIDES_ONLY = frozenset({"AU17", "AU23", "AU24", "AU25", "AU26"})
"""Action units around the midline, which act on both sides together."""


class ActionUnits:
    """Displacement of one face's mesh under its action units.

    Muscles are laid out once on the resting mesh; displacements are linear in the activations, apart from lids and
    lips, which stop where they meet.
    """

    def __init__(self, mesh: NDArray[np.floating[Any]]) -> None:
        """Lay the muscles on a resting mesh, float (468, 3) in px."""
        self.face_px = face_width(mesh)
        self._frame = FaceFrame.of(mesh)
        self._rest = self._frame.to_face(mesh)
        self._fields: dict[str, NDArray[np.float64]] = {}
        for name, muscles in MUSCLES.items():
            right = self._pulls(muscles, -1)
            if name in BOTH_SIDES_ONLY:
                self._fields[name] = right
                continue
            left = self._pulls(muscles, 1)
            self._fields[name + "R"], self._fields[name + "L"] = right, left
            self._fields[name] = right + left

    def _pulls(self, muscles: tuple[Muscle, ...], side: int) -> NDArray[np.float64]:
        return np.asarray(np.sum([self._field(muscle, side) for muscle in muscles], axis=0), np.float64)

    def _field(self, muscle: Muscle, side: int) -> NDArray[np.float64]:
        if side < 0 or isinstance(muscle, Lid | Jaw):
            return muscle.field(self._rest, side)
        # A left muscle is the right one on the mirrored face, so that both sides share one description.
        twin = mirror()
        mirrored = self._rest[twin] * [-1, 1, 1]
        return (muscle.field(mirrored, -1) * [-1, 1, 1])[twin]

    def names(self) -> tuple[str, ...]:
        """Activations that this face knows: AU12 for both sides, AU12L and AU12R for one."""
        return tuple(self._fields)

    def displacement(self, activations: Mapping[str, float]) -> NDArray[np.float32]:
        """Where the vertices go, relative to the resting mesh.

        Args:
            activations: action unit -> activation; 1 is FACS intensity E. `AU12` acts on both sides, `AU12L` and
                `AU12R` on the subject's left and right.

        Returns:
            float32 (468, 3) in px of the resting mesh.

        Raises:
            ValueError: an action unit is not known.
        """
        total = np.zeros_like(self._rest)
        for name, activation in activations.items():
            if name not in self._fields:
                raise ValueError(f"unknown action unit {name!r}: choose from {', '.join(self._fields)}")
            total += activation * self._fields[name]
        self._part_lids(total)
        self._part_lips(total)
        return self._frame.vectors_to_image(total).astype(np.float32)

    def _part_lids(self, total: NDArray[np.float64]) -> None:
        # Lids that meet move no further into each other; the upper one wins, as in a blink.
        for upper, lower in zip(UPPER_LIDS, LOWER_LIDS, strict=True):
            up, low = list(upper[1:-1]), list(lower[1:-1])
            overlap = np.maximum((self._rest + total)[up, 1] - (self._rest + total)[low, 1], 0.0)
            total[up, 1] -= np.minimum(overlap, np.maximum(total[up, 1], 0.0))

    def _part_lips(self, total: NDArray[np.float64]) -> None:
        # The same for lips, both giving way; rows further out follow less.
        top, bottom = (list(row[1:-1]) for row in (UPPER_LIPS[-1], LOWER_LIPS[-1]))
        rest_gap = np.minimum(self._rest[bottom, 1] - self._rest[top, 1], 0.0)
        overlap = np.maximum((self._rest + total)[top, 1] - (self._rest + total)[bottom, 1] + rest_gap, 0.0)
        for rank, (upper, lower) in enumerate(zip(UPPER_LIPS[::-1], LOWER_LIPS[::-1], strict=True)):
            share = 0.5 * float(raised_cosine(np.array(rank / len(UPPER_LIPS))))
            total[list(upper[1:-1]), 1] -= share * overlap
            total[list(lower[1:-1]), 1] += share * overlap


def displace(mesh: NDArray[np.floating[Any]], activations: Mapping[str, float]) -> NDArray[np.float32]:
    """Displacement of a resting mesh, float32 (468, 3) in px; use `ActionUnits` for many of one face."""
    return ActionUnits(mesh).displacement(activations)
