"""Moving an image along a flow: the step under Lagrangian magnification and flow interpolation."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels.backend import Backend, backend_of, checked_flow, contiguous
from kernels.compiled import compiled

ROUNDS = 12
"""Rounds of the inversion; each shrinks its error by the flow's steepness times the factor."""


def displaced(image: Any, flow: Any, factor: float = 1.0, backend: Backend | None = None) -> Any:
    """The image with every pixel moved `factor` times along its flow: out(x + factor d(x)) = image(x).

    For each pixel the place it comes from is found by fixed-point iteration, x <- y - factor d(x), and sampled
    bilinear, borders repeated. That needs |factor| times the flow's gradient below one; beyond, the flow folds and
    no image is right.

    Args:
        image: float32 or uint8 (H, W), grey; NumPy or CuPy.
        flow: float32 (H, W, 2), px.
        factor: 0 leaves the image, 1 carries it to the end of the flow, more magnifies.
        backend: see `kernels.backend.backend_of`.

    Returns:
        float32 (H, W).

    Raises:
        ValueError: shapes that do not fit, or a factor that is not finite.
    """
    chosen = backend_of(flow, backend)
    checked_flow(flow)
    if image.shape != flow.shape[:2] or not np.isfinite(factor):
        raise ValueError(f"need an image of shape {flow.shape[:2]} and a finite factor, not {image.shape} and {factor}")
    if chosen == "cupy":
        from kernels import cuda_launch

        launch = cuda_launch.launcher()
        source = launch.arrays.ascontiguousarray(image, dtype="float32")
        vectors = launch.arrays.ascontiguousarray(flow, dtype="float32")
        out = launch.arrays.empty_like(source)
        launch("displace", "displace", out.size, source, vectors, out, *out.shape, float(factor), ROUNDS)
        return out
    if chosen == "numpy":
        return _displaced(contiguous(image), contiguous(flow), np.float32(factor))
    out = np.empty(image.shape, np.float32)
    _compiled(contiguous(image), contiguous(flow), factor, out)
    return out


def _sample(plane: NDArray[np.float32], x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.float32]:
    height, width = plane.shape
    x, y = np.clip(x, 0, width - 1), np.clip(y, 0, height - 1)
    left = np.minimum(x.astype(np.int64), max(width - 2, 0))
    upper = np.minimum(y.astype(np.int64), max(height - 2, 0))
    right, lower = np.minimum(left + 1, width - 1), np.minimum(upper + 1, height - 1)
    across, down = (x - left).astype(np.float32), (y - upper).astype(np.float32)
    above = plane[upper, left] + across * (plane[upper, right] - plane[upper, left])
    below = plane[lower, left] + across * (plane[lower, right] - plane[lower, left])
    return np.asarray(above + down * (below - above), np.float32)


def _displaced(image: NDArray[np.float32], flow: NDArray[np.float32], factor: np.float32) -> NDArray[np.float32]:
    y, x = np.mgrid[: image.shape[0], : image.shape[1]].astype(np.float32)
    from_x, from_y = x, y
    for _ in range(ROUNDS):
        u, v = _sample(flow[..., 0], from_x, from_y), _sample(flow[..., 1], from_x, from_y)
        from_x, from_y = x - factor * u, y - factor * v
    return _sample(image, from_x, from_y)


@compiled
def _compiled(image: NDArray[np.float32], flow: NDArray[np.float32], factor: float, out: NDArray[np.float32]) -> None:
    height, width = image.shape
    times = np.float32(factor)
    right, bottom = np.float32(width - 1), np.float32(height - 1)
    for y in range(height):
        for x in range(width):
            px, py = np.float32(x), np.float32(y)
            for step in range(ROUNDS + 1):
                px, py = min(max(px, np.float32(0)), right), min(max(py, np.float32(0)), bottom)
                x0, y0 = min(int(px), max(width - 2, 0)), min(int(py), max(height - 2, 0))
                x1, y1 = min(x0 + 1, width - 1), min(y0 + 1, height - 1)
                across, down = px - np.float32(x0), py - np.float32(y0)
                if step == ROUNDS:
                    above = image[y0, x0] + across * (image[y0, x1] - image[y0, x0])
                    below = image[y1, x0] + across * (image[y1, x1] - image[y1, x0])
                    out[y, x] = above + down * (below - above)
                    break
                above = flow[y0, x0, 0] + across * (flow[y0, x1, 0] - flow[y0, x0, 0])
                below = flow[y1, x0, 0] + across * (flow[y1, x1, 0] - flow[y1, x0, 0])
                u = above + down * (below - above)
                above = flow[y0, x0, 1] + across * (flow[y0, x1, 1] - flow[y0, x0, 1])
                below = flow[y1, x0, 1] + across * (flow[y1, x1, 1] - flow[y1, x0, 1])
                px, py = np.float32(x) - times * u, np.float32(y) - times * (above + down * (below - above))
