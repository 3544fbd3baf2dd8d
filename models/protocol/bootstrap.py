"""Is one model better than another, or were the subjects kind to it? Both are judged on the same resampled subjects."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.labels import CLASSES
from models.metrics import confusion
from models.protocol.predictions import Predictions, PredictionsError


class Comparison(msgspec.Struct, frozen=True):
    """UF1 of a run less UF1 of its reference, mean over seeds on each side."""

    reference: str
    difference: float
    low: float  # 95 % interval over resampled subjects
    high: float
    better: float  # share of resamples in which the run scores higher
    resamples: int


def compare(run: Predictions, reference: Predictions, named: str, resamples: int = 10_000, seed: int = 0) -> Comparison:
    """Paired bootstrap over subjects (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993).

    Args:
        run: whose gain is asked for.
        reference: the same events, judged by another model; the number of seeds may differ.
        named: what to call the reference.
        resamples: how often subjects are drawn with replacement.
        seed: of the draws.

    Raises:
        PredictionsError: the two runs judged different events.
    """
    mine, theirs = run.of_seed(run.seeds()[0]), reference.of_seed(reference.seeds()[0])
    if not (
        np.array_equal(mine.name, theirs.name)
        and np.array_equal(mine.subject, theirs.subject)
        and np.array_equal(mine.label, theirs.label)
    ):
        raise PredictionsError(f"{named} judged other events than this run: compare runs on the same data")
    subjects = np.unique(run.subject)
    weights = _resampled(len(subjects), resamples, seed)
    gain = _uf1(run, subjects, weights) - _uf1(reference, subjects, weights)
    all_subjects = np.ones((1, len(subjects)))
    difference = float((_uf1(run, subjects, all_subjects) - _uf1(reference, subjects, all_subjects))[0])
    low, high = np.percentile(gain, [2.5, 97.5])
    return Comparison(named, difference, float(low), float(high), float((gain > 0).mean()), resamples)


def interval(run: Predictions, resamples: int = 10_000, seed: int = 0) -> tuple[float, float]:
    """95 % interval of the run's UF1, mean over seeds, over resampled subjects."""
    subjects = np.unique(run.subject)
    low, high = np.percentile(_uf1(run, subjects, _resampled(len(subjects), resamples, seed)), [2.5, 97.5])
    return float(low), float(high)


def _resampled(subjects: int, resamples: int, seed: int) -> NDArray[np.float64]:
    """How often each subject is drawn, (resamples, subjects)."""
    draws = np.random.default_rng(seed).integers(subjects, size=(resamples, subjects))
    return np.stack([np.bincount(draw, minlength=subjects) for draw in draws]).astype(np.float64)


def _uf1(run: Predictions, subjects: NDArray[np.str_], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """UF1 for each row of subjects' weights (R, S), mean over seeds: (R,)."""
    classes = len(CLASSES)
    total = np.zeros(len(weights))
    for seed in run.seeds():
        part = run.of_seed(seed)
        tables = np.stack(
            [confusion(part.label[part.subject == one], part.said[part.subject == one], classes) for one in subjects]
        )
        counts = (weights @ tables.reshape(len(subjects), -1)).reshape(-1, classes, classes)
        hits = np.diagonal(counts, axis1=1, axis2=2)
        f1 = 2 * hits / np.maximum(counts.sum(axis=1) + counts.sum(axis=2), 1)
        total += f1.mean(axis=1)
    return np.asarray(total / len(run.seeds()))
