"""What the spotting network sees: motion over noise, and what else could have caused it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from kernels.face_regions import MOTION_REGIONS
from realtime.sample_grid import REGIONS, STEP_S

FEATURES = 2 * REGIONS + 14
"""Regions in units of their noise (x, y each), head path (6), eyes, mouth, light, occluded, residual, noise, age of the
window, and how far apart frames are."""

_BASELINE_S = 1.0  # positions are given against a running mean of this time constant
_SHORT_S = 0.25  # noise is what departs from a mean this short
_LEAST_NOISE = 0.02  # px
_FIRST_NOISE = 0.08
_LEARNING = 0.25  # share by which the noise may change in one second once it is known
_ACQUAINTED_S = 0.5
_MEDIAN_OF_RAYLEIGH = 1.1774  # median length of a vector whose coordinates have standard deviation 1
_EYELIDS = [index for index, name in enumerate(MOTION_REGIONS) if name.startswith("eyelid")]
_LIDS = [*(2 * i for i in _EYELIDS), *(2 * i + 1 for i in _EYELIDS), 2 * REGIONS + 6]
_OPEN_FAST_S, _OPEN_SLOW_S = 0.5, 8.0


class SpotFeatures:
    """Rows of `SampleGrid` turned into float32 (FEATURES,) rows, causally, with a fixed amount of memory.

    Args:
        noise_scaling: divide by each region's own noise; without it by one fixed noise for all (for ablation).
        watch_lids: look at the eyes' opening and the lids' motion; without it blinks go unseen (for ablation).
    """

    def __init__(self, noise_scaling: bool = True, watch_lids: bool = True) -> None:
        self.noise_scaling = noise_scaling
        self.watch_lids = watch_lids
        self.noise = np.full(REGIONS, _FIRST_NOISE)
        self._known_s = 0.0
        self._floor = np.full(REGIONS, _LEAST_NOISE)
        self._usual_eyes: float | None = None
        self._expected_eyes: float | None = None
        self.position = np.zeros((REGIONS, 2))
        self.forget()

    def expect(self, noise: NDArray[np.float64] | None = None, eye_opening: float | None = None) -> None:
        """Begin with what is known of a person.

        Args:
            noise: (regions,) standard deviation of one coordinate at rest, px at 224 px face width.
            eye_opening: eye aspect ratio of the neutral face.
        """
        if noise is not None:
            self.noise = np.maximum(np.asarray(noise, float), _LEAST_NOISE)
            self._floor = np.maximum(0.7 * self.noise, _LEAST_NOISE)
            self._known_s = 10.0
        self._usual_eyes = self._expected_eyes = eye_opening

    def forget(self) -> None:
        """A new window: nothing is bridged. What is known of the noise stays."""
        self._age_s = 0.0
        self._openness = 1.0
        self._slow: NDArray[np.float64] | None = None
        self._short: NDArray[np.float64] | None = None
        self._usual_eyes = self._expected_eyes

    @property
    def scale(self) -> NDArray[np.float64]:
        """What a motion of each region is measured in, (regions,) px at 224 px face width: its noise."""
        return self.noise if self.noise_scaling else np.full(REGIONS, _FIRST_NOISE)

    @property
    def openness(self) -> float:
        """Eye opening of the last row over the usual one."""
        return self._openness

    def row(self, columns: NDArray[np.float64], frame_s: float) -> NDArray[np.float32]:
        """Take in one row.

        Args:
            columns: (COLUMNS,) from `SampleGrid`.
            frame_s: time between the last two frames, seconds.
        """
        if self._slow is None or self._short is None:
            self._slow, self._short = columns.copy(), columns[: 2 * REGIONS].copy()
        self._age_s += STEP_S
        moved = columns - self._slow
        # A running mean at first: the first second's rest is known sooner than the time constant says.
        self._slow += STEP_S / max(min(_BASELINE_S, self._age_s), STEP_S) * moved
        regions = moved[: 2 * REGIONS].reshape(REGIONS, 2)
        self.position = regions
        self._learn_noise(columns[: 2 * REGIONS])
        residual, eyes, _mouth, light, occluded = columns[2 * REGIONS + 6 :]
        self._openness = self._open(float(eyes))
        scale = self.scale
        out = np.empty(FEATURES, np.float32)
        out[: 2 * REGIONS] = np.arcsinh(regions / (2 * scale[:, None])).ravel()
        head = moved[2 * REGIONS : 2 * REGIONS + 6]
        out[2 * REGIONS : 2 * REGIONS + 6] = np.arcsinh(head * (1.0, 1.0, 100.0, 100.0, 100.0, 100.0))
        out[2 * REGIONS + 6 :] = (
            4 * (self._openness - 1),
            10 * moved[2 * REGIONS + 8],
            20 * moved[2 * REGIONS + 9] / max(float(light), 1.0),
            3 * occluded,
            math.asinh(float(residual) / 0.1),
            math.log(float(scale.mean()) / _FIRST_NOISE),
            min(self._age_s, 2.0),
            math.log(min(max(frame_s, 0.002), 0.2) * 30),
        )
        if not self.watch_lids:
            out[_LIDS] = 0.0
        return out

    def _learn_noise(self, regions: NDArray[np.float64]) -> None:
        assert self._short is not None
        departure = regions - self._short
        self._short += STEP_S / _SHORT_S * departure
        length = np.sqrt((departure.reshape(REGIONS, 2) ** 2).sum(axis=1))
        self._known_s += STEP_S
        # A running median by steps of fixed share: a long expression can teach itself away only slowly.
        share = max(_LEARNING, 4.0 * math.exp(-self._known_s / _ACQUAINTED_S)) * STEP_S
        self.noise = self.noise * np.where(length > _MEDIAN_OF_RAYLEIGH * self.noise, 1 + share, 1 / (1 + share))
        self.noise = np.maximum(self.noise, self._floor)

    def _open(self, eyes: float) -> float:
        if self._usual_eyes is None:
            self._usual_eyes = eyes
        # Rises fast and falls slowly: the usual opening is near the largest, whatever the blink rate.
        constant = _OPEN_FAST_S if eyes > self._usual_eyes else _OPEN_SLOW_S
        self._usual_eyes += STEP_S / constant * (eyes - self._usual_eyes)
        return eyes / max(self._usual_eyes, 1e-6)
