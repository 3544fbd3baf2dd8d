"""How long things took, as counts between fixed bounds: small enough for every heartbeat, and they can be added."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field

import msgspec

BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.015, 0.025, 0.04, 0.06, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5)
"""Upper bounds of all buckets but the last, seconds; 15 and 40 ms are the promised median and 99th percentile."""

_BOUNDS_NS = tuple(round(bound * 1e9) for bound in BOUNDS_S)


class Durations(msgspec.Struct, frozen=True):
    """What was counted so far."""

    counts: tuple[int, ...] = (0,) * (len(BOUNDS_S) + 1)
    total_ns: int = 0

    def __add__(self, other: Durations) -> Durations:
        counts = tuple(mine + theirs for mine, theirs in zip(self.counts, other.counts, strict=True))
        return Durations(counts, self.total_ns + other.total_ns)


@dataclass
class DurationCounts:
    """Counts them."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS_S) + 1))
    total_ns: int = 0

    def note(self, ns: int) -> None:
        """One more."""
        self.counts[bisect_left(_BOUNDS_NS, ns)] += 1
        self.total_ns += max(0, ns)

    def so_far(self) -> Durations:
        """A copy that stays as it is."""
        return Durations(tuple(self.counts), self.total_ns)
