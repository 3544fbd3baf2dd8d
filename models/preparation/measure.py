"""What is measured in a clip: flows, clouds, patches."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kernels.clouds import regional_cloud
from kernels.expression_cloud import Measured
from kernels.face_regions import CLOUD_REGIONS, depth_map, region_labels
from kernels.flow import FlowEstimator
from models.systems.face_areas import patches_at


def dense_cloud(measured: Measured, mesh: NDArray[np.float32], face_width: float, points: int) -> NDArray[np.float32]:
    """The `points` fastest pixels of each region (8, points, 6), every pixel a candidate (Zhang et al., 2025)."""
    size = measured.residual.shape[0]
    depth = depth_map(mesh, size, size)
    labels = region_labels(mesh, size, size, "cloud")
    return np.asarray(
        regional_cloud(
            measured.residual, measured.strain, depth, labels,
            count=len(CLOUD_REGIONS), points=points, face_width=face_width, centre=mesh.mean(axis=0),
        ),
        np.float32,
    )  # fmt: skip


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


class FlowSeries:
    """Flows between the ten frames of an expression.

    Args:
        size: of the frames, px.
    """

    def __init__(self, size: int) -> None:
        self._estimate = FlowEstimator(size, size, "precise")

    def consecutive(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        """From each frame to the next, (T - 1, S, S, 2), px."""
        stack = np.clip(frames, 0, 255).astype(np.float32)
        return np.stack([self._estimate.estimate(stack[at], stack[at + 1]) for at in range(len(stack) - 1)])

    def cumulative(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        """From the first frame to each other, (T - 1, S, S, 2), px."""
        stack = np.clip(frames, 0, 255).astype(np.float32)
        self._estimate.set_reference(stack[0])
        return np.stack([self._estimate.to(frame) for frame in stack[1:]])


def patches(flows: NDArray[np.float32], landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
    """Flow patches (30, 9, 2, 7, 7) of brows and mouth."""
    return patches_at(flows, landmarks)
