"""People who do not exist: the portrait with another shape, other muscles and another skin, seen by another camera."""

from __future__ import annotations

from typing import Any

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from models.simulator.action_units import BOTH_SIDES_ONLY, ActionUnits
from models.simulator.face_frame import FaceFrame
from models.simulator.head import Head
from models.simulator.neutral import neutral_mesh
from models.simulator.portrait import Portrait
from models.simulator.render import FaceRenderer

BLOBS = ("BLOB1", "BLOB2", "BLOB3", "BLOB4")
"""Activations of a stranger's smooth twitches that belong to no action unit; 1 moves the skin by one face width."""


class StrangerSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How different people are from the portrait; standard deviations."""

    shape: float = 0.022  # of smooth changes of shape, face widths
    proportions: float = 0.07  # of width, height and depth, logarithmic
    muscle_angle: float = 12.0  # degrees by which a muscle pulls another way
    muscle_gain: float = 0.3  # logarithmic, and of its change over the face
    skin: float = 10.0  # grey levels of texture that the portrait does not have
    shading: float = 20.0  # grey levels of light from one side


class PersonalUnits(ActionUnits):
    """Action units as this person has them: each muscle pulls a little elsewhere than the atlas says."""

    def __init__(
        self, mesh: NDArray[np.floating[Any]], settings: StrangerSettings, random: np.random.Generator
    ) -> None:
        super().__init__(mesh)
        for name in [name for name in self._fields if name.endswith(("L", "R")) or name in BOTH_SIDES_ONLY]:
            angle = np.radians(random.normal(0, settings.muscle_angle))
            gain = np.exp(random.normal(0, settings.muscle_gain) + settings.muscle_gain * _smooth(self._rest, random))
            turned = self._fields[name].copy()
            turned[:, :2] = turned[:, :2] @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
            self._fields[name] = turned * gain[:, None]
        for name in self._fields:
            if name + "L" in self._fields:
                self._fields[name] = self._fields[name + "L"] + self._fields[name + "R"]
        for name in BLOBS:
            centre = self._rest[random.integers(len(self._rest))]
            size = random.uniform(0.05, 0.2)
            bump = np.exp(-0.5 * ((self._rest[:, :2] - centre[:2]) ** 2).sum(1) / size**2)
            direction = random.uniform(0, 2 * np.pi)
            self._fields[name] = bump[:, None] * [np.cos(direction), np.sin(direction), 0.0]


class StrangerHead(Head):
    """A head with personal muscles."""

    def __init__(
        self, mesh: NDArray[np.floating[Any]], size: int, texture: NDArray[np.floating[Any]], units: PersonalUnits
    ) -> None:
        super().__init__(mesh, size, size, texture_mesh=texture)
        self._units = units


class Stranger:
    """One invented person, in face crops of one size.

    Args:
        portrait: whose picture is drawn.
        size: height and width of the crops, px.
        face_px: face width in them, px.
        settings: how different people are.
        random: source of chance.
    """

    def __init__(
        self, portrait: Portrait, size: int, face_px: float, settings: StrangerSettings, random: np.random.Generator
    ) -> None:
        self.face_px = face_px
        centre = 0.5 + random.uniform(-0.02, 0.02, 2)
        placed = portrait.placed(size, size, face_px, (float(centre[0]), float(centre[1])))
        self.rest = _reshaped(neutral_mesh(placed.mesh), settings, random)
        self.units = PersonalUnits(self.rest, settings, random)
        head = StrangerHead(self.rest, size, placed.mesh, self.units)
        self.renderer = FaceRenderer(_reskinned(placed.image, settings, random), head)


def _smooth(points: NDArray[np.float64], random: np.random.Generator) -> NDArray[np.float64]:
    """A random function over the face, unit variance, no detail finer than a third of the face."""
    total = np.zeros(len(points))
    for _ in range(4):
        wave = random.normal(0, 5.0, 2)
        total += np.cos(points[:, :2] @ wave + random.uniform(0, 2 * np.pi))
    return np.asarray(total / np.sqrt(2.0))


def _reshaped(
    mesh: NDArray[np.float32], settings: StrangerSettings, random: np.random.Generator
) -> NDArray[np.float32]:
    frame = FaceFrame.of(mesh)
    points = frame.to_face(mesh)
    factors = np.exp(random.normal(0, settings.proportions, 3) * [0.3, 1.0, 2.5])
    moves = np.column_stack([_smooth(points, random), _smooth(points, random), _smooth(points, random)])
    changed = points * (factors - 1) + settings.shape * moves
    return np.asarray(mesh + frame.vectors_to_image(changed), np.float32)


def _reskinned(image: NDArray[np.uint8], settings: StrangerSettings, random: np.random.Generator) -> NDArray[np.uint8]:
    height, width = image.shape[:2]
    picture = image.astype(np.float32)
    softness = random.uniform(0, 1.8)
    if softness > 0.3:
        picture = cv2.GaussianBlur(picture, (0, 0), softness)
    picture = 255 * (picture / 255) ** np.exp(random.normal(0, 0.3))
    picture = 128 + (picture - 128) * random.uniform(0.5, 1.2) + random.normal(0, 15)
    grain = np.zeros((height, width), np.float32)
    for scale in (0.8, 1.6, 4.0):
        noise = cv2.GaussianBlur(random.standard_normal((height, width), np.float32), (0, 0), scale)
        grain += noise / noise.std() * abs(random.normal(0, settings.skin / 2))
    columns, rows = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
    slope = random.normal(0, settings.shading, 2)
    shading = slope[0] * columns + slope[1] * rows
    return np.asarray(np.clip(picture + (grain + shading)[..., None], 0, 255), np.uint8)
