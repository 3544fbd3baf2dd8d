"""Muscles that pull the mesh: linear and sphincter muscles after Waters (1987), lids, and the jaw.

K. Waters, "A muscle model for animating three-dimensional facial expression", SIGGRAPH 1987. A linear muscle draws
skin towards its bony origin: most at its insertion, less towards the origin and less with the angle off its axis.
A sphincter draws skin towards the centre of an ellipse. Everything is in face axes (`face_frame`) and face widths.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from models.simulator.topology import LOWER_LIDS, LOWER_LIPS, UPPER_LIDS, UPPER_LIPS

Floats = NDArray[np.float64]
MARGIN = 0.02
"""Width of the lashes and of the red of the lips next to an opening, which moves as one, in face widths."""
Part = Literal["all", "maxilla", "mandible", "over_eyes", "under_eyes"]


def raised_cosine(x: Floats) -> Floats:
    """1 at x <= 0, falling smoothly to 0 at x >= 1."""
    return np.asarray(0.5 + 0.5 * np.cos(np.pi * np.clip(x, 0.0, 1.0)), np.float64)


def jaw_share(points: Floats) -> Floats:
    """How far each vertex (468, 3) is carried by the jaw: 1 on chin and lower lip, 0 on upper lip and cheekbones."""
    corners = points[[61, 291]]
    corner_y, half_mouth = corners[:, 1].mean(), np.abs(corners[:, 0]).mean()
    off_centre = np.abs(points[:, 0] - corners[:, 0].mean())
    # Beside the mouth the cheek stretches over a wide band, below it the skin lies on the bone.
    upper, lower = corner_y - 0.03 - 0.25 * off_centre, corner_y + 0.10 + 0.25 * off_centre
    share = 1 - raised_cosine((points[:, 1] - upper) / (lower - upper))
    for row, at_middle in ((UPPER_LIPS, 0.0), (LOWER_LIPS, 1.0)):
        for lip in row:
            to_corner = np.clip(np.abs(points[list(lip), 0] - corners[:, 0].mean()) / half_mouth, 0, 1)
            share[list(lip)] = at_middle + (0.4 - at_middle) * to_corner**3
    return share


def part_of_face(points: Floats, part: Part) -> Floats:
    """Weight of each vertex (468, 3) for a muscle that moves only a part of the face."""
    if part == "all":
        return np.ones(len(points))
    if part in ("maxilla", "mandible"):
        share = jaw_share(points)
        return share if part == "mandible" else 1 - share
    under = np.empty(len(points))
    for side, (upper, lower) in enumerate(zip(UPPER_LIDS, LOWER_LIDS, strict=True)):
        half = points[:, 0] <= 0 if side == 0 else points[:, 0] > 0
        corner_y = points[[upper[0], upper[-1]], 1].mean()
        under[half] = 1 - raised_cosine((points[half, 1] - corner_y + 0.03) / 0.06)
        under[list(upper[1:-1])], under[list(lower[1:-1])] = 0.0, 1.0
    return under if part == "under_eyes" else 1 - under


@dataclass(frozen=True)
class Linear:
    """A muscle from a bony origin to its insertion in the skin, given on the subject's right half.

    `origin` lies at the mean of its vertices plus an offset (outwards, down, deep).
    """

    insertion: tuple[int, ...]  # vertices; their mean moves by exactly `pull` unless `part` holds it back
    pull: float  # face widths at full intensity
    origin: tuple[int, ...]
    offset: tuple[float, float, float] = (0.0, 0.0, 0.0)
    reach: float = 0.12  # beyond the insertion, face widths
    angle: float = 60.0  # half the opening of the cone, degrees
    part: Part = "all"

    def field(self, points: Floats, side: int) -> Floats:
        """Displacement (468, 3) at full intensity; side -1 is the subject's right (as stored), +1 the left."""
        insertion = points[list(self.insertion)].mean(0)
        outward, down, deep = self.offset
        origin = points[list(self.origin)].mean(0) + np.array([side * outward, down, deep])
        axis = insertion - origin
        length = np.linalg.norm(axis)
        away = points - origin
        distance = np.maximum(np.linalg.norm(away, axis=1), 1e-9)
        angle = np.arccos(np.clip(away @ axis / (distance * length), -1, 1))
        angular = np.cos(np.clip(angle / np.radians(self.angle), 0, 1) * np.pi / 2)
        near = np.sin(np.clip(distance / length, 0, 1) * np.pi / 2)
        radial = np.where(distance <= length, near, raised_cosine((distance - length) / self.reach))
        strength = self.pull * angular * radial * part_of_face(points, self.part)
        return np.asarray(-away / distance[:, None] * strength[:, None], np.float64)


