"""Region motion on a GPU: sums per pixel row and region, then over the rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels import cuda_launch


def projected_mean(flow: Any, labels: Any, count: int) -> Any:
    """As `region_numba.projected_mean`, on the GPU."""
    launch, flow, labels = _ready(flow, labels)
    height, width = labels.shape
    rows = launch.arrays.zeros((height, count, 2), "float64")
    size = (height, width, count)
    launch("regions", "vector_sums", height * count, flow, labels, rows, *size)
    mean = launch.arrays.ascontiguousarray(rows.sum(axis=0))
    weighted = launch.arrays.zeros((height, count, 3), "float64")
    launch("regions", "projected_sums", height * count, flow, labels, mean, weighted, *size)
    total = weighted.sum(axis=0)
    weight = launch.arrays.where(total[:, :1] > 0, total[:, :1], 1)
    return (total[:, 1:] / weight).astype("float32")


def octant_sums(flow: Any, labels: Any, count: int) -> NDArray[np.float64]:
    """As `region_numba.octant_sums`, summed on the GPU, returned on the CPU."""
    launch, flow, labels = _ready(flow, labels)
    height, width = labels.shape
    rows = launch.arrays.zeros((height, count, 8, 3), "float64")
    launch("regions", "octant_sums", height * count, flow, labels, rows, height, width, count)
    total = rows.sum(axis=0)
    return np.asarray(total.get() if hasattr(total, "get") else total)


def _ready(flow: Any, labels: Any) -> tuple[cuda_launch.Launcher, Any, Any]:
    launch = cuda_launch.launcher()
    arrays = launch.arrays
    return (
        launch,
        arrays.ascontiguousarray(flow, dtype="float32"),
        arrays.ascontiguousarray(labels, dtype="int16"),
    )
