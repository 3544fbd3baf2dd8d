"""A head in a frame: the face mesh, the skin and hair around it, eyes and mouth behind it, as one set of triangles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import Delaunay

from models.simulator.action_units import ActionUnits
from models.simulator.face_frame import face_width
from models.simulator.pose import HeadPose
from models.simulator.surround import distance_to_oval, grid_outside, pose_share
from models.simulator.topology import FACE_OVAL, HOLES, open_triangles

Floats = NDArray[np.float64]
PATCH = 9  # vertices each way of the sheet behind an opening


@dataclass(frozen=True)
class FaceState:
    """What the face does at one moment."""

    activations: Mapping[str, float] = field(default_factory=dict)
    pose: HeadPose = field(default_factory=HeadPose)
    gaze: tuple[float, float] = (0.0, 0.0)  # of both eyes, right and down in face widths; 0.03 is a wide glance


class Head:
    """Vertices, triangles and texture coordinates of a head, and where the vertices go.

    Vertices 0 to 467 are the face mesh. After them come points around the face, which follow it less and less until
    the background rests, and small sheets behind eyes and mouth, which the skin covers where it closes.
    """

    def __init__(
        self,
        mesh: NDArray[np.floating[Any]],
        width: int,
        height: int,
        *,
        texture_mesh: NDArray[np.floating[Any]] | None = None,
    ) -> None:
        """Build the head for a frame.

        Args:
            mesh: the resting face, float (468, 3) px of the frame.
            width, height: of the frame, px.
            texture_mesh: the face in the picture that is drawn onto it, where it has another shape.
        """
        rest = np.asarray(mesh, np.float64)
        picture = rest if texture_mesh is None else np.asarray(texture_mesh, np.float64)
        self.face_px = face_width(rest)
        self._units = ActionUnits(rest)
        oval = list(FACE_OVAL)
        around = grid_outside(picture, width, height)
        gap = distance_to_oval(around, picture)
        # Near the oval the surroundings take part in shape and expression, further out they do not.
        nearest = np.linalg.norm(around[:, None] - picture[None, oval, :2], axis=2)
        kernel = np.exp(
            -0.5 * (nearest / (0.06 * self.face_px) - nearest.min(1, keepdims=True) / (0.06 * self.face_px)) ** 2
        )
        kernel /= kernel.sum(1, keepdims=True)
        self._from_oval = kernel * np.clip(1 - gap / (0.35 * self.face_px), 0, 1)[:, None] ** 2
        shape = kernel * np.clip(1 - gap / (0.9 * self.face_px), 0, 1)[:, None] ** 2
        reshaped = around + shape @ (rest - picture)[oval, :2]
        depth = kernel @ rest[oval, 2] + 0.15 * gap
        self._pose_share = np.concatenate([np.ones(len(rest)), pose_share(around, picture, self.face_px)])

        holes = [self._sheet(rest, picture, name, height) for name in HOLES]
        sheets = np.concatenate([sheet[0] for sheet in holes])
        self.rest = np.concatenate([rest, np.column_stack([reshaped, depth]), sheets])
        self.texture = np.concatenate([picture[:, :2], around, *(sheet[1] for sheet in holes)]).astype(np.float32)
        self._pose_share = np.concatenate([self._pose_share, np.ones(len(sheets))])
        self._first_sheet = len(rest) + len(around)
        self._pivot = rest.mean(0) + np.array([0.0, 0.45, 0.35]) * self.face_px  # where the skull sits on the neck
        self.triangles = self._triangulate(rest, picture, around)

    def _sheet(self, rest: Floats, picture: Floats, name: str, height: int) -> tuple[Floats, Floats]:
        loop = list(HOLES[name])
        margin = 0.10 * self.face_px if name == "mouth" else 0.05 * self.face_px
        grids = []
        for points in (rest, picture):
            low, high = points[loop, :2].min(0) - margin, points[loop, :2].max(0) + margin
            axes = np.meshgrid(np.linspace(low[0], high[0], PATCH), np.linspace(low[1], high[1], PATCH))
            grids.append(np.column_stack([axis.ravel() for axis in axes]))
        depth = np.full(PATCH * PATCH, rest[loop, 2].mean())
        texture = grids[1] + [0.0, height + SEAM]
        return np.column_stack([grids[0], depth]), texture

    def _triangulate(self, rest: Floats, picture: Floats, around: Floats) -> NDArray[np.int32]:
        oval = np.array(FACE_OVAL)
        border = picture[oval, :2]
        index = np.concatenate([oval, len(rest) + np.arange(len(around))])
        fans = Delaunay(np.concatenate([border, around])).simplices
        middles = np.concatenate([border, around])[fans].mean(1)
        outer = index[fans[distance_to_oval(middles, picture) > 0]]
        cells = []
        for sheet in range(len(HOLES)):
            corner = self._first_sheet + sheet * PATCH * PATCH
            rows, columns = np.meshgrid(np.arange(PATCH - 1), np.arange(PATCH - 1))
            at = (corner + rows * PATCH + columns).ravel()
            cells += [np.stack([at, at + 1, at + PATCH], 1), np.stack([at + 1, at + PATCH + 1, at + PATCH], 1)]
        return np.ascontiguousarray(np.concatenate([*cells, outer, open_triangles()]), np.int32)

    @property
    def units(self) -> ActionUnits:
        """The face's muscles."""
        return self._units

    def moving_box(self) -> NDArray[np.float32]:
        """Left, top, right and bottom of the picture that may move at all, px; beyond it the background rests."""
        corners = self.triangles[(self._pose_share[self.triangles] > 0).any(1)]
        texture = self.texture[: self._first_sheet]
        points = texture[corners[corners < self._first_sheet]]
        reshaped = self.rest[: self._first_sheet, :2][corners[corners < self._first_sheet]]
        low = np.minimum(points.min(0), reshaped.min(0))
        return np.concatenate([low, np.maximum(points.max(0), reshaped.max(0))]).astype(np.float32)

    def vertices(self, state: FaceState) -> NDArray[np.float32]:
        """All vertices at one moment, float32 (n, 3) px of the frame; the first 468 are the face mesh."""
        moved = self.rest.copy()
        skin = self._units.displacement(state.activations).astype(np.float64)
        moved[: len(skin)] += skin
        moved[len(skin) : self._first_sheet] += self._from_oval @ skin[list(FACE_OVAL)]
        self._look(moved, state.gaze)
        self._drop_teeth(moved, skin)
        posed = state.pose.move(moved, self._pivot, self.face_px)
        return np.asarray(moved + self._pose_share[:, None] * (posed - moved), np.float32)

    def _look(self, moved: Floats, gaze: tuple[float, float]) -> None:
        # The iris moves most, the corners of the eye rest: the eyeball turns.
        steps = np.linspace(-1, 1, PATCH)
        bulge = np.outer(np.cos(steps * np.pi / 2), np.cos(steps * np.pi / 2)).ravel() ** 0.5
        for eye in range(2):
            first = self._first_sheet + eye * PATCH * PATCH
            moved[first : first + PATCH * PATCH, :2] += bulge[:, None] * np.array(gaze) * self.face_px

    def _drop_teeth(self, moved: Floats, skin: Floats) -> None:
        # Lower teeth and tongue go with the chin, upper teeth rest.
        first = self._first_sheet + 2 * PATCH * PATCH
        share = np.repeat(np.linspace(0, 1, PATCH) ** 2, PATCH)
        moved[first : first + PATCH * PATCH] += share[:, None] * skin[152]


SEAM = 8
"""Rows of mirrored border between the picture and its copy without lids and lips."""
