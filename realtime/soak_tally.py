"""What was found in the stretches of a run that nothing disturbed. Pure arithmetic on times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import theilslopes

_SAME_S = 0.3  # two reports of one expression lie closer than this, onset and apex


@dataclass(frozen=True)
class Span:
    """An expression on the clock of the clip; seconds."""

    onset_s: float
    apex_s: float
    offset_s: float

    def shifted(self, by_s: float) -> Span:
        """The same, later."""
        return Span(self.onset_s + by_s, self.apex_s + by_s, self.offset_s + by_s)

    def like(self, other: Span) -> bool:
        """Whether both are reports of one expression."""
        return abs(self.apex_s - other.apex_s) < _SAME_S and abs(self.onset_s - other.onset_s) < _SAME_S


@dataclass(frozen=True)
class Tally:
    """Expected expressions in undisturbed stretches, and what became of them.

    Attributes:
        undisturbed_s: their total length.
        expected: what should have been found in them.
        missed: what was not.
        unexpected: found there, and by no undisturbed replay.
    """

    undisturbed_s: float
    expected: list[Span]
    missed: list[Span]
    unexpected: list[Span]


def tally(
    in_clip: Sequence[Span],
    clip_s: float,
    found: Sequence[Span],
    began_s: float,
    ended_s: float,
    disturbed: Sequence[tuple[float, float]],
) -> Tally:
    """Compare a run with what one replay of its clip gives.

    Args:
        in_clip: found in one round of the clip when nothing disturbs; seconds in the clip.
        clip_s: its length.
        found: in the run, on the clock that is 0 at the first frame of the first round.
        began_s, ended_s: of the run, on the same clock.
        disturbed: stretches that do not count, on the same clock.
    """

    def undisturbed(span: Span) -> bool:
        inside = began_s <= span.onset_s and span.offset_s <= ended_s
        return inside and not any(span.onset_s < end and start < span.offset_s for start, end in disturbed)

    rounds = range(int(began_s // clip_s), int(ended_s // clip_s) + 1)
    every = [span.shifted(number * clip_s) for number in rounds for span in in_clip]
    expected = [span for span in every if undisturbed(span)]
    missed = [span for span in expected if not any(span.like(one) for one in found)]
    unexpected = [one for one in found if undisturbed(one) and not any(one.like(span) for span in every)]
    grid = np.arange(began_s, ended_s, 0.1)
    free = np.ones(len(grid), bool)
    for start, end in disturbed:
        free &= (grid < start) | (grid >= end)
    return Tally(float(free.sum() * 0.1), expected, missed, unexpected)


def slope_per_hour(times_s: ArrayLike, values: ArrayLike) -> tuple[float, float, float]:
    """Theil and Sen's slope with its 95 % interval: half of the samples may be wild. NaN for fewer than three."""
    times, heights = np.asarray(times_s, float), np.asarray(values, float)
    if len(times) < 3:
        return float("nan"), float("nan"), float("nan")
    slope, _, low, high = theilslopes(heights, times)
    return 3600 * float(slope), 3600 * float(low), 3600 * float(high)
