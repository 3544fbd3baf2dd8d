"""An expression that has outlasted a micro-expression and is still on the face."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from realtime import course
from realtime.history import MotionHistory


@dataclass(frozen=True)
class HeldExpression:
    """What was announced, and where the face came from.

    Attributes:
        onset_s: source time.
        origin: (regions, 2) neutral positions before it, px at 224 px face width.
        pattern: (regions, 2) displacement when it was announced, same unit, zero where not believed.
        weight: (regions,) one over each region's threshold.
        score: peak motion over noise.
    """

    onset_s: float
    origin: NDArray[np.float64]
    pattern: NDArray[np.float64]
    weight: NDArray[np.float64]
    score: float

    def share(self, motion: NDArray[np.float64]) -> NDArray[np.float64]:
        """How much of the announced pattern the face shows, 1 when announced; (..., regions, 2) -> (...)."""
        weighted = self.pattern * self.weight[:, None] ** 2
        return ((motion - self.origin) * weighted).sum(axis=(-2, -1)) / max(
            float((self.pattern * weighted).sum()), 1e-12
        )

    def opposes(self, pattern: NDArray[np.float64]) -> bool:
        """A motion is this expression going away, not a new one; `pattern` is (regions, 2)."""
        mine, other = self.pattern * self.weight[:, None], pattern * self.weight[:, None]
        length = np.sqrt((mine**2).sum() * (other**2).sum())
        return bool((mine * other).sum() < -0.5 * length)

    def over(self, history: MotionHistory, decision_delay_s: float) -> bool:
        """It has gone, and its going has come to a stop."""
        window = history.since(history.time[-1] - decision_delay_s)
        shares = self.share(history.motion[window])
        return bool(shares[-1] < course.RETURNED and shares[0] - shares[-1] < course.STOPPED)

    def span(self, history: MotionHistory) -> tuple[float, float, NDArray[np.float64]]:
        """Apex at the first plateau, offset, and the motion of each region at the apex.

        Returns:
            Apex and offset in source time, and (regions,) px at 224 px face width.
        """
        window = history.since(self.onset_s)
        times, shares = history.time[window], self.share(history.motion[window])
        apex_s = course.apex(times, shares)
        at = int(np.argmin(np.abs(times - apex_s)))
        moved = np.sqrt(((history.motion[window][at] - self.origin) ** 2).sum(axis=-1))
        early = np.where(times <= times[0] + course.PLATEAU_BY_S, shares, np.minimum(shares, shares[at]))
        return apex_s, course.offset(times, early), moved
