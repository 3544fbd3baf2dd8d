"""How long expressions and blinks last, as annotators of recorded faces measured it."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

MICRO_LONGEST_S = 0.5
"""Beyond this a movement is a macro-expression (Yan et al. 2013, "How fast are the leaked facial expressions")."""
BLINK_CLOSING = 1 / 3
"""Share of a blink in which the lid comes down (VanderWerf et al. 2003)."""


@dataclass(frozen=True)
class Duration:
    """One log-normal distribution of the table."""

    dataset: str
    kind: str  # micro, macro or blink
    label: str  # negative, positive, surprise or all
    phase: str  # onset_apex, apex_offset or onset_offset
    log_mu: float  # of milliseconds
    log_sigma: float

    def draw(self, rng: np.random.Generator) -> float:
        """Seconds."""
        return float(np.exp(rng.normal(self.log_mu, self.log_sigma))) / 1000


@lru_cache(maxsize=1)
def durations() -> tuple[Duration, ...]:
    """All distributions of `timing.csv`."""
    lines = Path(__file__).with_name("timing.csv").read_text(encoding="utf-8").splitlines()
    return tuple(
        Duration(row["dataset"], row["kind"], row["class"], row["phase"], float(row["log_mu"]), float(row["log_sigma"]))
        for row in csv.DictReader(line for line in lines if not line.startswith("#"))
    )


@lru_cache(maxsize=64)
def _fitting(kind: str, label: str, phase: str) -> tuple[Duration, ...]:
    return tuple(d for d in durations() if (d.kind, d.label, d.phase) == (kind, label, phase))


def draw_micro(label: str, rng: np.random.Generator) -> tuple[float, float]:
    """Rise (onset to apex) and decay (apex to offset) of a micro-expression, seconds.

    Both come from one data set, each set as likely as any other. Drawn again until the whole lasts 0.12 to 0.5 s.
    """
    rises, decays = (_fitting("micro", label, phase) for phase in ("onset_apex", "apex_offset"))
    while True:
        which = int(rng.integers(len(rises)))
        rise, decay = rises[which].draw(rng), decays[which].draw(rng)
        if 0.12 <= rise + decay <= MICRO_LONGEST_S and rise >= 0.04 and decay >= 0.04:
            return rise, decay


def draw_macro(rng: np.random.Generator) -> tuple[float, float]:
    """Rise and decay of a macro-expression, seconds; together longer than a micro-expression by at least 0.1 s."""
    while True:
        rise, decay = (_fitting("macro", "all", phase)[0].draw(rng) for phase in ("onset_apex", "apex_offset"))
        if MICRO_LONGEST_S + 0.1 < rise + decay < 4.0:
            return rise, decay


def draw_blink(rng: np.random.Generator) -> tuple[float, float]:
    """Closing and opening of a blink, seconds."""
    while True:
        whole = _fitting("blink", "all", "onset_offset")[0].draw(rng)
        if 0.15 <= whole <= 1.0:  # longer closures are eyes shut on purpose
            return whole * BLINK_CLOSING, whole * (1 - BLINK_CLOSING)
