"""Measures of recognition against hand-counted cases and scikit-learn."""

import numpy as np
import pytest

from models.metrics import confusion, f1_per_action_unit, recall_per_class, uar, uf1

TRUTH = np.array([0, 0, 0, 0, 1, 1, 2, 2])
SAID = np.array([0, 0, 0, 1, 1, 2, 2, 0])


def test_confusion_has_truth_in_rows():
    assert confusion(TRUTH, SAID, 3).tolist() == [[3, 1, 0], [0, 1, 1], [1, 0, 1]]


def test_by_hand():
    assert uar(TRUTH, SAID) == pytest.approx((3 / 4 + 1 / 2 + 1 / 2) / 3)
    assert uf1(TRUTH, SAID) == pytest.approx((6 / 8 + 2 / 4 + 2 / 4) / 3)


def test_absent_class_counts_as_zero():
    assert uf1(np.zeros(4, int), np.zeros(4, int)) == pytest.approx(1 / 3)
    assert recall_per_class(confusion(np.zeros(4, int), np.zeros(4, int), 3)).tolist() == [1, 0, 0]


def test_as_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics", reason="needs the train extra")
    random = np.random.default_rng(3)
    truth, said = random.integers(0, 3, 200), random.integers(0, 3, 200)
    assert uf1(truth, said) == pytest.approx(metrics.f1_score(truth, said, average="macro"))
    assert uar(truth, said) == pytest.approx(metrics.balanced_accuracy_score(truth, said))


def test_rare_action_units_are_not_judged():
    truth = np.zeros((40, 2), bool)
    truth[:20, 0] = True
    truth[:3, 1] = True
    said = truth.copy()
    said[:10, 0] = False
    scores = f1_per_action_unit(truth, said)
    assert scores[0] == pytest.approx(2 * 10 / (20 + 10))
    assert np.isnan(scores[1])
