"""Head and expression told apart on images, where the truth of both is known."""

from __future__ import annotations

import numpy as np
import pytest

from kernels.bench_fields import portrait_mesh
from kernels.bench_rigid import sways
from kernels.expression_flow import ExpressionFlow
from kernels.face_regions import depth_map, face_mask, stable_skin
from kernels.flow import FlowEstimator
from kernels.rigid import TooLittleSkin, remove_rigid_motion

SIZE = 224
DEPTH, STABLE = depth_map(portrait_mesh(), SIZE, SIZE), stable_skin(portrait_mesh(), SIZE, SIZE)
INSIDE = face_mask(portrait_mesh(), SIZE, SIZE)


@pytest.fixture(scope="module")
def swayed():
    return sways(12, seed=9)


def test_warming_leaves_no_reference_behind():
    separate = ExpressionFlow(64, 64)
    separate.warm()
    separate.set_face(np.zeros((64, 64), np.float32), np.ones((64, 64), bool))
    with pytest.raises(ValueError, match="call set_reference first"):
        separate.to(np.zeros((64, 64), np.uint8))


def kept(residual, expression):
    """Amplitude of the expression in the residual."""
    return (residual * expression)[INSIDE].sum() / (expression**2)[INSIDE].sum()


def test_more_of_the_expression_is_kept_than_by_a_fit_to_the_flow(swayed):
    separate, flow = ExpressionFlow(SIZE, SIZE, "precise"), FlowEstimator(SIZE, SIZE, "precise")
    ours, theirs, left = [], [], []
    for pair in swayed:
        found = separate(pair.before, pair.after, DEPTH, STABLE).rigid.residual
        ours.append(kept(found, pair.expression))
        fitted = remove_rigid_motion(flow(pair.before, pair.after), DEPTH, STABLE)
        theirs.append(kept(fitted.residual, pair.expression))
        still = STABLE & (np.linalg.norm(pair.expression, axis=2) < 0.02)
        left.append(np.sqrt((found[still] ** 2).sum(axis=1).mean()))
    assert abs(np.mean(ours) - 1) < 0.06
    assert np.abs(np.array(ours) - 1).mean() < 0.6 * np.abs(np.array(theirs) - 1).mean()
    assert np.mean(left) < 0.08


@pytest.mark.parametrize("preset", ["tracking", "precise"])
def test_flow_is_head_and_residual(swayed, preset):
    pair = swayed[0]
    found = ExpressionFlow(SIZE, SIZE, preset)(pair.before, pair.after, DEPTH, STABLE)
    head = found.flow - found.rigid.residual
    still = STABLE & INSIDE
    assert np.linalg.norm(head - (pair.truth - pair.expression), axis=2)[still].mean() < 0.08
    assert np.linalg.norm(found.flow - pair.truth, axis=2)[INSIDE].mean() < 0.15
    assert found.rigid.model == "rigid" and 0 < found.rigid.noise < 0.08


def test_nothing_moves_where_nothing_moved(face):
    found = ExpressionFlow(SIZE, SIZE)(face, face, DEPTH, STABLE)
    assert np.abs(found.flow).max() < 1e-3
    assert found.rigid.noise < 1e-3


def test_the_same_call_gives_the_same_answer(swayed):
    separate = ExpressionFlow(SIZE, SIZE)
    separate.set_face(DEPTH, STABLE)
    separate.set_reference(swayed[0].before)
    room = np.empty((SIZE, SIZE, 2), np.float32)
    one = separate.to(swayed[0].after, out=room)
    assert one.rigid.residual is room
    again = separate.to(swayed[1].after)
    np.testing.assert_array_equal(separate.to(swayed[0].after).flow, one.flow)
    assert not np.array_equal(again.flow, one.flow)


@pytest.mark.parametrize("size", [(224, 224), (230, 219)])
def test_backends_agree(swayed, size, cuda_sources):
    height, width = size
    pair = swayed[2]
    before, after = (
        np.pad(image, ((0, height - min(height, SIZE)), (0, 0)), mode="edge")[:height, :width]
        for image in (pair.before, pair.after)
    )
    depth, stable = depth_map(portrait_mesh(), height, width), stable_skin(portrait_mesh(), height, width)
    for preset in ("tracking", "precise"):
        numba, numpy, cuda = (
            ExpressionFlow(height, width, preset, backend)(before, after, depth, stable)
            for backend in ("numba", "numpy", "cupy")
        )
        for other in (numpy, cuda):
            np.testing.assert_allclose(other.rigid.residual, numba.rigid.residual, atol=5e-3)
            np.testing.assert_allclose(other.flow, numba.flow, atol=5e-3)
            np.testing.assert_allclose(other.rigid.motion, numba.rigid.motion, atol=2e-3)
            assert other.rigid.noise == pytest.approx(numba.rigid.noise, abs=1e-3)


def test_flat_depth_falls_back_to_affine(swayed):
    found = ExpressionFlow(SIZE, SIZE)(swayed[0].before, swayed[0].after, np.zeros_like(DEPTH), STABLE)
    assert found.rigid.model == "affine"


def test_bad_input(face):
    separate = ExpressionFlow(SIZE, SIZE)
    with pytest.raises(ValueError, match="reference"):
        separate.set_face(DEPTH, STABLE)
        separate.to(face)
    with pytest.raises(ValueError, match="set_face"):
        fresh = ExpressionFlow(SIZE, SIZE)
        fresh.set_reference(face)
        fresh.to(face)
    with pytest.raises(ValueError, match="must cover"):
        separate.set_face(DEPTH[1:], STABLE)
    with pytest.raises(ValueError, match="not finite"):
        separate.set_face(np.full_like(DEPTH, np.nan), STABLE)
    with pytest.raises(TooLittleSkin, match="still skin"):
        separate(face, face, DEPTH, np.zeros_like(STABLE))
    with pytest.raises(ValueError, match="preset"):
        ExpressionFlow(SIZE, SIZE, "fast")
