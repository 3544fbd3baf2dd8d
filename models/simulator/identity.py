"""Other people from one portrait: another shape of the face, another skin, other light on it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from kernels.face_topology import mirror
from models.simulator.face_frame import FaceFrame, face_width
from models.simulator.neutral import neutral_mesh
from models.simulator.portrait import Portrait

PROPORTIONS = (0.02, 0.05, 0.12)
"""Standard deviations of width, height and depth of a face, as logarithms; width stays, as faces are scaled to it."""
SHAPE = 0.018
"""Standard deviation of smooth changes of shape, face widths."""


def mirrored(portrait: Portrait) -> Portrait:
    """The portrait as in a mirror."""
    mesh = portrait.mesh[mirror()].copy()
    mesh[:, 0] = portrait.image.shape[1] - 1 - mesh[:, 0]
    return Portrait(portrait.name, np.ascontiguousarray(portrait.image[:, ::-1]), mesh)


def draw_shape(mesh: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Resting mesh of another person, float32 (468, 3) px: the neutral face under a smooth, nearly symmetric warp."""
    rest = neutral_mesh(mesh)
    frame = FaceFrame.of(rest)
    points = frame.to_face(rest)
    aside = np.abs(points[:, 0])  # functions of it are symmetric
    change = points * (np.exp(rng.normal(0, PROPORTIONS)) - 1)
    change[:, 0] += np.sign(points[:, 0]) * SHAPE * _smooth(aside, points[:, 1], rng) * np.clip(aside / 0.1, 0, 1)
    change[:, 1] += SHAPE * _smooth(aside, points[:, 1], rng)
    change[:, 2] += 2 * SHAPE * _smooth(aside, points[:, 1], rng)
    change[:, :2] += 0.25 * SHAPE * _smooth(points[:, 0], points[:, 1], rng)[:, None]
    # The lips of the drawn face must meet where they met.
    moved = rest + frame.vectors_to_image(change)
    centre = (moved.max(0) + moved.min(0)) / 2 - (rest.max(0) + rest.min(0)) / 2
    scale = face_width(rest) / face_width(moved)
    middle = moved.mean(0)
    return np.asarray((moved - middle) * scale + middle - centre, np.float32)


def draw_skin(image: NDArray[np.uint8], mesh: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Another complexion and another camera's colours, RGB uint8 (height, width, 3)."""
    height, width = image.shape[:2]
    size = face_width(mesh)
    picture = image.astype(np.float32) / 255
    picture **= np.exp(rng.normal(0, 0.25) + rng.normal(0, 0.05, 3)).astype(np.float32)
    grey = picture.mean(2, keepdims=True)
    picture = grey + (picture - grey) * np.float32(rng.uniform(0.5, 1.3))
    picture = 0.45 + (picture - 0.45) * np.float32(rng.uniform(0.7, 1.15)) + np.float32(rng.normal(0, 0.04))
    columns, rows = np.meshgrid(
        np.linspace(-1, 1, width, dtype=np.float32), np.linspace(-1, 1, height, dtype=np.float32)
    )
    slope = rng.normal(0, 0.06, 2)
    shade = 1 + slope[0] * columns + slope[1] * rows
    # Pores, freckles and uneven colour: what an enlarged photograph has lost and what motion is measured by.
    for scale, strength in ((0.006, 0.010), (0.02, 0.012), (0.08, 0.015)):
        sigma = max(scale * size, 0.7)
        grain = cv2.GaussianBlur(rng.standard_normal((height, width), np.float32), (0, 0), sigma)
        shade += grain / max(float(grain.std()), 1e-6) * abs(rng.normal(0, strength))
    return np.asarray(np.clip(picture * shade[..., None], 0, 1) * 255 + 0.5, np.uint8)


def _smooth(x: NDArray[np.float64], y: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """A random function of unit variance without detail finer than about half a face."""
    total = np.zeros_like(x)
    for _ in range(4):
        wave = rng.normal(0, 3.5, 2)
        total += np.cos(wave[0] * x + wave[1] * y + rng.uniform(0, 2 * np.pi))
    return np.asarray(total / np.sqrt(2.0), np.float64)
