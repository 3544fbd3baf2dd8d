"""Clouds whose depth comes from a depth camera instead of the face mesh."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def with_depth_change(
    cloud: NDArray[np.float32],
    onset_depth: NDArray[np.float32],
    apex_depth: NDArray[np.float32],
    mesh: NDArray[np.float32],
    face_width: float,
) -> NDArray[np.float32]:
    """A cloud whose depth and last channel come from a depth camera.

    Args:
        cloud: (8, P, 6) in face widths, u and v in px at 224 px face width.
        onset_depth: (S, S) in the camera's unit, 0 where it saw nothing; cut like the crops.
        apex_depth: the same at the apex.
        mesh: whose middle is the cloud's origin, px.
        face_width: px.

    Returns:
        The cloud with z in standard deviations of the face's depth, and as its sixth channel how z changed, likewise.
    """
    size = onset_depth.shape[0]
    seen = onset_depth[onset_depth > 0]
    middle, spread = (float(np.median(seen)), max(float(seen.std()), 1e-6)) if seen.size else (0.0, 1.0)
    centre = mesh.mean(axis=0)
    place = cloud[..., :2] * face_width + centre[:2]
    moved = place + cloud[..., 3:5] * face_width / 224.0

    def at(depth: NDArray[np.float32], points: NDArray[np.float32]) -> NDArray[np.float32]:
        x, y = (np.clip(np.round(points[..., axis]).astype(int), 0, size - 1) for axis in (0, 1))
        found = depth[y, x]
        return np.asarray(np.where(found > 0, (found - middle) / spread, 0.0), np.float32)

    out = cloud.copy()
    out[..., 2] = at(onset_depth, place)
    out[..., 5] = at(apex_depth, moved) - out[..., 2]
    return out
