"""Optical strain: how much the flow stretches the skin, whatever rigid motion it carries."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels.backend import Backend, backend_of, checked_flow, contiguous
from kernels.compiled import compiled_fast

HALF, ONE, TWO = np.float32(0.5), np.float32(1), np.float32(2)


@compiled_fast
def _strain(flow: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    height, width = out.shape
    for y in range(height):
        above, below = max(y - 1, 0), min(y + 1, height - 1)
        down = ONE / np.float32(below - above)
        for x in range(width):
            before, after = max(x - 1, 0), min(x + 1, width - 1)
            across = ONE / np.float32(after - before)
            along_x = (flow[y, after, 0] - flow[y, before, 0]) * across
            along_y = (flow[below, x, 1] - flow[above, x, 1]) * down
            shear = HALF * (
                (flow[below, x, 0] - flow[above, x, 0]) * down + (flow[y, after, 1] - flow[y, before, 1]) * across
            )
            out[y, x] = np.sqrt(along_x * along_x + along_y * along_y + TWO * shear * shear)


def _strain_numpy(flow: NDArray[np.float32]) -> NDArray[np.float32]:
    (u_y, u_x), (v_y, v_x) = np.gradient(flow[..., 0]), np.gradient(flow[..., 1])
    return np.asarray(np.sqrt(u_x**2 + v_y**2 + 2 * ((u_y + v_x) / 2) ** 2), np.float32)


def _strain_cuda(flow: Any) -> Any:
    from kernels import cuda_launch

    launch = cuda_launch.launcher()
    flow = launch.arrays.ascontiguousarray(flow, dtype="float32")
    strain = launch.arrays.empty(flow.shape[:2], "float32")
    launch("strain", "strain", strain.size, flow, strain, *strain.shape)
    return strain


def optical_strain(flow: Any, backend: Backend | None = None) -> Any:
    """Magnitude of the infinitesimal strain tensor of a flow (Shreve et al., 2009).

    e = sqrt(exx^2 + eyy^2 + 2 exy^2), with exx = du/dx, eyy = dv/dy and exy = (du/dy + dv/dx) / 2, by central
    differences, one-sided at the border.

    Args:
        flow: float32 (H, W, 2), px; NumPy or CuPy.
        backend: see `kernels.backend.backend_of`.

    Returns:
        float32 (H, W), px per px.

    Raises:
        ValueError: a flow of another shape.
    """
    chosen = backend_of(flow, backend)
    checked_flow(flow, smallest=2)
    if chosen == "cupy":
        return _strain_cuda(flow)
    if chosen == "numpy":
        return _strain_numpy(contiguous(flow))
    strain = np.empty(flow.shape[:2], np.float32)
    _strain(contiguous(flow), strain)
    return strain


def flow_features(flow: Any, backend: Backend | None = None) -> Any:
    """u, v and optical strain of a flow, float32 (H, W, 3): the input of the published baselines."""
    strain = optical_strain(flow, backend)
    features = type(strain)((*strain.shape, 3), "float32")
    features[..., :2] = flow
    features[..., 2] = strain
    return features
