"""One fold per subject, and what is allowed to cross from a fold's training into its judgement."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.protocol.recipe import Fitted, Recipe
from models.protocol.samples import Inputs, Samples

CLASS_COUNT = 3


class LeakError(RuntimeError):
    """A model's verdict on one event depends on other test events."""


class Fold(NamedTuple):
    """One subject held out."""

    subject: str
    train: NDArray[np.int64]
    test: NDArray[np.int64]


class Judgement(NamedTuple):
    """What one fold gave."""

    probabilities: NDArray[np.float64]  # (n, 3) of the subject's events
    epoch: int  # whose model judged; 0: the last one


def leave_one_subject_out(samples: Samples) -> list[Fold]:
    """A fold for each subject, in order of their names.

    Raises:
        ValueError: fewer than two subjects, or a fold whose training subjects show one class only.
    """
    subjects = np.unique(samples.subject)
    if len(subjects) < 2:
        raise ValueError(f"leave-one-subject-out needs at least two subjects; the data hold {len(subjects)}")
    folds = [
        Fold(str(one), np.flatnonzero(samples.subject != one), np.flatnonzero(samples.subject == one))
        for one in subjects
    ]
    for fold in folds:
        if len(np.unique(samples.label[fold.train])) < 2:
            raise ValueError(f"without {fold.subject} only one class is left to learn from: take more recordings")
    return folds


def judge_fold(recipe: Recipe, samples: Samples, fold: Fold, seed: int) -> Judgement:
    """Train on all other subjects, then judge the one held out. The recipe gets neither its events nor their labels,
    and what it has made judges them without their names and without what annotators coded of them.

    Raises:
        LeakError: the verdict on the subject's first event changes with the others out of sight.
    """
    fitted = recipe.fit(samples.take(fold.train), seed)
    held_out = _held_out(samples, fold)
    probabilities = _checked(fitted, held_out)
    if len(held_out) > 1:
        alone = _checked(fitted, held_out.take(np.array([0])))
        if np.abs(alone[0] - probabilities[0]).max() > 0.01:
            first = samples.inputs.name[fold.test[0]]
            raise LeakError(f"{recipe.name}: the verdict on {first} depends on the other test events")
    return Judgement(probabilities, 0)


def judge_fold_leaking(recipe: Recipe, samples: Samples, fold: Fold, seed: int) -> Judgement:
    """The fault of many published figures, for comparison only: the epoch that is best on the test subject is taken.

    The best epoch is the first that gets most of the held-out subject's events right, as in common public code.
    """
    held_out, truth = _held_out(samples, fold), samples.label[fold.test]
    best = Judgement(np.zeros((0, CLASS_COUNT)), 0)
    most = -1

    def watch(epoch: int, fitted: Fitted) -> None:
        nonlocal best, most
        probabilities = _checked(fitted, held_out)
        right = int((probabilities.argmax(axis=1) == truth).sum())
        if right > most:
            best, most = Judgement(probabilities, epoch), right

    recipe.fit(samples.take(fold.train), seed, watch)
    if most < 0:
        raise ValueError(f"{recipe.name} has no epochs to choose from: leave out --leaky-epoch-choice")
    return best


def _held_out(samples: Samples, fold: Fold) -> Inputs:
    return samples.inputs.take(fold.test).measured_only()


def _checked(fitted: Fitted, inputs: Inputs) -> NDArray[np.float64]:
    probabilities = np.asarray(fitted.predict(inputs), np.float64)
    if probabilities.shape != (len(inputs), CLASS_COUNT):
        raise ValueError(f"a model must give probabilities ({len(inputs)}, {CLASS_COUNT}), not {probabilities.shape}")
    if not np.isfinite(probabilities).all() or (np.abs(probabilities.sum(axis=1) - 1) > 1e-3).any():
        raise ValueError("a model gave numbers that are no probabilities; its training has diverged")
    return probabilities
