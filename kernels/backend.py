"""Which implementation runs: named by the caller, or else by the kind of array; never exchanged silently."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Backend = Literal["numba", "numpy", "cupy"]


def backend_of(array: Any, backend: Backend | None) -> Backend:
    """The backend to use.

    Args:
        array: NumPy arrays go to Numba, CuPy arrays to CuPy, where `backend` is None.
        backend: "numba", "numpy" (the slow reference), "cupy", or None.

    Raises:
        ValueError: an unknown backend, or a CuPy array for a backend on the CPU.
    """
    on_gpu = type(array).__module__.split(".")[0] == "cupy"
    if backend is None:
        return "cupy" if on_gpu else "numba"
    if backend not in ("numba", "numpy", "cupy"):
        raise ValueError(f'backend must be "numba", "numpy" or "cupy", not {backend!r}')
    if on_gpu and backend != "cupy":
        raise ValueError(f"a CuPy array cannot go to the {backend} backend; fetch it with .get() first")
    return backend


def checked_flow(flow: Any, smallest: int = 1) -> None:
    """Refuse what is no flow field.

    Raises:
        ValueError: not (H, W, 2) of floats, fewer than `smallest` pixels each way, or values that are not finite.
    """
    shape, kind = getattr(flow, "shape", None), getattr(flow, "dtype", None)
    if shape is None or len(shape) != 3 or shape[2] != 2 or min(shape[:2]) < smallest:
        raise ValueError(f"flow must be (H, W, 2) with at least {smallest} pixels each way, not {shape}")
    if kind != np.float32 and kind != np.float64:
        raise ValueError(f"flow must be float32, not {kind}")
    # The sum is finite only if all are, and costs a tenth of looking at each. On a GPU it would wait for the device.
    if isinstance(flow, np.ndarray) and not np.isfinite(flow.sum()):
        raise ValueError("the flow holds values that are not finite")


def contiguous(array: Any) -> NDArray[np.float32]:
    """NumPy, float32, C order, writeable: the one kind that compiled kernels take. The array itself where it is so."""
    return np.require(array, np.float32, ["C", "W"])


def contiguous_labels(labels: Any) -> NDArray[np.int16]:
    """As `contiguous`, int16."""
    return np.require(labels, np.int16, ["C", "W"])
