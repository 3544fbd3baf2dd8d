"""Samples of a face with known events, for tests of detectors."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from motions import REGIONS
from numpy.typing import NDArray

from realtime.face_sample import FaceSample


def samples(
    times: NDArray,
    motion: Callable[[float], NDArray] | None = None,
    noise: float = 0.05,
    seed: int = 1,
    eyes: Callable[[float], float] = lambda t: 0.3,
) -> Iterator[FaceSample]:
    """A face at rest, with what `motion` adds to its (regions, 2) positions and eyes open by `eyes`."""
    rng = np.random.default_rng(seed)
    for t in times:
        regions = rng.normal(0, noise, (REGIONS, 2))
        if motion is not None:
            regions = regions + motion(float(t))
        yield FaceSample(float(t), regions, 0.05, np.zeros(6), eyes(float(t)), 0.05, 120.0, 0.0)
