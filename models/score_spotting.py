"""What `python -m models score-spotting` prints: figures per kind, per intensity, and what was mistaken for what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from models.spotting_files import ScoredClip, true_interval
from models.spotting_metrics import Interval, SpottingScore, match, overlap, score_clips, without_ignored

LETTERS = "ABCDE"
_NEAR_S = 0.15  # what happened this close to a false alarm may have caused it


def score_folder(clips: Sequence[ScoredClip], floor: str = "A") -> dict[str, Any]:
    """All figures, ready for JSON.

    Args:
        clips: truth and found events.
        floor: FACS intensity below which a true event does not count: missing it is no miss, finding it no false
            alarm. Rows without an intensity always count.

    Returns:
        `micro`, `macro`, `overall`: counts, precision, recall, f1, false alarms a minute, and medians and 95th
        percentiles of the errors in ms; `recall_by_intensity`; `false_alarms_during`, by what happened meanwhile.
    """
    asked = [_asked(clip, floor) for clip in clips]
    scores = score_clips((truth, found, clip.seconds) for (truth, found), clip in zip(asked, clips, strict=True))
    return {
        "clips": len(clips),
        "minutes": round(sum(clip.seconds for clip in clips) / 60, 3),
        "least_intensity": floor,
        **{name: figures(score) for name, score in scores.items()},
        "recall_by_intensity": _by_intensity(clips),
        "false_alarms_during": _during(clips, asked),
    }


def figures(score: SpottingScore) -> dict[str, Any]:
    """One score as plain numbers; errors as median of the absolute value, 95th percentile, and median with its sign."""
    errors = {"onset": score.onset_ms, "apex": score.apex_ms, "offset": score.offset_ms}
    return {
        "true": score.true,
        "found": score.found,
        "hits": score.hits,
        "precision": round(score.precision, 4),
        "recall": round(score.recall, 4),
        "f1": round(score.f1, 4),
        "false_alarms_per_minute": round(score.false_alarms_per_minute, 3),
        **{f"{name}_ms": _spread(values) for name, values in errors.items()},
        "decision_delay_ms": _spread(score.delay_ms),
    }


def _asked(clip: ScoredClip, floor: str) -> tuple[list[Interval], list[Interval]]:
    rows = [row for row in clip.rows if row.kind in ("micro", "macro")]
    faint = [row for row in rows if row.intensity and row.intensity < floor]
    truth = [true_interval(row) for row in rows if row not in faint]
    found: list[Interval] = []
    for kind in ("micro", "macro"):
        found += without_ignored(
            [t for t in truth if t.kind == kind],
            [f for f in clip.found if f.kind == kind],
            [true_interval(row) for row in faint if row.kind == kind],
        )
    return truth, found


def _spread(values: Sequence[float]) -> dict[str, float] | None:
    if not values:
        return None
    size = np.abs(values)
    return {
        "median": round(float(np.median(size)), 1),
        "p95": round(float(np.percentile(size, 95)), 1),
        "bias": round(float(np.median(values)), 1),
    }


def _by_intensity(clips: Sequence[ScoredClip]) -> dict[str, dict[str, list[int]]]:
    """Kind -> letter -> [hits, true events]."""
    table: dict[str, dict[str, list[int]]] = {}
    for kind in ("micro", "macro"):
        counts = {letter: [0, 0] for letter in (*LETTERS, "")}
        for clip in clips:
            rows = [row for row in clip.rows if row.kind == kind]
            pairs = match([true_interval(row) for row in rows], [f for f in clip.found if f.kind == kind])
            hit = {row for row, _ in pairs}
            for index, row in enumerate(rows):
                counts[row.intensity][0] += index in hit
                counts[row.intensity][1] += 1
        table[kind] = {letter or "unknown": pair for letter, pair in counts.items() if pair[1]}
    return table


def _during(
    clips: Sequence[ScoredClip], asked: Sequence[tuple[list[Interval], list[Interval]]]
) -> dict[str, dict[str, int]]:
    """Kind told -> what happened in that time according to the truth -> how many false alarms."""
    table: dict[str, Counter[str]] = {"micro": Counter(), "macro": Counter()}
    for clip, (truth, found) in zip(clips, asked, strict=True):
        for kind in ("micro", "macro"):
            told = [f for f in found if f.kind == kind]
            right = {column for _, column in match([t for t in truth if t.kind == kind], told)}
            for column, interval in enumerate(told):
                if column not in right:
                    table[kind][_cause(clip, interval)] += 1
    return {kind: dict(counts.most_common()) for kind, counts in table.items()}


def _cause(clip: ScoredClip, told: Interval) -> str:
    """What overlaps the false alarm most; expressions count before all else."""
    around = Interval(told.kind, told.onset_s - _NEAR_S, told.apex_s, told.offset_s + _NEAR_S)
    for kinds in (("micro", "macro"), ("speech",), ("blink", "gaze")):
        near = [row for row in clip.rows if row.kind in kinds and overlap(around, true_interval(row)) > 0]
        if near:
            best = max(near, key=lambda row: overlap(around, true_interval(row)))
            if best.kind == told.kind:
                return f"{best.kind}, other bounds"
            return best.kind
    return "nothing"
