"""Region motions with known events, for tests of the decision."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

REGIONS = 15


def pulse(t: NDArray, onset: float, apex: float, offset: float, held: float = 0.0) -> NDArray:
    """Raised-cosine rise and decay, 0..1, with a plateau of `held` seconds after the apex."""
    y = np.zeros_like(t)
    rise = (t >= onset) & (t < apex)
    y[rise] = 0.5 - 0.5 * np.cos(np.pi * (t[rise] - onset) / (apex - onset))
    y[(t >= apex) & (t <= apex + held)] = 1
    decay = (t > apex + held) & (t < offset + held)
    y[decay] = 0.5 + 0.5 * np.cos(np.pi * (t[decay] - apex - held) / (offset - apex))
    return y


def still_face(fps: float, seconds: float, noise: float = 0.08, seed: int = 1) -> tuple[NDArray, NDArray]:
    """Times (n,) and positions (n, 15, 2) of a face at rest: white noise and slow drift."""
    rng = np.random.default_rng(seed)
    t = np.arange(0, seconds, 1 / fps)
    motion = rng.normal(0, noise, (len(t), REGIONS, 2))
    motion[:, :, 0] += (0.2 * np.sin(0.7 * t))[:, None]
    return t, motion
