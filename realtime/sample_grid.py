"""Samples of any frame rate as rows at one fixed rate, so that a network sees time and not frames."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kernels.face_regions import MOTION_REGIONS
from realtime.face_sample import FaceSample

STEP_S = 1 / 60
"""Length of one cell of the grid, seconds."""
REGIONS = len(MOTION_REGIONS)
COLUMNS = 2 * REGIONS + 11
"""Regions (x, y each), head path (6), residual, eyes, mouth, light, occluded."""


def columns_of(sample: FaceSample) -> NDArray[np.float64]:
    """One sample as a row, float64 (COLUMNS,)."""
    row = np.empty(COLUMNS)
    row[: 2 * REGIONS] = sample.regions.ravel()
    row[2 * REGIONS : 2 * REGIONS + 6] = sample.head
    row[2 * REGIONS + 6 :] = sample.residual, sample.eyes, sample.mouth, sample.light, sample.occluded
    return row


class SampleGrid:
    """Averages the samples, joined by straight lines, over each cell of the grid.

    A fast camera's noise is averaged away; a slow one's samples are joined. A cell is given out with the first sample
    that lies beyond its end, so nothing of the future is used.
    """

    def __init__(self) -> None:
        self._last: tuple[float, NDArray[np.float64]] | None = None
        self._end = 0.0
        self._sum = np.zeros(COLUMNS)
        self._covered = 0.0

    def forget(self) -> None:
        """Begin anew with the next sample."""
        self._last = None

    def push(self, sample: FaceSample) -> list[tuple[float, NDArray[np.float64]]]:
        """Take in one sample; times must grow.

        Returns:
            For each cell that is complete: the time of its middle in source time, and its row (COLUMNS,).
        """
        time_s, row = sample.time_s, columns_of(sample)
        if self._last is None:
            self._last = (time_s, row)
            self._end = time_s + STEP_S
            self._sum[:] = 0
            self._covered = 0.0
            return []
        since, before = self._last
        self._last = (time_s, row)
        slope = (row - before) / (time_s - since)
        complete = []
        at = since
        while self._end <= time_s:
            self._add(before, slope, since, at, self._end)
            complete.append((self._end - STEP_S / 2, self._sum / self._covered))
            at = self._end
            self._end += STEP_S
            self._sum = np.zeros(COLUMNS)
            self._covered = 0.0
        self._add(before, slope, since, at, time_s)
        return complete

    def _add(
        self, before: NDArray[np.float64], slope: NDArray[np.float64], since: float, start: float, stop: float
    ) -> None:
        length = stop - start
        self._sum += length * (before + slope * ((start + stop) / 2 - since))
        self._covered += length
