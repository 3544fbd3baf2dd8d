"""When frames are taken: cameras keep no exact time, and computers lose frames."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def frame_times(
    fps: float, seconds: float, rng: np.random.Generator, *, jitter: float = 0.0, dropped: float = 0.0
) -> NDArray[np.float64]:
    """Stamps in seconds, rising, the first at 0.

    Args:
        fps: nominal frames per second.
        seconds: length of the recording.
        rng: source of chance.
        jitter: standard deviation of a frame's delay, as a share of the frame interval.
        dropped: share of frames that never arrive; they go missing in runs of one to four.
    """
    count = max(round(fps * seconds), 2)
    interval = 1 / fps
    # A frame's own delay does not move the frames after it; delays beyond 0.4 intervals would reorder them.
    delay = np.clip(rng.normal(0, jitter, count), -0.4, 0.4) if jitter else np.zeros(count)
    stamps = (np.arange(count) + delay) * interval
    kept = np.ones(count, bool)
    if dropped:
        for start in np.flatnonzero(rng.random(count) < dropped / 1.75):
            kept[start : start + int(rng.choice([1, 2, 3, 4], p=[0.6, 0.2, 0.05, 0.15]))] = False
    kept[0] = True
    stamps = stamps[kept]
    return np.asarray(stamps - stamps[0], np.float64)
