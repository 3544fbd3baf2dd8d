"""Onset, apex and offset of one rise and fall: geometry of a curve, no state.

A course is the progress of an expression along its own direction, (n,) values at (n,) times in seconds.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FOOT = 0.2
"""Share of the peak at which a rise is taken to start and a decay to be over, before extrapolation."""
RETURNED = 0.45
"""Share of the peak below which the face counts as returning."""
STOPPED = 0.08
"""Share of the peak by which a course must still change to be under way."""
PLATEAU_BY_S = 1.5
"""The first plateau of a held expression is looked for this long after its onset."""
_HELD_S = 0.15  # a rise has stopped when nothing is gained for this long
_SMOOTHING_S = 0.034  # one frame of an ordinary webcam
_FARTHEST_FOOT_S = 0.06  # no foot lies further beyond its crossing


def onset(times: NDArray[np.float64], course: NDArray[np.float64]) -> float:
    """Foot of the rise: the crossing of 20 % of the peak, drawn on down the slope to zero."""
    apex = int(np.argmax(course))
    return _foot(times[: apex + 1][::-1], course[: apex + 1][::-1], float(course[apex]))


def offset(times: NDArray[np.float64], course: NDArray[np.float64]) -> float:
    """Foot of the decay, never later than the last sample."""
    apex = int(np.argmax(course))
    last = int(np.flatnonzero(course >= RETURNED * course[apex])[-1])
    return min(_foot(times[last:], course[last:], float(course[apex])), float(times[-1]))


def apex(times: NDArray[np.float64], course: NDArray[np.float64]) -> float:
    """Time of the highest point of a rise: where it first stops, if the face then holds what it shows."""
    early = times <= times[0] + PLATEAU_BY_S
    high = np.flatnonzero(early & (course >= 0.6 * course[early].max()))
    for first in high:
        ahead = course[first : int(np.searchsorted(times, times[first] + _HELD_S)) + 1]
        if ahead.max() - course[first] < STOPPED * course[first]:
            return parabola(times, course, int(first + np.argmax(ahead)))
    return float(times[high[-1]])


def smooth(times: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Centred mean over one frame of an ordinary webcam; at such rates nothing changes.

    Args:
        times: (n,).
        values: (n, ...).
    """
    if len(times) < 3:
        return values
    width = int(_SMOOTHING_S / max(float(np.median(np.diff(times))), 1e-3)) // 2 * 2 + 1
    if width < 3:
        return values
    padded = np.pad(values, [(width // 2, width // 2)] + [(0, 0)] * (values.ndim - 1), mode="edge")
    total = np.cumsum(np.concatenate([np.zeros_like(padded[:1]), padded]), axis=0)
    return (total[width:] - total[:-width]) / width


def _foot(times: NDArray[np.float64], course: NDArray[np.float64], peak: float) -> float:
    """Walk away from the peak until the course has fallen to its foot, then extrapolate the slope to zero.

    Args:
        times: (n,), going away from the peak in either direction of time.
        course: (n,), falling.
        peak: height of the peak.
    """
    low = np.flatnonzero(course <= FOOT * peak)
    if len(low) == 0:
        return float(times[-1])
    end = int(low[0])
    if end == 0:
        return float(times[0])
    half = np.flatnonzero(course[: end + 1] >= 0.5 * peak)
    start = int(half[-1]) if len(half) else 0
    slope = (course[start] - course[end]) / (times[start] - times[end])
    crossing = times[end] + (FOOT * peak - course[end]) / slope
    beyond = np.clip(-FOOT * peak / slope, -_FARTHEST_FOOT_S, _FARTHEST_FOOT_S)
    return float(crossing + beyond)


def parabola(times: NDArray[np.float64], course: NDArray[np.float64], index: int) -> float:
    """Sub-frame position of a maximum from its two neighbours."""
    if index == 0 or index == len(course) - 1:
        return float(times[index])
    left, top, right = course[index - 1 : index + 2]
    curve = left - 2 * top + right
    shift = 0.0 if curve >= 0 else float(np.clip(0.5 * (left - right) / curve, -0.5, 0.5))
    step = times[index + 1] - times[index] if shift > 0 else times[index] - times[index - 1]
    return float(times[index] + shift * step)
