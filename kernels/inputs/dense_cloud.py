"""The dense regional cloud of Zhang et al. (IEEE TAFFC 2025): every pixel a candidate."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kernels.clouds import regional_cloud
from kernels.expression_cloud import Measured
from kernels.face_regions import CLOUD_REGIONS, depth_map, region_labels


def dense_cloud(measured: Measured, mesh: NDArray[np.float32], face_width: float, points: int) -> NDArray[np.float32]:
    """The `points` fastest pixels of each region, float32 (8, points, 6)."""
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
