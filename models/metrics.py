"""Measures of recognition, pooled over all samples as MEGC 2019 defines them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def confusion(truth: NDArray[np.integer[Any]], predicted: NDArray[np.integer[Any]], classes: int) -> NDArray[np.int64]:
    """Counts (classes, classes): rows are the truth, columns what was said."""
    pairs = np.asarray(truth, np.int64) * classes + np.asarray(predicted, np.int64)
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


def f1_per_class(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """2 TP / (2 TP + FP + FN) of each class; a class that neither occurs nor is predicted scores 0."""
    hits = np.diag(counts)
    total = counts.sum(axis=0) + counts.sum(axis=1)
    return np.asarray(2 * hits / np.maximum(total, 1), np.float64)


def recall_per_class(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """TP / (TP + FN) of each class; a class that does not occur scores 0."""
    return np.asarray(np.diag(counts) / np.maximum(counts.sum(axis=1), 1), np.float64)


def uf1(truth: NDArray[np.integer[Any]], predicted: NDArray[np.integer[Any]], classes: int = 3) -> float:
    """Unweighted F1: the mean of the classes' F1."""
    return float(f1_per_class(confusion(truth, predicted, classes)).mean())


def uar(truth: NDArray[np.integer[Any]], predicted: NDArray[np.integer[Any]], classes: int = 3) -> float:
    """Unweighted average recall."""
    return float(recall_per_class(confusion(truth, predicted, classes)).mean())


def f1_per_action_unit(
    truth: NDArray[np.bool_], predicted: NDArray[np.bool_], least_occurrences: int = 10
) -> NDArray[np.float64]:
    """F1 of each column of (N, A) arrays; NaN where a unit occurs too rarely to be judged."""
    hits = (truth & predicted).sum(axis=0)
    total = truth.sum(axis=0) + predicted.sum(axis=0)
    scores = 2 * hits / np.maximum(total, 1)
    return np.where(truth.sum(axis=0) >= least_occurrences, scores, np.nan)
