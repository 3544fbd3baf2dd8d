"""The shipped network on simulated people whom no training ever saw."""

import numpy as np
import pytest

from engine.pick import load
from models.labels import ACTION_UNITS
from models.metrics import f1_per_action_unit, uf1
from models.simulated_clouds import NuisanceSettings, Purpose, simulate

pytestmark = pytest.mark.slow

SEED = 9000  # together with Purpose.TEST: a stream of chance that training cannot reach


@pytest.fixture(scope="module")
def samples():
    return simulate(Purpose.TEST, SEED, 300, NuisanceSettings(), lambda line: None)


@pytest.fixture(scope="module")
def verdicts(samples):
    return load("cloud").classify(samples.take(np.arange(len(samples))).clouds)


def test_class(samples, verdicts):
    clear = (samples.label >= 0) & (samples.strength >= 1.0)
    assert uf1(samples.label[clear], verdicts.probabilities[clear].argmax(axis=1)) >= 0.75


def test_stated_labels_are_mostly_right(samples, verdicts):
    stated = (samples.label >= 0) & (verdicts.probabilities.max(axis=1) >= load("cloud").certain)
    right = verdicts.probabilities[stated].argmax(axis=1) == samples.label[stated]
    assert stated.sum() > 0.4 * (samples.label >= 0).sum()
    assert right.mean() >= 0.84


def test_idle_faces_are_told_from_expressions(samples, verdicts):
    said = verdicts.expression >= 0.5
    strong = samples.expression & (samples.strength >= 1.0)
    assert said[strong].mean() >= 0.8
    assert (~said[~samples.expression]).mean() >= 0.7


def test_action_units(samples, verdicts):
    clear = samples.strength >= 1.0
    scores = f1_per_action_unit(samples.action_units[clear], verdicts.action_units[clear] >= 0.5)
    found = dict(zip(ACTION_UNITS, scores, strict=True))
    assert min(found["AU4"], found["AU12"]) >= 0.6
    assert np.nanmean(scores) >= 0.4
