"""How well events were spotted: the MEGC spotting protocol, with timing errors and false alarms beside it.

An event counts as found when its interval overlaps a true one with IoU >= 0.5 (MEGC 2020 and later: Li et al.,
"MEGC2021: The Third Facial Micro-Expression Grand Challenge"). Each true interval can be claimed once. F1 is pooled
over all clips: counts are summed first, and micro and macro are counted apart and together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from scipy.optimize import linear_sum_assignment

IOU_NEEDED = 0.5


@dataclass(frozen=True)
class Interval:
    """An expression in time, seconds."""

    kind: Literal["micro", "macro"]
    onset_s: float
    apex_s: float
    offset_s: float
    label: str = ""
    decided_s: float | None = None  # when the spotter told it, on the source clock


def overlap(a: Interval, b: Interval) -> float:
    """Intersection over union of two intervals, 0..1."""
    shared = min(a.offset_s, b.offset_s) - max(a.onset_s, b.onset_s)
    union = max(a.offset_s, b.offset_s) - min(a.onset_s, b.onset_s)
    return max(shared, 0.0) / union if union > 0 else 0.0


def match(truth: Sequence[Interval], found: Sequence[Interval]) -> list[tuple[int, int]]:
    """Pair true and found events one to one so that the summed overlap is largest; pairs below 0.5 are no pairs."""
    if not truth or not found:
        return []
    table = np.array([[overlap(t, f) for f in found] for t in truth])
    rows, columns = linear_sum_assignment(np.where(table >= IOU_NEEDED, table, 0.0), maximize=True)
    return [(int(r), int(c)) for r, c in zip(rows, columns, strict=True) if table[r, c] >= IOU_NEEDED]


@dataclass
class SpottingScore:
    """Counts pooled over clips."""

    true: int = 0
    found: int = 0
    hits: int = 0
    seconds: float = 0.0
    onset_ms: list[float] = field(default_factory=list)
    apex_ms: list[float] = field(default_factory=list)
    offset_ms: list[float] = field(default_factory=list)
    delay_ms: list[float] = field(default_factory=list)

    def add(self, truth: Sequence[Interval], found: Sequence[Interval], seconds: float) -> None:
        """Count one clip of the given length."""
        pairs = match(truth, found)
        self.true += len(truth)
        self.found += len(found)
        self.hits += len(pairs)
        self.seconds += seconds
        for row, column in pairs:
            t, f = truth[row], found[column]
            self.onset_ms.append(1000 * (f.onset_s - t.onset_s))
            self.apex_ms.append(1000 * (f.apex_s - t.apex_s))
            self.offset_ms.append(1000 * (f.offset_s - t.offset_s))
            if f.decided_s is not None:
                self.delay_ms.append(1000 * (f.decided_s - t.offset_s))

    @property
    def precision(self) -> float:
        """Share of found events that are true."""
        return self.hits / self.found if self.found else 0.0

    @property
    def recall(self) -> float:
        """Share of true events that were found."""
        return self.hits / self.true if self.true else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; 0 when there was nothing to find and nothing found."""
        return 2 * self.hits / (self.true + self.found) if self.true + self.found else 0.0

    @property
    def false_alarms_per_minute(self) -> float:
        """Found events that match no true one, per minute of video."""
        return 60 * (self.found - self.hits) / self.seconds if self.seconds else 0.0


def without_ignored(
    truth: Sequence[Interval], found: Sequence[Interval], ignored: Sequence[Interval]
) -> list[Interval]:
    """What was found, less what matches an event that does not count: too faint, say, to be asked for.

    Args:
        truth: events that count.
        found: everything found.
        ignored: true events that are neither asked for nor wrong to find.
    """
    pairs = match([*truth, *ignored], found)
    pardoned = {column for row, column in pairs if row >= len(truth)}
    return [interval for column, interval in enumerate(found) if column not in pardoned]


def score_clips(clips: Iterable[tuple[Sequence[Interval], Sequence[Interval], float]]) -> dict[str, SpottingScore]:
    """Pool clips of (truth, found, seconds).

    Returns:
        Scores for `micro`, `macro` and `overall`, which sums the counts of the two: a micro-expression told as a
        macro-expression is a miss and a false alarm.
    """
    scores = {"micro": SpottingScore(), "macro": SpottingScore(), "overall": SpottingScore()}
    for truth, found, seconds in clips:
        for kind in ("micro", "macro"):
            told = [t for t in truth if t.kind == kind], [f for f in found if f.kind == kind]
            scores[kind].add(*told, seconds)
            scores["overall"].add(*told, seconds / 2)
    return scores
