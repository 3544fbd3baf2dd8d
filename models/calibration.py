"""Probabilities that mean what they say, and when to say `uncertain`."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class CoverageRisk(NamedTuple):
    """What a threshold on the largest probability costs and buys."""

    threshold: float
    coverage: float  # share of samples that get a label
    risk: float  # share of wrong ones among them


def softmax(logits: NDArray[np.floating[Any]], temperature: float = 1.0) -> NDArray[np.float64]:
    """Probabilities (N, C)."""
    scaled = np.asarray(logits, np.float64) / temperature
    exponentials = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True))


def fit_temperature(logits: NDArray[np.floating[Any]], truth: NDArray[np.integer[Any]]) -> float:
    """The temperature of least negative log-likelihood (Guo et al., ICML 2017).

    Args:
        logits: (N, C) of samples that were not trained on.
        truth: (N,) class numbers.

    Returns:
        Between 0.05 and 20.
    """
    rows = np.arange(len(truth))

    def loss(log_temperature: float) -> float:
        chosen = softmax(logits, float(np.exp(log_temperature)))[rows, truth]
        return float(-np.log(np.maximum(chosen, 1e-12)).mean())

    # Convex in 1/T, so unimodal in log T: golden-section search.
    ratio = (np.sqrt(5) - 1) / 2
    low, high = np.log(0.05), np.log(20.0)
    for _ in range(60):
        span = (high - low) * ratio
        left, right = high - span, low + span
        if loss(left) < loss(right):
            high = right
        else:
            low = left
    return float(np.exp((low + high) / 2))


def expected_calibration_error(
    probabilities: NDArray[np.floating[Any]], truth: NDArray[np.integer[Any]], bins: int = 15
) -> float:
    """Mean distance between confidence and accuracy over equally wide bins of confidence."""
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == truth
    index = np.minimum((confidence * bins).astype(np.int64), bins - 1)
    weight = np.bincount(index, minlength=bins)
    gap = np.bincount(index, confidence, minlength=bins) - np.bincount(index, right, minlength=bins)
    return float(np.abs(gap).sum() / max(weight.sum(), 1))


def coverage_risk(
    probabilities: NDArray[np.floating[Any]], truth: NDArray[np.integer[Any]], threshold: float
) -> CoverageRisk:
    """Coverage and risk of stating a label only where the largest probability reaches a threshold."""
    stated = probabilities.max(axis=1) >= threshold
    wrong = probabilities.argmax(axis=1) != truth
    risk = float(wrong[stated].mean()) if stated.any() else 0.0
    return CoverageRisk(threshold, float(stated.mean()), risk)


def certain_threshold(
    probabilities: NDArray[np.floating[Any]], truth: NDArray[np.integer[Any]], most_risk: float
) -> CoverageRisk:
    """The lowest threshold from 1/C on, in steps of 0.01, at which at most this share of the stated labels is wrong.

    Falls back to the threshold of least risk where none is low enough, and to stating every label where the network
    is sure of none.
    """
    lowest = int(np.ceil(100 / probabilities.shape[1]))
    choices = [coverage_risk(probabilities, truth, step / 100) for step in range(lowest, 100)]
    usable = [choice for choice in choices if choice.coverage > 0]
    if not usable:
        return coverage_risk(probabilities, truth, 0.0)
    return next((choice for choice in usable if choice.risk <= most_risk), min(usable, key=lambda choice: choice.risk))


def best_f1_threshold(
    logits: NDArray[np.floating[Any]], truth: NDArray[np.bool_], least_occurrences: int = 10
) -> float:
    """The logit from which a unit is best called present: largest F1, averaged over neighbouring thresholds.

    Args:
        logits: (N,) of samples that were not trained on.
        truth: (N,) whether the unit was there.
        least_occurrences: of the unit; with fewer the threshold stays 0.
    """
    if truth.sum() < least_occurrences:
        return 0.0
    order = np.argsort(-logits, kind="stable")
    falling, hits = np.asarray(logits, np.float64)[order], np.cumsum(truth[order])
    f1 = 2 * hits / (np.arange(1, len(order) + 1) + truth.sum())
    # One sample more or less shall not decide: the curve is smoothed over neighbouring thresholds.
    width = max(len(order) // 100, 1)
    smooth = np.convolve(np.pad(f1, width, mode="edge"), np.ones(2 * width + 1) / (2 * width + 1), mode="valid")
    best = int(smooth.argmax())
    return float((falling[best] + falling[min(best + 1, len(falling) - 1)]) / 2)
