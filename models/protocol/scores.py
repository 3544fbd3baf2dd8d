"""What a leave-one-subject-out run amounts to: pooled as MEGC 2019 defines it, never averaged over folds."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.calibration import expected_calibration_error
from models.labels import CLASSES
from models.metrics import confusion, recall_per_class, uar, uf1
from models.protocol.predictions import Predictions


class SubjectScore(msgspec.Struct, frozen=True):
    """One subject, all seeds together."""

    subject: str
    dataset: str
    events: int
    accuracy: float
    confusion: list[list[int]]  # rows: truth; summed over seeds


class Spread(msgspec.Struct, frozen=True):
    """One figure over the seeds."""

    mean: float
    deviation: float  # standard deviation over seeds; 0 with one seed
    by_seed: list[float]


class Scores(msgspec.Struct, frozen=True):
    """Figures of a run; "mean over seeds" everywhere but in `seeds_averaged`."""

    events: int
    subjects: int
    seeds: list[int]
    uf1: Spread
    uar: Spread
    accuracy: Spread
    by_dataset: dict[str, dict[str, Spread]]  # data set -> uf1, uar
    recall: dict[str, float]
    confusion: list[list[int]]  # rows: truth; summed over seeds
    calibration_error: float
    by_subject: list[SubjectScore]
    seeds_averaged: dict[str, float]  # the probabilities averaged over the seeds first: another, larger model


def score(predictions: Predictions) -> Scores:
    """Figures of all seeds of a run."""
    seeds = predictions.seeds()
    parts = [predictions.of_seed(seed) for seed in seeds]
    names = [str(name) for name in np.unique(predictions.dataset)]
    by_dataset = {
        name: {
            "uf1": _spread([uf1(p.label[p.dataset == name], p.said[p.dataset == name]) for p in parts]),
            "uar": _spread([uar(p.label[p.dataset == name], p.said[p.dataset == name]) for p in parts]),
        }
        for name in names
    }
    counts = confusion(predictions.label, predictions.said, len(CLASSES))
    averaged = np.mean([part.probabilities for part in parts], axis=0).argmax(axis=1)
    truth = parts[0].label
    return Scores(
        events=len(truth),
        subjects=len(np.unique(parts[0].subject)),
        seeds=seeds,
        uf1=_spread([uf1(p.label, p.said) for p in parts]),
        uar=_spread([uar(p.label, p.said) for p in parts]),
        accuracy=_spread([float((p.label == p.said).mean()) for p in parts]),
        by_dataset=by_dataset,
        recall=dict(zip(CLASSES, recall_per_class(counts).tolist(), strict=True)),
        confusion=counts.tolist(),
        calibration_error=expected_calibration_error(predictions.probabilities, predictions.label),
        by_subject=[_of_subject(predictions, str(one)) for one in np.unique(predictions.subject)],
        seeds_averaged={"uf1": uf1(truth, averaged), "uar": uar(truth, averaged)},
    )


def _spread(values: list[float]) -> Spread:
    return Spread(float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else 0.0, values)


def _of_subject(predictions: Predictions, subject: str) -> SubjectScore:
    mine = predictions.subject == subject
    label, said = predictions.label[mine], predictions.said[mine]
    events = int(mine.sum()) // len(predictions.seeds())
    dataset = str(predictions.dataset[mine][0])
    counts: NDArray[Any] = confusion(label, said, len(CLASSES))
    return SubjectScore(subject, dataset, events, float((label == said).mean()), counts.tolist())
