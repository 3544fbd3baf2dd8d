"""Rigid-motion removal against heads that were truly turned."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.bench_fields import portrait_mesh
from kernels.face_regions import depth_map, stable_skin
from kernels.rigid import RigidMotion, TooLittleSkin, remove_rigid_motion
from kernels.rigid_solve import _rotation
from tests.kernels.warping import bump, grid

SIZE = 224
DEPTH = depth_map(portrait_mesh(), SIZE, SIZE)
STABLE = stable_skin(portrait_mesh(), SIZE, SIZE)


def turned(turn: tuple[float, float, float], growth: float, shift: tuple[float, float]) -> np.ndarray:
    """Flow of the head under pitch, yaw and roll (rad), growth and a shift."""
    x, y = (axis - (SIZE - 1) / 2 for axis in grid(SIZE, SIZE))
    points = np.dstack([x, y, DEPTH]).astype(np.float64)
    moved = (1 + growth) * points @ _rotation(np.array(turn)).T
    return ((moved - points)[..., :2] + shift).astype(np.float32)


angles = st.floats(-0.06, 0.06)


@settings(max_examples=30, deadline=None)
@given(st.tuples(angles, angles, angles), st.floats(-0.03, 0.03), st.tuples(st.floats(-3, 3), st.floats(-3, 3)))
def test_any_turn_is_found_exactly(turn, growth, shift):
    fit = remove_rigid_motion(turned(turn, growth, shift), DEPTH, STABLE)
    pitch, yaw, roll = turn
    np.testing.assert_allclose(fit.motion, [*shift, growth, roll, yaw, pitch], atol=1e-3)
    assert np.abs(fit.residual).max() < 0.01
    assert fit.model == "rigid"
    assert fit.noise < 1e-3


def test_an_expression_survives_and_outliers_do_not_pull():
    random = np.random.default_rng(6)
    expression = np.roll(bump(SIZE, SIZE, 1.0, spread=12), 70, axis=0)  # beside the mouth
    flow = turned((0.02, -0.03, 0.01), 0.01, (1.0, -2.0)) + expression
    flow += random.normal(0, 0.05, flow.shape).astype(np.float32)
    wild = STABLE & (random.random(STABLE.shape) < 0.2)
    flow[wild] += random.uniform(2, 5, (wild.sum(), 2)).astype(np.float32)
    fit = remove_rigid_motion(flow, DEPTH, STABLE)
    calm = ~wild
    kept = (fit.residual * expression)[calm].sum() / (expression**2)[calm].sum()
    assert kept == pytest.approx(1, abs=0.05)
    still = STABLE & calm & (np.linalg.norm(expression, axis=2) < 0.01)
    assert np.sqrt((fit.residual[still] ** 2).mean()) < 0.06
    assert fit.noise == pytest.approx(0.05, rel=0.4)


def test_affine_cannot_follow_a_turned_head():
    flow = turned((0.03, 0.03, 0.0), 0.0, (0.0, 0.0))
    rigid, affine = (remove_rigid_motion(flow, DEPTH, STABLE, model=model) for model in ("rigid", "affine"))
    assert np.abs(rigid.residual[STABLE]).mean() < 0.01 < 0.1 < np.abs(affine.residual[STABLE]).mean()


def test_flat_depth_falls_back_and_says_so():
    x, y = grid(SIZE, SIZE)
    flow = np.dstack([0.5 + 0.01 * (y - 111.5), np.full_like(x, -0.2)]).astype(np.float32)
    for depth in (None, np.zeros((SIZE, SIZE), np.float32), np.full((SIZE, SIZE), 30, np.float32)):
        fit = remove_rigid_motion(flow, depth, STABLE)
        assert fit.model == "affine"
        assert np.abs(fit.residual).max() < 1e-3


def test_buffers_may_be_reused():
    flow = turned((0.01, 0.0, 0.0), 0.0, (1.0, 1.0))
    rigid = RigidMotion(SIZE, SIZE)
    room = np.empty_like(flow)
    fit = rigid.remove(flow, DEPTH, STABLE, room)
    assert fit.residual is room
    kept = fit.motion.copy()
    rigid.remove(2 * flow, DEPTH, STABLE, room)
    np.testing.assert_array_equal(fit.motion, kept)


def test_too_little_skin():
    flow = np.zeros((SIZE, SIZE, 2), np.float32)
    with pytest.raises(TooLittleSkin, match="still skin"):
        remove_rigid_motion(flow, DEPTH, np.zeros((SIZE, SIZE), np.bool_))


def test_bad_shapes_and_values():
    flow = np.zeros((SIZE, SIZE, 2), np.float32)
    with pytest.raises(ValueError, match="must cover"):
        RigidMotion(SIZE, SIZE).remove(flow, DEPTH[:-1], STABLE)
    with pytest.raises(ValueError, match="must cover"):
        RigidMotion(SIZE, SIZE).remove(flow[:, :-1], DEPTH, STABLE)
    with pytest.raises(ValueError, match="not finite"):
        RigidMotion(SIZE, SIZE).remove(np.full_like(flow, np.nan), DEPTH, STABLE)
    with pytest.raises(ValueError, match="model"):
        RigidMotion(SIZE, SIZE, model="projective")
    with pytest.raises(ValueError, match="8x8"):
        RigidMotion(4, 4)
