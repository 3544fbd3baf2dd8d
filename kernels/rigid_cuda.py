"""The rigid fit on a GPU."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels import cuda_launch
from kernels.rigid_solve import Fitted, fit, sample

_RUN = 16  # samples per thread


def fit_cuda(flow: Any, depth: Any, stable: Any, stride: int, rigid: bool) -> Fitted:
    """As `rigid_solve.fit`; arrays stay on the GPU, the six unknowns are solved on the host."""
    arrays = cuda_launch.launcher().arrays
    return fit(sample(flow, depth, stable, stride, arrays), rigid, arrays, sums_cuda)


def subtract_cuda(flow: Any, depth: Any, field: NDArray[np.float64]) -> Any:
    """A flow less the motion whose u and v are sums of 1, x, y, z; field (2, 4)."""
    launch = cuda_launch.launcher()
    flow, depth = (launch.arrays.ascontiguousarray(array) for array in (flow, depth))
    residual = launch.arrays.empty_like(flow)
    sums = launch.arrays.asarray(field.astype(np.float32))
    launch("rigid", "subtract", depth.size, flow, depth, sums, residual, *depth.shape)
    return residual


def sums_cuda(samples: Any, weights: Any, rigid: bool) -> NDArray[np.float64]:
    """As `rigid_solve.numpy_sums`."""
    launch = cuda_launch.launcher()
    count = samples.shape[1]
    threads = -(-count // _RUN)
    parts = launch.arrays.zeros((threads, 6, 7), "float64")
    launch("rigid", "normal_sums", threads, samples, weights, parts, count, _RUN, int(rigid))
    total = parts.sum(axis=0)
    return np.asarray(total.get() if hasattr(total, "get") else total)
