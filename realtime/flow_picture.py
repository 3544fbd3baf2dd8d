"""Optical flow as a colour picture: the hue is the direction, the strength of the colour the distance."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

_ROUND = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.5, 10.0, 15.0, 20.0, 30.0, 50.0)
_RIM = 9  # px


def full_scale(flow: NDArray[np.float32], where: NDArray[np.bool_] | None = None) -> float:
    """A round number of px that all but the largest few motions stay below; never under half a pixel.

    Args:
        flow: float32 (H, W, 2).
        where: bool (H, W), pixels that count; all when not given.
    """
    distance = np.linalg.norm(flow, axis=-1)
    distance = distance if where is None else distance[where]
    most = float(np.percentile(distance, 99.5)) if distance.size else 0.0
    return next((value for value in _ROUND if value >= most), _ROUND[-1])


def flow_colours(flow: NDArray[np.float32], full: float) -> NDArray[np.uint8]:
    """Flow as RGB uint8 (H, W, 3): white where nothing moves, pure colour from `full` px on.

    Red is to the image's right, then clockwise as seen: yellow-green down, cyan left, violet up.
    """
    angle = np.degrees(np.arctan2(flow[..., 1], flow[..., 0])) % 360
    hsv = np.empty((*flow.shape[:2], 3), np.uint8)
    hsv[..., 0] = np.rint(angle / 2) % 180
    hsv[..., 1] = np.rint(255 * _share(flow, full))
    hsv[..., 2] = 255
    rgb: NDArray[np.uint8] = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)
    return rgb


def inside_face(mesh: NDArray[np.float32], height: int, width: int) -> NDArray[np.bool_]:
    """Pixels well within the rim of a (468, 3) mesh, bool (height, width): at the rim flow is the background's."""
    drawn = np.zeros((height, width), np.uint8)
    cv2.fillConvexPoly(drawn, cv2.convexHull(np.rint(mesh[:, :2]).astype(np.int32)), 1)
    return cv2.erode(drawn, np.ones((_RIM, _RIM), np.uint8)).astype(np.bool_)


def flow_over_face(
    face: NDArray[np.uint8], flow: NDArray[np.float32], where: NDArray[np.bool_], full: float
) -> NDArray[np.uint8]:
    """Flow laid over the face it moves, RGB uint8 (H, W, 3): the further a pixel moved, the more colour covers it.

    Args:
        face: grey uint8 (H, W).
        flow: float32 (H, W, 2), px.
        where: bool (H, W), pixels that are coloured.
        full: motion that is covered most, px; its hue is pure from half of it on.
    """
    cover = (_cover(flow, full) * where)[..., None]
    colours = cv2.cvtColor(face, cv2.COLOR_GRAY2RGB) * (1 - cover) + flow_colours(flow, full / 2) * cover
    return np.rint(colours).astype(np.uint8)


def colour_wheel(size: int) -> NDArray[np.uint8]:
    """The legend, RGBA uint8 (size, size, 4): what flow looks like when laid over something, full scale at the rim."""
    y, x = (np.mgrid[:size, :size].astype(np.float32) + 0.5 - size / 2) / (size / 2)
    radius = np.hypot(x, y)
    inside = (np.clip((1 - radius) * size / 2, 0, 1) * 255).astype(np.uint8)
    flow = np.dstack([x, y])
    return np.dstack([flow_colours(flow, 0.5), np.rint(_cover(flow, 1.0) * inside).astype(np.uint8)])


def _cover(flow: NDArray[np.float32], full: float) -> NDArray[np.float32]:
    """How much of the face the colour hides; hue is certain from half the scale on, so that weak motion is seen."""
    return np.asarray(0.9 * _share(flow, full) ** 0.7, np.float32)


def _share(flow: NDArray[np.float32], full: float) -> NDArray[np.float32]:
    return np.minimum(np.linalg.norm(flow, axis=-1) / full, 1.0)
