"""Pairs of images with exactly known displacement."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import map_coordinates


def grid(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    y, x = np.mgrid[:height, :width].astype(np.float32)
    return x, y


def pulled_back(after: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """The image from which `flow` leads to `after`: before(x) = after(x + flow(x))."""
    x, y = grid(*after.shape)
    # By cubic splines: OpenCV rounds places to 1/32 px.
    places = [y + flow[..., 1], x + flow[..., 0]]
    return np.asarray(map_coordinates(after, places, order=3, mode="mirror"), np.float32)


def uniform(height: int, width: int, u: float, v: float) -> np.ndarray:
    return np.full((height, width, 2), (u, v), np.float32)


def bump(height: int, width: int, peak: float, spread: float = 20.0, angle: float = 0.7) -> np.ndarray:
    """One Gaussian pull a little off the middle."""
    x, y = grid(height, width)
    pull = peak * np.exp(-0.5 * ((x - 0.55 * width) ** 2 + (y - 0.45 * height) ** 2) / spread**2)
    return (pull[..., None] * [np.cos(angle), np.sin(angle)]).astype(np.float32)


def error(flow: np.ndarray, truth: np.ndarray, border: int = 12) -> float:
    """Mean end-point error inside a border, px."""
    inside = slice(border, -border)
    return float(np.linalg.norm(flow - truth, axis=2)[inside, inside].mean())