@dataclass(frozen=True)
class Sphincter:
    """A ring of muscle: skin on the ellipse moves towards its centre by `pull`, less inside and outside of it.

    `squeeze` weighs the two axes of the pull, so that lips can be pressed (0, 1) or narrowed (1, 0).
    """

    centre: tuple[int, ...]
    semi_axes: tuple[float, float]  # of the ellipse, face widths
    pull: float  # face widths at full intensity
    squeeze: tuple[float, float] = (1.0, 1.0)
    width: float = 0.6  # of the ring, in units of the ellipse's radius
    part: Part = "all"

    def field(self, points: Floats, side: int) -> Floats:
        """Displacement (468, 3) at full intensity."""
        offset = points[:, :2] - points[list(self.centre), :2].mean(0)
        radius = np.maximum(np.linalg.norm(offset / self.semi_axes, axis=1), 1e-9)
        ring = np.where(radius < 1, np.sin(np.clip(radius, 0, 1) * np.pi / 2), raised_cosine((radius - 1) / self.width))
        direction = -offset / np.maximum(np.linalg.norm(offset, axis=1), 1e-9)[:, None]
        strength = self.pull * ring * part_of_face(points, self.part)
        return np.column_stack([direction * self.squeeze * strength[:, None], np.zeros(len(points))])


def close_opening(
    points: Floats, rows: tuple[tuple[int, ...], tuple[int, ...]], shares: tuple[float, float], fold: float
) -> Floats:
    """Displacement (468, 3) that slides the two margins of an eye or mouth towards each other.

    Args:
        points: the resting mesh in face axes.
        rows: vertices of the upper and the lower margin, corners included, in matching order.
        shares: how much of the opening at its own place each margin travels; negative shares open.
        fold: how far from the margin the skin follows, face widths.
    """
    margins = [points[list(row)] for row in rows]
    opening = np.maximum(margins[1][:, 1] - margins[0][:, 1], 0.0)
    field = np.zeros_like(points)
    for which, (margin, share) in enumerate(zip(margins, shares, strict=True)):
        away = -1 if which == 0 else 1
        order = np.argsort(margin[:, 0])
        travel = -away * share * np.interp(points[:, 0], margin[order, 0], opening[order], left=0.0, right=0.0)
        edge = np.interp(points[:, 0], margin[order, 0], margin[order, 1])
        beyond = away * (points[:, 1] - edge)
        follows = np.where(beyond > -1e-6, raised_cosine((beyond - MARGIN) / (fold - MARGIN)), 0.0)
        follows[list(rows[1 - which][1:-1])] = 0.0
        field[:, 1] += travel * follows
    return field


@dataclass(frozen=True)
class Lid:
    """Lids sliding over the eyeball: each margin travels a share of the opening at its own place, towards the other.

    Negative shares open the eye. The skin of the lid follows up to `fold` face widths from the margin.
    """

    upper: float
    lower: float
    fold: float = 0.13

    def field(self, points: Floats, side: int) -> Floats:
        """Displacement (468, 3) at full intensity; side -1 is the subject's right."""
        eye = 0 if side < 0 else 1
        return close_opening(points, (UPPER_LIDS[eye], LOWER_LIDS[eye]), (self.upper, self.lower), self.fold)


@dataclass(frozen=True)
class Jaw:
    """The mandible swinging about an axis through the ears."""

    degrees: float

    def field(self, points: Floats, side: int) -> Floats:
        """Displacement (468, 3) at full intensity, to first order in the angle."""
        hinge = points[[132, 361]].mean(0)
        arm = points - hinge
        swing = np.radians(self.degrees) * jaw_share(points)
        # About the x axis: what lies in front of the hinge (z < 0) goes down, what lies below goes back.
        return np.column_stack([np.zeros(len(points)), -arm[:, 2] * swing, arm[:, 1] * swing])
