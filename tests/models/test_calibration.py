"""Temperature, calibration error and the threshold for `uncertain`."""

import numpy as np
import pytest

from models.calibration import (
    best_f1_threshold,
    certain_threshold,
    coverage_risk,
    expected_calibration_error,
    fit_temperature,
    softmax,
)


def honest_samples(count, temperature, seed=1):
    """Logits whose softmax at `temperature` is exactly the chance of each class."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, 2, (count, 3))
    chances = softmax(logits, temperature)
    truth = (random.random((count, 1)) > chances.cumsum(axis=1)).sum(axis=1).clip(0, 2)
    return logits, truth


@pytest.mark.parametrize("temperature", [0.4, 1.0, 3.0])
def test_temperature_is_recovered(temperature):
    logits, truth = honest_samples(20000, temperature)
    assert fit_temperature(logits, truth) == pytest.approx(temperature, rel=0.08)


def test_calibration_error_falls_to_nearly_nothing():
    logits, truth = honest_samples(20000, 3.0)
    before = expected_calibration_error(softmax(logits), truth)
    after = expected_calibration_error(softmax(logits, fit_temperature(logits, truth)), truth)
    assert before > 0.15
    assert after < 0.02


def test_softmax_survives_large_logits():
    assert np.isfinite(softmax(np.array([[1e4, -1e4, 0.0]]))).all()


def test_coverage_and_risk_by_hand():
    probabilities = np.array([[0.9, 0.1, 0.0], [0.6, 0.3, 0.1], [0.4, 0.3, 0.3], [0.8, 0.1, 0.1]])
    truth = np.array([0, 1, 0, 0])
    assert coverage_risk(probabilities, truth, 0.5)[1:] == pytest.approx((0.75, 1 / 3))
    assert coverage_risk(probabilities, truth, 0.7)[1:] == pytest.approx((0.5, 0.0))


def test_threshold_keeps_the_risk():
    logits, truth = honest_samples(20000, 1.0)
    chosen = certain_threshold(softmax(logits), truth, 0.05)
    assert chosen.risk <= 0.05
    assert 0.1 < chosen.coverage < 0.5
    looser = certain_threshold(softmax(logits), truth, 0.2)
    assert looser.threshold < chosen.threshold
    assert looser.coverage > chosen.coverage


def test_unreachable_risk_gives_the_safest():
    probabilities = np.tile([[0.5, 0.3, 0.2]], (10, 1))
    assert certain_threshold(probabilities, np.ones(10, int), 0.01).risk == 1


def test_the_best_threshold_of_a_unit_lies_between_its_logits():
    random = np.random.default_rng(5)
    truth = random.random(2000) < 0.1
    logits = random.normal(0, 1, 2000) + 4.0 * truth
    threshold = best_f1_threshold(logits, truth)
    assert 1.5 < threshold < 3.2
    assert best_f1_threshold(logits[:50], np.zeros(50, bool)) == 0.0
