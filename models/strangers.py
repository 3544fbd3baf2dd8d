"""People who do not exist, in face crops: another shape and skin, and muscles that pull where no atlas says."""

from __future__ import annotations

from typing import Any

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from models.simulator.action_units import BOTH_SIDES_ONLY, ActionUnits
from models.simulator.head import Head
from models.simulator.identity import draw_shape, draw_skin, mirrored
from models.simulator.portrait import Portrait
from models.simulator.render import FaceRenderer

BLOBS = ("BLOB1", "BLOB2", "BLOB3", "BLOB4")
"""Activations of a stranger's smooth twitches that belong to no action unit; 1 moves the skin by one face width."""


class StrangerSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far people stray from portrait and atlas."""

    muscle_angle: float = 12.0  # standard deviation of a muscle's direction, degrees
    muscle_gain: float = 0.3  # of its strength and of the strength's change over the face, logarithmic
    softness: float = 1.2  # skin may be blurred by up to this Gaussian's standard deviation, px
    least_contrast: float = 0.6  # and its contrast be lowered to this share


class PersonalUnits(ActionUnits):
    """Action units as this person has them."""

    def __init__(
        self, mesh: NDArray[np.floating[Any]], settings: StrangerSettings, random: np.random.Generator
    ) -> None:
        super().__init__(mesh)
        for name in [name for name in self._fields if name.endswith(("L", "R")) or name in BOTH_SIDES_ONLY]:
            angle = np.radians(random.normal(0, settings.muscle_angle))
            gain = np.exp(settings.muscle_gain * (random.normal() + _smooth(self._rest, random)))
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
        self,
        mesh: NDArray[np.floating[Any]],
        size: int,
        texture_mesh: NDArray[np.floating[Any]],
        units: PersonalUnits,
    ) -> None:
        super().__init__(mesh, size, size, texture_mesh=texture_mesh)
        self._units = units


class Stranger:
    """One invented person, in face crops of one size.

    Args:
        portrait: whose picture is drawn.
        size: height and width of the crops, px.
        face_px: face width in them, px.
        settings: how far people stray from portrait and atlas.
        random: source of chance.
    """

    def __init__(
        self, portrait: Portrait, size: int, face_px: float, settings: StrangerSettings, random: np.random.Generator
    ) -> None:
        self.face_px = face_px
        right, down = random.uniform(0.48, 0.52, 2)
        placed = (mirrored(portrait) if random.random() < 0.5 else portrait).placed(size, size, face_px, (right, down))
        rest = draw_shape(placed.mesh, random)
        self.units = PersonalUnits(rest, settings, random)
        picture = _soft(draw_skin(placed.image, placed.mesh, random), settings, random)
        self.renderer = FaceRenderer(picture, StrangerHead(rest, size, placed.mesh, self.units))


def _smooth(points: NDArray[np.float64], random: np.random.Generator) -> NDArray[np.float64]:
    """A random function over the face, unit variance, no detail finer than a third of the face."""
    total = np.zeros(len(points))
    for _ in range(4):
        total += np.cos(points[:, :2] @ random.normal(0, 5.0, 2) + random.uniform(0, 2 * np.pi))
    return np.asarray(total / np.sqrt(2.0))


def _soft(image: NDArray[np.uint8], settings: StrangerSettings, random: np.random.Generator) -> NDArray[np.uint8]:
    """Skin that shows less: smooth, powdered, dark, or in dim light."""
    blur = random.uniform(0, settings.softness)
    picture = cv2.GaussianBlur(image, (0, 0), blur) if blur > 0.3 else image
    contrast = random.uniform(settings.least_contrast, 1.1)
    changed = 128 + contrast * (picture.astype(np.float32) - 128) + random.normal(0, 15)
    return np.asarray(np.clip(changed, 0, 255), np.uint8)
