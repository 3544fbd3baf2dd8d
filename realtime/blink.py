"""Blinks last as long as micro-expressions and drag the brows: while one passes, eyes and brows are not believed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from realtime.settings import SpotSettings

# Vertical pairs (upper lid, lower lid) and the corners of each eye on the 468-vertex mesh.
_EYES = (
    (((160, 144), (159, 145), (158, 153)), (33, 133)),
    (((385, 380), (386, 374), (387, 373)), (362, 263)),
)
_BEGINS = 0.88  # share of the usual opening below which the lids are on their way down
_CONTEXT_S = 0.3  # a blink's beginning is looked for this far back


def eye_opening(mesh: NDArray[np.float32]) -> float:
    """Mean eye aspect ratio of both eyes (Soukupova and Cech 2016, eq. 1) of a (468, 3) mesh; about 0.3 when open."""
    ratios = []
    for lids, (inner, outer) in _EYES:
        gaps = [np.linalg.norm(mesh[upper, :2] - mesh[lower, :2]) for upper, lower in lids]
        ratios.append(np.mean(gaps) / np.linalg.norm(mesh[inner, :2] - mesh[outer, :2]))
    return float(np.mean(ratios))


class BlinkGate:
    """Tells when the eyes are closing, closed or opening, by this person's usual opening."""

    def __init__(self, settings: SpotSettings) -> None:
        self.settings = settings
        self.openness = 1.0
        """Share of the usual opening in the last frame."""
        self._usual: float | None = None
        self._recent: list[tuple[float, float]] = []
        self._last_blink_s = -np.inf

    def forget(self) -> None:
        """Another face, or the same after a gap."""
        self._usual = None
        self._recent.clear()
        self._last_blink_s = -np.inf

    def watch(self, time_s: float, mesh: NDArray[np.float32]) -> float | None:
        """Take in one frame.

        Returns:
            The source time since which eyes and brows are not to be believed, while a blink or the margin
            after it lasts; None otherwise.
        """
        opening = eye_opening(mesh)
        if self._usual is None:
            self._usual = opening
        step = min(time_s - self._recent[-1][0], 0.2) if self._recent else 0.0
        # Rises fast and falls slowly: the usual opening is near the largest, whatever the blink rate.
        time_constant = 0.5 if opening > self._usual else 8.0
        self._usual += (1 - np.exp(-step / time_constant)) * (opening - self._usual)
        self.openness = opening / max(self._usual, 1e-6)
        self._recent.append((time_s, self.openness))
        while self._recent[0][0] < time_s - _CONTEXT_S:
            del self._recent[0]
        if self.openness < self.settings.blink_closure:
            self._last_blink_s = time_s
        if time_s - self._last_blink_s > self.settings.blink_margin:
            # The lids may still be rising after the margin; the blink lasts until they have.
            if self.openness >= _BEGINS or time_s - self._last_blink_s > 3 * self.settings.blink_margin:
                return None
            return time_s
        return self._began() - self.settings.blink_margin

    def _began(self) -> float:
        began = self._recent[-1][0]
        for time_s, openness in reversed(self._recent):
            if openness >= _BEGINS:
                break
            began = time_s
        return began
