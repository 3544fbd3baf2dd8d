"""Temporal interpolation: a clip of a wanted number of frames, or at a wanted rate."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from kernels.backend import Backend, backend_of
from kernels.displace import displaced
from kernels.flow import FlowEstimator


def places_for_count(frames: int, count: int) -> NDArray[np.float64]:
    """Where `count` frames lie among `frames`, first and last kept, float64 (count,) in frames of the clip.

    Raises:
        ValueError: fewer than one frame, either way.
    """
    if frames < 1 or count < 1:
        raise ValueError(f"need at least one frame in and out, not {frames} and {count}")
    return np.linspace(0, frames - 1, count)


def places_for_rate(frames: int, rate: float, wanted: float) -> NDArray[np.float64]:
    """Where frames at `wanted` Hz lie among `frames` at `rate` Hz, float64, from the first frame on.

    Raises:
        ValueError: no frame, or rates that are not positive.
    """
    if frames < 1 or not rate > 0 or not wanted > 0:
        raise ValueError(f"need frames and positive rates, not {frames}, {rate} and {wanted} Hz")
    # A hair more, so that the last frame is not lost to rounding.
    return np.arange(int(np.floor((frames - 1) * wanted / rate + 1e-9)) + 1) * (rate / wanted)


def interpolate_frames(
    frames: Any,
    places: NDArray[np.float64],
    method: Literal["flow", "linear"] = "flow",
    backend: Backend | None = None,
) -> Any:
    """Frames at the given places of a clip.

    "flow" carries the frames on both sides along the flow between them to the wanted moment, and blends the two by
    nearness; "linear" blends them where they are, which turns motion into fading.

    Args:
        frames: (T, H, W) grey, uint8 or float32; NumPy or CuPy.
        places: (N,), in frames from the first, 0 to T - 1; see `places_for_count` and `places_for_rate`.
        method: "flow" or "linear".
        backend: see `kernels.backend.backend_of`.

    Returns:
        float32 (N, H, W); a place on a frame gives that frame unchanged.

    Raises:
        ValueError: frames of another shape, places beyond the clip, or an unknown method.
    """
    chosen = backend_of(frames, backend)
    places = np.asarray(places, np.float64)
    if len(frames.shape) != 3 or not frames.shape[0]:
        raise ValueError(f"frames must be (T, H, W), not {frames.shape}")
    if places.ndim != 1 or not ((places >= 0) & (places <= frames.shape[0] - 1)).all():
        raise ValueError(f"places must lie between 0 and {frames.shape[0] - 1}")
    if method not in ("flow", "linear"):
        raise ValueError(f'method must be "flow" or "linear", not {method!r}')
    carry = _Carry(chosen, *frames.shape[1:]) if method == "flow" else None
    stack = frames.astype("float32")
    out = type(stack)((len(places), *frames.shape[1:]), "float32")
    for n, place in enumerate(places):
        first = int(place)
        share = np.float32(place - first)
        if share == 0:
            out[n] = stack[first]
        elif carry is None:
            out[n] = (1 - share) * stack[first] + share * stack[first + 1]
        else:
            ahead, back = carry.between(stack, first)
            early = displaced(stack[first], ahead, float(share), chosen)
            late = displaced(stack[first + 1], back, float(1 - share), chosen)
            out[n] = (1 - share) * early + share * late
    return out


class _Carry:
    """Flows between neighbouring frames, kept as long as places stay between the same two."""

    def __init__(self, backend: Backend, height: int, width: int) -> None:
        self._estimate = FlowEstimator(height, width, "precise", backend)
        self._first, self._flows = -1, (None, None)

    def between(self, frames: Any, first: int) -> tuple[Any, Any]:
        """Flow from frame `first` to the next, and back."""
        if first != self._first:
            one, two = frames[first], frames[first + 1]
            self._first, self._flows = first, (self._estimate(one, two), self._estimate(two, one))
        return self._flows
