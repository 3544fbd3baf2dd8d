"""Where skin moves, and how near it is: what makes the errors of a flow differ from place to place."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import LinearNDInterpolator
from scipy.ndimage import gaussian_filter

from models.drawn_expressions import priors
from models.flow_atlas import GRID, FlowAtlas

_RIM = 0.5  # at the border of the crop, where hair, ears and background come in
_SELDOM = 0.03  # share of a pull that no annotator saw
_BLINKS = 1.2  # lids move more often than any action unit


class Faces(NamedTuple):
    """K people."""

    atlas: FlowAtlas
    mobility: NDArray[np.float32]  # (K, 28, 28, 2), how much muscles and lids move the skin across and down
    nearness: NDArray[np.float32]  # (K, 28, 28, 1), to the camera; mean 0 and spread 1 over the crop


def know_faces(atlas: FlowAtlas, still: float) -> Faces:
    """Work out mobility and nearness of an atlas's people; `still` is the mobility where nothing pulls."""
    return Faces(atlas, _mobility(atlas, still), _nearness(atlas))


def how_often(names: tuple[str, ...], blinks: float) -> NDArray[np.float64]:
    """Share of expressions in which annotators saw each pull of an atlas (F,), classes counting alike.

    Args:
        names: of the pulls.
        blinks: share that stands for lids, which annotators leave out.
    """
    every = list(priors().values())
    found = [np.mean([one.units.get(name.rstrip("LR"), 0.0) for one in every]) for name in names]
    lids = [name.startswith("AU45") for name in names]
    return _SELDOM + np.where(lids, blinks, np.array(found))


def _mobility(atlas: FlowAtlas, still: float) -> NDArray[np.float32]:
    reach = np.sqrt((atlas.fields**2).sum(axis=4)).max(axis=(2, 3))
    alike = atlas.fields / np.maximum(reach, 1e-6)[..., None, None, None]
    moved = np.sqrt(np.einsum("f,kfyxc->kyxc", how_often(atlas.names, _BLINKS), alike**2))
    moved = gaussian_filter(moved, (0, 0.7, 0.7, 0))
    moved /= np.sqrt((moved**2).mean(axis=(1, 2), keepdims=True))
    ticks = np.abs(np.linspace(-1, 1, GRID))
    rim = np.maximum(ticks[:, None], ticks[None])[..., None] ** 6
    return np.asarray(still + (1 - still) * np.maximum(moved, _RIM * rim), np.float32)


def _nearness(atlas: FlowAtlas) -> NDArray[np.float32]:
    """A quadric through the landmarks, which goes on beyond the face, and what stands out of it: nose, brows, chin."""
    ticks = (np.arange(GRID) + 0.5) / GRID
    cells = np.stack(np.meshgrid(ticks, ticks), axis=2).reshape(-1, 2)
    found = []
    for mesh in atlas.landmarks:
        places, near = mesh[:, :2], -mesh[:, 2]
        quadric, *_ = np.linalg.lstsq(_quadratic(places), near, rcond=None)
        bulge = LinearNDInterpolator(places, near - _quadratic(places) @ quadric, fill_value=0.0)(cells)
        field = gaussian_filter((_quadratic(cells) @ quadric + bulge).reshape(GRID, GRID), 1.0)
        found.append((field - field.mean()) / field.std())
    return np.asarray(found, np.float32)[..., None]


def _quadratic(places: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    return np.column_stack([np.ones(len(places)), places, places**2, places[:, :1] * places[:, 1:]])
