"""Optical strain: how much the flow stretches the skin, whatever rigid motion it carries."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kernels.compiled import compiled_fast


@compiled_fast
def _strain(flow: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    height, width = out.shape
    half = np.float32(0.5)
    for y in range(height):
        above, below = max(y - 1, 0), min(y + 1, height - 1)
        down = np.float32(1) / np.float32(below - above)
        for x in range(width):
            before, after = max(x - 1, 0), min(x + 1, width - 1)
            across = np.float32(1) / np.float32(after - before)
            along_x = (flow[y, after, 0] - flow[y, before, 0]) * across
            along_y = (flow[below, x, 1] - flow[above, x, 1]) * down
            shear = half * (
                (flow[below, x, 0] - flow[above, x, 0]) * down + (flow[y, after, 1] - flow[y, before, 1]) * across
            )
            out[y, x] = np.sqrt(along_x * along_x + along_y * along_y + np.float32(2) * shear * shear)


def optical_strain(flow: NDArray[np.float32]) -> NDArray[np.float32]:
    """Magnitude of the infinitesimal strain tensor of a flow (Shreve et al., 2009).

    e = sqrt(exx^2 + eyy^2 + 2 exy^2), with exx = du/dx, eyy = dv/dy and exy = (du/dy + dv/dx) / 2, by central
    differences, one-sided at the border.

    Args:
        flow: float32 (H, W, 2), px.

    Returns:
        float32 (H, W), px per px.

    Raises:
        ValueError: a flow of another shape.
    """
    flow = np.ascontiguousarray(flow, dtype=np.float32)
    if flow.ndim != 3 or flow.shape[2] != 2 or min(flow.shape[:2]) < 2:
        raise ValueError(f"flow must be (H, W, 2) with at least 2 pixels each way, not {flow.shape}")
    strain = np.empty(flow.shape[:2], np.float32)
    _strain(flow, strain)
    return strain


def flow_features(flow: NDArray[np.float32]) -> NDArray[np.float32]:
    """u, v and optical strain of a flow, float32 (H, W, 3): the input of the published baselines."""
    return np.dstack([np.asarray(flow, np.float32), optical_strain(flow)])
