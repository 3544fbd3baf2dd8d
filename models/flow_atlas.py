"""How the skin of invented people moves under each action unit, as small flow fields over a tight crop of the face."""

from __future__ import annotations

import csv
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import LinearNDInterpolator

from kernels.face_topology import mirror
from models.flow_face import frontal_face
from models.simulator.action_units import BOTH_SIDES_ONLY
from models.simulator.identity import draw_shape
from models.simulator.portrait import builtin_portrait
from models.strangers import PersonalUnits, StrangerSettings

GRID = 28
"""Cells each way, as in the flows of MEGC 2019."""
_LEFT_EDGE, _RIGHT_EDGE, _TOP, _CHIN = 234, 454, 10, 152
_REACH = 0.08  # of a drawn pull at full intensity, face widths: about a lip corner's


class FlowAtlas(NamedTuple):
    """K people."""

    names: tuple[str, ...]  # of the F fields: AU12L, AU12R, AU17, ...
    fields: NDArray[np.float32]  # (K, F, 28, 28, 2) at full intensity, face widths
    landmarks: NDArray[np.float32]  # (K, 468, 3), fractions of the crop


def draw_atlas(people: int, settings: StrangerSettings, random: np.random.Generator) -> FlowAtlas:
    """Invent people, crop their faces tightly but not exactly, and lay their muscles' pull on a grid.

    A quarter of them move by the simulator's muscles, the others by bell-shaped pulls (`flow_pulls.csv`), which reach
    as far as an estimator carries motion: brows take the whole forehead with them, a smile the cheek. Neither is how
    skin moves, and a network that must do with both relies on what they have in common.

    Args:
        people: how many.
        settings: how far muscles stray from the atlas of the simulator.
        random: source of chance.
    """
    face = frontal_face(builtin_portrait().mesh)
    names: tuple[str, ...] = ()
    fields, landmarks = [], []
    for person in range(people):
        rest = draw_shape(face, random)
        units = PersonalUnits(rest, settings, random)
        names = tuple(name for name in units.names() if name[-1] in "LR" or name in BOTH_SIDES_ONLY)
        placed, scale = _crop(rest, random)
        pulls = np.concatenate([units.displacement({name: 1.0})[:, :2] for name in names], axis=1) / units.face_px
        moved = _on_grid(placed[:, :2], pulls * scale).reshape(GRID, GRID, len(names), 2).transpose(2, 0, 1, 3)
        fields.append(_drawn(names, placed, moved, random) if person % 4 else moved)
        landmarks.append(placed)
    return FlowAtlas(names, np.stack(fields).astype(np.float32), np.stack(landmarks).astype(np.float32))


def _crop(mesh: NDArray[np.float32], random: np.random.Generator) -> tuple[NDArray[np.float64], float]:
    """The mesh in fractions of a crop whose edges miss those of the face a little, and face widths per crop."""
    points = np.asarray(mesh, np.float64)
    left, right = points[_LEFT_EDGE, 0], points[_RIGHT_EDGE, 0]
    top, bottom = points[_TOP, 1], points[_CHIN, 1]
    width, height = right - left, bottom - top
    low = np.array([left, top]) + random.normal(0.0, (0.04 * width, 0.07 * height))
    high = np.array([right, bottom]) + random.normal(0.0, (0.04 * width, 0.04 * height))
    size = high - low
    placed = np.empty_like(points)
    placed[:, :2] = (points[:, :2] - low) / size
    placed[:, 2] = points[:, 2] / size[0]
    angle = random.normal(0, np.radians(2.0))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    placed[:, :2] = (placed[:, :2] - 0.5) @ turn.T + 0.5
    return placed, float(width / size[0])


class _Pull(NamedTuple):
    """One bell-shaped pull of an action unit on the subject's right, in face widths."""

    vertices: tuple[int, ...]
    offset: tuple[float, float]  # of its middle from the vertices', outwards and down
    pull: tuple[float, float]  # outwards and down
    size: tuple[float, float]  # standard deviations across and down


@lru_cache(maxsize=1)
def _pulls() -> dict[str, list[_Pull]]:
    found: dict[str, list[_Pull]] = {}
    with Path(__file__).with_name("flow_pulls.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            vertices = tuple(int(vertex) for vertex in row["vertices"].split("+"))
            offset, pull = (float(row["out"]), float(row["down"])), (float(row["pull_out"]), float(row["pull_down"]))
            size = float(row["wide"]), float(row["high"])
            found.setdefault(row["unit"], []).append(_Pull(vertices, offset, pull, size))
    return found


def _drawn(
    names: tuple[str, ...], placed: NDArray[np.float64], moved: NDArray[np.float64], random: np.random.Generator
) -> NDArray[np.float64]:
    """Fields (F, 28, 28, 2) with those of the table in place of the muscles'."""
    ticks = (np.arange(GRID) + 0.5) / GRID
    across, down = np.meshgrid(ticks, ticks)
    fields = moved.copy()
    for index, name in enumerate(names):
        pulls = _pulls().get(name.rstrip("LR"), [])
        if not pulls:
            continue
        fields[index] = 0.0
        for pull in pulls:
            for side in (-1, 1) if name in BOTH_SIDES_ONLY else ((1,) if name.endswith("L") else (-1,)):
                vertices = np.array(pull.vertices)
                middle = placed[vertices if side < 0 else mirror()[vertices], :2].mean(axis=0)
                middle += np.array([side * pull.offset[0], pull.offset[1]]) + random.normal(0, 0.02, 2)
                wide, high = np.array(pull.size) * np.exp(random.normal(0, 0.2, 2))
                bell = np.exp(-0.5 * (((across - middle[0]) / wide) ** 2 + ((down - middle[1]) / high) ** 2))
                angle, gain = random.normal(0, 0.3), _REACH * np.exp(random.normal(0, 0.2))
                out, below = side * pull.pull[0], pull.pull[1]
                turned = out * np.cos(angle) - below * np.sin(angle), out * np.sin(angle) + below * np.cos(angle)
                fields[index] += gain * bell[..., None] * np.array(turned)
    return fields


def _on_grid(places: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values (468, C) at places (468, 2) in 0..1 -> (28 * 28, C) at the middles of the cells; 0 off the face."""
    ticks = (np.arange(GRID) + 0.5) / GRID
    cells = np.stack(np.meshgrid(ticks, ticks), axis=2).reshape(-1, 2)
    return np.asarray(LinearNDInterpolator(places, values, fill_value=0.0)(cells), np.float64)
