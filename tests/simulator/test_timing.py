"""Drawn durations follow the annotators' distributions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from models.labels import CLASSES
from models.simulator.frame_times import frame_times
from models.simulator.timing import MICRO_LONGEST_S, draw_blink, draw_macro, draw_micro, durations


@pytest.mark.parametrize("label", CLASSES)
def test_micro_expressions_last_as_in_the_table(label):
    rng = np.random.default_rng(1)
    rise, decay = np.array([draw_micro(label, rng) for _ in range(4000)]).T
    assert (rise + decay).max() <= MICRO_LONGEST_S
    rows = [d for d in durations() if (d.kind, d.label, d.phase) == ("micro", label, "onset_apex")]
    # An even mixture of the data sets; cutting at half a second takes the long tail, so the middle is compared.
    grid = np.linspace(0.08, 0.2, 25)
    mixture = np.mean([stats.lognorm(d.log_sigma, scale=np.exp(d.log_mu) / 1000).cdf(grid) for d in rows], axis=0)
    drawn = np.array([(rise <= at).mean() for at in grid])
    assert np.abs(drawn - mixture).max() < 0.12
    assert 0.13 < np.median(rise) < 0.20


def test_macro_expressions_and_blinks():
    rng = np.random.default_rng(2)
    macro = np.array([sum(draw_macro(rng)) for _ in range(2000)])
    assert macro.min() > MICRO_LONGEST_S
    assert 1.0 < np.median(macro) < 1.5
    blink = np.array([sum(draw_blink(rng)) for _ in range(2000)])
    (row,) = [d for d in durations() if d.kind == "blink"]
    truth = stats.lognorm(row.log_sigma, scale=np.exp(row.log_mu) / 1000)
    assert stats.kstest(blink, truth.cdf).statistic < 0.05


def test_steady_camera_keeps_exact_times():
    np.testing.assert_allclose(frame_times(200, 1.0, np.random.default_rng(0)), np.arange(200) / 200)


def test_poor_camera_jitters_and_loses_frames():
    stamps = frame_times(30, 60.0, np.random.default_rng(3), jitter=0.05, dropped=0.02)
    assert stamps[0] == 0
    steps = np.diff(stamps) * 30
    assert steps.min() > 0.2
    lost = 1 - len(stamps) / 1800
    assert 0.008 < lost < 0.04
    whole = np.round(steps)
    assert (whole > 1).any()
    assert np.std(steps - whole) == pytest.approx(0.05 * np.sqrt(2), rel=0.15)
