"""Strain, region motion, clouds and sampling, on fields whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.clouds import regional_cloud
from kernels.region_motion import main_direction, region_motion, top_magnitudes
from kernels.sampling import farthest_points
from kernels.strain import flow_features, optical_strain
from tests.kernels.warping import grid

LABELS = np.full((40, 60), -1, np.int16)
LABELS[5:25, 5:25] = 0
LABELS[5:25, 30:50] = 1


def field(u, v):
    return np.dstack(np.broadcast_arrays(np.zeros((40, 60)) + u, v)).astype(np.float32)


def test_rigid_motion_has_no_strain():
    x, y = grid(40, 60)
    assert optical_strain(field(1.0, -2.0)).max() == 0
    assert optical_strain(field(-0.02 * y, 0.02 * x)).max() < 1e-6


def test_strain_of_stretch_and_shear():
    x, y = grid(40, 60)
    np.testing.assert_allclose(optical_strain(field(0.03 * x, 0.0)), 0.03, rtol=1e-3)
    np.testing.assert_allclose(optical_strain(field(0.04 * y, 0.0)), np.sqrt(2) * 0.02, rtol=1e-3)
    features = flow_features(field(0.03 * x, 1.0))
    assert features.shape == (40, 60, 3) and features.dtype == np.float32
    np.testing.assert_allclose(features[..., 1], 1.0)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.1, 10), st.floats(0, 6.28))
def test_region_motion_scales_and_turns_with_the_flow(seed, scale, angle):
    flow = np.random.default_rng(seed).normal(0, 1, (40, 60, 2)).astype(np.float32)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    changed = (scale * flow @ turn.T).astype(np.float32)
    expected = scale * region_motion(flow, LABELS, 2) @ turn.T
    np.testing.assert_allclose(region_motion(changed, LABELS, 2), expected, atol=1e-3 * scale)


def test_still_skin_and_outliers_do_not_dilute():
    flow = field(0.0, 0.0)
    flow[5:25, 5:15] = (1.0, -2.0)  # half of region 0 moves
    flow[5:25, 30:50] = (0.5, 0.0)
    flow[5:8, 30:50] = (-0.6, 0.1)  # against the rest of region 1
    moved = region_motion(flow, LABELS, 3)
    np.testing.assert_allclose(moved[0], (1.0, -2.0), atol=1e-5)
    np.testing.assert_allclose(moved[1], (0.5, 0.0), atol=0.02)
    np.testing.assert_array_equal(moved[2], 0)


def test_main_direction_takes_the_fullest_octant():
    flow = field(0.0, 3.0)
    flow[5:11, 5:25] = (10.0, 0.0)  # fewer, though longer
    length, angle = main_direction(flow, LABELS, 2)[0]
    assert (length, angle) == (pytest.approx(3.0), pytest.approx(np.pi / 2))


def test_top_magnitudes():
    flow = field(0.0, 1.0)
    flow[5, 5:9] = (3.0, 4.0)
    np.testing.assert_allclose(top_magnitudes(flow, LABELS, 3, 4), (5.0, 1.0, 0.0))
    np.testing.assert_allclose(top_magnitudes(flow, LABELS, 1, 8), 3.0)
    assert top_magnitudes(flow, LABELS, 1, 10**6)[0] == pytest.approx((4 * 5 + 396) / 400)


def test_a_cloud_holds_the_points_of_largest_motion_in_order():
    x, y = grid(40, 60)
    flow, depth = field(0.01 * x, 0.0), (x + y).astype(np.float32)
    strain = optical_strain(flow)
    options = {"points": 50, "face_width": 10.0, "centre": np.array([1.0, 2.0, 3.0])}
    cloud = regional_cloud(flow, strain, depth, LABELS, count=3, **options)
    assert cloud.shape == (3, 50, 6) and cloud.dtype == np.float32
    # Motion grows with x: the last column first, rows in order; each column has twenty.
    np.testing.assert_allclose(cloud[0, :20, 0], (24 - 1) / 10, rtol=1e-6)
    np.testing.assert_allclose(cloud[0, :20, 1], (np.arange(5, 25) - 2) / 10, rtol=1e-6)
    np.testing.assert_allclose(cloud[0, 0, 2], (24 + 5 - 3) / 10)
    assert (np.diff(cloud[0, :, 3]) <= 0).all()
    np.testing.assert_allclose(cloud[..., 5][:2], 0.01, atol=1e-6)
    np.testing.assert_array_equal(cloud[2], 0)
    np.testing.assert_array_equal(regional_cloud(flow, strain, depth, LABELS, count=3, **options), cloud)


def test_small_regions_repeat_their_points():
    labels = np.full((40, 60), -1, np.int16)
    labels[0, :3] = 0
    x, _ = grid(40, 60)
    flow = field(0.1 * x, 0.0)
    flat = np.zeros((40, 60), np.float32)
    cloud = regional_cloud(flow, flat, flat, labels, count=1, points=7, face_width=1.0, centre=np.zeros(3))
    np.testing.assert_allclose(cloud[0, :, 0], [2, 1, 0, 2, 1, 0, 2])


@pytest.mark.parametrize("call", [region_motion, main_direction])
def test_bad_region_input(call):
    with pytest.raises(ValueError, match="labels"):
        call(field(0, 0), LABELS[:-1], 2)
    with pytest.raises(ValueError, match="integers"):
        call(field(0, 0), LABELS.astype(np.float32), 2)
    with pytest.raises(ValueError, match="count"):
        call(field(0, 0), LABELS, 0)
    with pytest.raises(ValueError, match="not finite"):
        call(field(np.nan, 0), LABELS, 2)
    with pytest.raises(ValueError, match="backend"):
        call(field(0, 0), LABELS, 2, "fortran")


def test_bad_cloud_and_strain_input():
    flat = np.zeros((40, 60), np.float32)
    good = {"count": 1, "points": 4, "face_width": 1.0, "centre": np.zeros(3)}
    with pytest.raises(ValueError, match="same pixels"):
        regional_cloud(field(0, 0), flat[:-1], flat, LABELS, **good)
    for bad in ({"points": 0}, {"count": 0}, {"face_width": 0.0}, {"face_width": np.nan}, {"centre": np.zeros(2)}):
        with pytest.raises(ValueError, match="must be"):
            regional_cloud(field(0, 0), flat, flat, LABELS, **(good | bad))
    for bad in (np.zeros((4, 4, 3), np.float32), np.zeros((1, 4, 2), np.float32), np.zeros((4, 4, 2), np.int32)):
        with pytest.raises(ValueError, match="flow"):
            optical_strain(bad)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 60))
def test_farthest_points_spread(seed, count):
    points = np.random.default_rng(seed).normal(0, 1, (60, 3)).astype(np.float32)
    chosen = farthest_points(points, count, first=7)
    assert chosen[0] == 7 and len(set(chosen.tolist())) == count
    gaps = [np.linalg.norm(points[chosen[:k]] - points[chosen[k]], axis=1).min() for k in range(1, count)]
    assert (np.diff(gaps) <= 1e-5).all()  # each new point is no farther than the one before was


def test_farthest_points_of_one_place():
    assert farthest_points(np.zeros((5, 3), np.float32), 5).tolist() == [0, 1, 2, 3, 4]
    with pytest.raises(ValueError, match="cannot choose"):
        farthest_points(np.zeros((5, 3), np.float32), 6)
