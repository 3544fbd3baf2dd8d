"""Blinks last as long as micro-expressions and drag the brows: while one passes, eyes and brows are not believed."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from realtime.settings import SpotSettings

# Vertical pairs (upper lid, lower lid) and the corners of each eye on the 468-vertex mesh.
_EYES = (
    (((160, 144), (159, 145), (158, 153)), (33, 133)),
    (((385, 380), (386, 374), (387, 373)), (362, 263)),
)
_BEGINS = 0.88  # share of the usual opening below which the lids are on their way down
_LONGEST_BLINK_S = 0.7  # eyes closed for longer are closed, not blinking


def eye_opening(mesh: NDArray[np.float32]) -> float:
    """Mean eye aspect ratio of both eyes (Soukupova and Cech 2016, eq. 1) of a (468, 3) mesh; about 0.3 when open."""
    ratios = []
    for lids, (inner, outer) in _EYES:
        gaps = [np.linalg.norm(mesh[upper, :2] - mesh[lower, :2]) for upper, lower in lids]
        ratios.append(np.mean(gaps) / np.linalg.norm(mesh[inner, :2] - mesh[outer, :2]))
    return float(np.mean(ratios))


class BlinkGate:
    """Tells when the eyes are closing, closed or opening.

    Two witnesses: the mesh's eye opening against this person's usual one, and the downward motion of the lids
    in the flow. The mesh is slow to follow closed lids; the flow alone cannot tell a blink from a lasting change.
    """

    def __init__(self, settings: SpotSettings) -> None:
        self.settings = settings
        self.openness = 1.0
        """Share of the usual opening in the last frame."""
        self._usual: float | None = None
        self._expected: float | None = None
        self._recent: list[tuple[float, float, float]] = []
        self._closed_since_s: float | None = None
        self._last_closed_s = -np.inf

    def forget(self) -> None:
        """Another face, or the same after a gap."""
        self._usual = self._expected
        self._recent.clear()
        self._closed_since_s = None
        self._last_closed_s = -np.inf

    def expect(self, eye_opening: float) -> None:
        """This person's usual eye aspect ratio is known beforehand."""
        self._usual = self._expected = eye_opening

    def watch(self, time_s: float, opening: float, lids_down: float) -> float | None:
        """Take in one frame.

        Args:
            time_s: source time.
            opening: eye aspect ratio.
            lids_down: downward motion of the eyelids from neutral, px at 224 px face width.

        Returns:
            The source time since which eyes and brows are not to be believed, while a blink or the margin
            after it lasts; None otherwise.
        """
        self._learn(time_s, opening, lids_down)
        closed = self.openness < self.settings.blink_closure or lids_down > self.settings.blink_travel
        if closed:
            self._closed_since_s = time_s if self._closed_since_s is None else self._closed_since_s
            if time_s - self._closed_since_s <= _LONGEST_BLINK_S:
                self._last_closed_s = time_s
        else:
            self._closed_since_s = None
        if time_s - self._last_closed_s > self.settings.blink_margin:
            return None
        return self._began() - self.settings.blink_margin

    def _learn(self, time_s: float, opening: float, lids_down: float) -> None:
        if self._usual is None:
            self._usual = opening
        step = min(time_s - self._recent[-1][0], 0.2) if self._recent else 0.0
        # Rises fast and falls slowly: the usual opening is near the largest, whatever the blink rate.
        time_constant = 0.5 if opening > self._usual else 8.0
        self._usual += (1 - math.exp(-step / time_constant)) * (opening - self._usual)
        self.openness = opening / max(self._usual, 1e-6)
        self._recent.append((time_s, self.openness, lids_down))
        while self._recent[0][0] < time_s - _LONGEST_BLINK_S:
            del self._recent[0]

    def _began(self) -> float:
        """When the lids began to fall in the blink now under way."""
        began = self._recent[-1][0]
        seen = False
        for time_s, openness, down in reversed(self._recent):
            moving = openness < _BEGINS or down > 0.25 * self.settings.blink_travel
            if seen and not moving:
                break
            seen = seen or moving
            began = time_s
        return began
