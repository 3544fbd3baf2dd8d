"""Recordings made into others: begun later, at another pace, with other expressions in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from models.simulator.truth import TruthRow
from models.spotting_patterns import Pattern, inject
from models.spotting_recordings import TracedRecording
from realtime.sample_trace import SampleTrace

_LATEST_START = 0.25  # share of the recording
_PACES = (0.85, 1.18)
_EXPRESSIONS = ("micro", "macro")
_CLEAR_S = 0.25  # no window begins this close to an expression


def variant(
    one: TracedRecording, patterns: Sequence[Pattern], rng: np.random.Generator
) -> tuple[SampleTrace, list[TruthRow]]:
    """The recording from another moment on, at another pace if nobody shows anything in it, with more expressions.

    Simulated expressions never begin in a recording's first second and often right after it; a window may begin at
    any moment, and the network must not learn otherwise.

    Args:
        one: what to vary.
        patterns: expressions to put into it.
        rng: source of chance.
    """
    trace, truth = begun_later(one.trace, one.truth, float(rng.uniform(0, _LATEST_START)) * one.trace.seconds)
    if one.plan.holds == "none":
        trace, truth = paced(trace, truth, float(np.exp(rng.uniform(*np.log(_PACES)))))
    # Where expressions are already, there is less room for others.
    return inject(trace, truth, patterns, rng, mean_gap_s=1.2 if one.plan.holds == "none" else 0.8)


def begun_later(trace: SampleTrace, truth: Sequence[TruthRow], start_s: float) -> tuple[SampleTrace, list[TruthRow]]:
    """The recording without its first seconds; not within an expression, but after it."""
    for row in truth:
        if row.kind in _EXPRESSIONS and row.onset_s - _CLEAR_S < start_s < row.offset_s + _CLEAR_S:
            start_s = row.offset_s + _CLEAR_S
    kept = trace.time_s >= start_s
    if not kept.any():
        return trace, list(truth)
    columns = {name: getattr(trace, name)[kept] for name in _columns(trace)}
    return replace(trace, **columns), [row for row in truth if row.offset_s > start_s]


def paced(trace: SampleTrace, truth: Sequence[TruthRow], factor: float) -> tuple[SampleTrace, list[TruthRow]]:
    """Everything takes `factor` times as long."""
    slower = replace(trace, time_s=trace.time_s * factor, seconds=trace.seconds * factor)
    rows = [
        replace(row, onset_s=row.onset_s * factor, apex_s=row.apex_s * factor, offset_s=row.offset_s * factor)
        for row in truth
    ]
    return slower, rows


def _columns(trace: SampleTrace) -> list[str]:
    return [name for name in vars(trace) if name != "seconds"]
