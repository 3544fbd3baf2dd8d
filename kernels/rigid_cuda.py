"""The rigid fit on a GPU."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels import cuda_launch
from kernels.rigid_solve import Samples, fit, sample

_RUN = 16  # samples per thread


def fit_cuda(flow: Any, depth: Any, stable: Any, stride: int, rigid: bool) -> tuple[Samples, Any]:
    """As `rigid_solve.fit`, and the residual flow; arrays stay on the GPU, the six unknowns are solved on the host."""
    launch = cuda_launch.launcher()
    arrays = launch.arrays
    flow, depth, stable = (arrays.ascontiguousarray(array) for array in (flow, depth, stable))
    fitted = fit(sample(flow, depth, stable, stride, arrays), rigid, arrays, _sums)
    field = arrays.asarray(fitted.field.astype(np.float32))
    residual = arrays.empty_like(flow)
    launch("rigid", "subtract", depth.size, flow, depth, field, residual, *depth.shape)
    return fitted, residual


def _sums(samples: Any, weights: Any, rigid: bool) -> NDArray[np.float64]:
    launch = cuda_launch.launcher()
    count = samples.shape[1]
    threads = -(-count // _RUN)
    parts = launch.arrays.zeros((threads, 6, 7), "float64")
    launch("rigid", "normal_sums", threads, samples, weights, parts, count, _RUN, int(rigid))
    total = parts.sum(axis=0)
    return np.asarray(total.get() if hasattr(total, "get") else total)
