"""Rows at one rate out of frames at any."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from motions import REGIONS
from samples import samples

from realtime.sample_grid import COLUMNS, STEP_S, SampleGrid
from realtime.spot_features import FEATURES, SpotFeatures


def ramp(t: float) -> np.ndarray:
    return np.full((REGIONS, 2), 3.0 * t)


def rows_of(times, motion=ramp):
    grid = SampleGrid()
    return [row for sample in samples(times, motion, noise=0.0) for row in grid.push(sample)]


@pytest.mark.parametrize("fps", [15, 29.97, 60, 120, 200])
def test_a_straight_motion_is_kept_at_any_rate(fps):
    rows = rows_of(np.arange(0.25, 2.25, 1 / fps))
    times = np.array([t for t, _ in rows])
    assert np.diff(times) == pytest.approx(STEP_S)
    assert len(rows) == pytest.approx(2 / STEP_S, abs=0.1 / STEP_S)
    for t, row in rows:
        assert row.shape == (COLUMNS,)
        assert row[: 2 * REGIONS] == pytest.approx(3.0 * t)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(0.002, 0.15), min_size=20, max_size=60))
def test_nothing_of_the_future_is_used_and_no_cell_is_lost(gaps):
    times = np.cumsum(gaps)
    grid, ends = SampleGrid(), []
    for sample in samples(times, ramp, noise=0.0):
        for t, row in grid.push(sample):
            ends.append(t + STEP_S / 2)
            assert ends[-1] <= sample.time_s + 1e-9
            assert row[0] == pytest.approx(3.0 * t)
    assert np.diff(ends) == pytest.approx(STEP_S)
    assert not ends or times[-1] - ends[-1] < STEP_S + 1e-9


def test_a_fast_cameras_noise_is_averaged_away():
    grid = SampleGrid()
    rows = [r for s in samples(np.arange(0, 4, 1 / 200), noise=0.3) for _, r in grid.push(s)]
    assert np.std([row[:30] for row in rows]) < 0.2


def features_of(fps, noise, scaling=True):
    grid, features = SampleGrid(), SpotFeatures(noise_scaling=scaling)
    made = [
        features.row(row, 1 / fps) for s in samples(np.arange(0, 6, 1 / fps), noise=noise) for _, row in grid.push(s)
    ]
    return np.array(made), features


def test_rest_looks_the_same_through_a_good_and_a_bad_camera():
    quiet, bad = (features_of(60, noise)[0][120:, :30] for noise in (0.06, 0.3))
    assert quiet.shape[1] == 30 and quiet.std() == pytest.approx(bad.std(), rel=0.2)
    unscaled = features_of(60, 0.3, scaling=False)[0][120:, :30]
    assert unscaled.std() > 1.5 * bad.std()


def test_noise_is_learned_and_what_a_person_brings_is_its_floor():
    _, features = features_of(60, 0.3)
    learned = features.noise.mean()
    assert 0.1 < learned < 0.3
    features.expect(np.full(REGIONS, 0.5), 0.3)
    assert features.noise == pytest.approx(0.5)
    for sample in samples(np.arange(0, 10, 1 / 30), noise=0.01):
        features.row(np.concatenate([sample.regions.ravel(), np.zeros(6), [0.05, 0.3, 0.05, 120, 0]]), 1 / 30)
    assert features.noise == pytest.approx(0.35)


def test_without_its_lids_a_blink_is_not_seen():
    rows = np.zeros(COLUMNS)
    rows[2 * REGIONS + 7] = 0.3
    seeing, blind = SpotFeatures(), SpotFeatures(watch_lids=False)
    for _ in range(30):
        seeing.row(rows, 1 / 30), blind.row(rows, 1 / 30)
    rows[2 * REGIONS + 7] = 0.05
    rows[8:12] = 5.0
    shut, hidden = seeing.row(rows, 1 / 30), blind.row(rows, 1 / 30)
    assert shut.shape == (FEATURES,) and (shut != hidden).sum() == 5
    assert (hidden[8:12] == 0).all() and hidden[36] == 0
