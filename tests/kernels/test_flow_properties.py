"""What must hold for the flow of any pair."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernels.flow import FlowEstimator
from tests.kernels.warping import bump, pulled_back

SIZE = 96
ESTIMATE = FlowEstimator(SIZE, SIZE, "precise")
QUICK = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@st.composite
def pairs(draw):
    """A textured image and the same pulled by a bump."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    after = cv2.GaussianBlur(random.normal(0, 1, (SIZE, SIZE)).astype(np.float32), (0, 0), draw(st.floats(1.5, 4)))
    after = 128 + 40 * after / after.std()
    flow = bump(SIZE, SIZE, draw(st.floats(0.1, 1.5)), draw(st.floats(10, 20)), draw(st.floats(0, 6.28)))
    return pulled_back(after, flow), after


@QUICK
@given(pairs())
def test_mirrored_images_give_mirrored_flow(pair):
    before, after = pair
    flow = ESTIMATE(before, after)
    for axis, component in ((1, 0), (0, 1)):
        mirrored = np.flip(ESTIMATE(np.flip(before, axis).copy(), np.flip(after, axis).copy()), axis).copy()
        mirrored[..., component] *= -1
        np.testing.assert_allclose(mirrored, flow, atol=5e-3)


@QUICK
@given(pairs())
def test_transposed_images_give_transposed_flow(pair):
    before, after = pair
    turned = ESTIMATE(before.T.copy(), after.T.copy())
    np.testing.assert_allclose(turned.transpose(1, 0, 2)[..., ::-1], ESTIMATE(before, after), atol=5e-3)


@QUICK
@given(pairs(), st.floats(0.9, 1.1), st.floats(-20, 20))
def test_gain_and_offset_do_not_matter(pair, gain, offset):
    before, after = pair
    changed = ESTIMATE(before, np.float32(gain) * after + np.float32(offset))
    assert np.abs(changed - ESTIMATE(before, after)).mean() < 0.02


@QUICK
@given(pairs())
def test_an_offset_of_both_changes_nothing(pair):
    before, after = pair
    np.testing.assert_allclose(ESTIMATE(before + 7, after + 7), ESTIMATE(before, after), atol=5e-3)


@QUICK
@given(pairs())
def test_there_and_back_again_is_nearly_nothing(pair):
    before, after = pair
    there, back = ESTIMATE(before, after), ESTIMATE(after, before)
    assert np.abs(there + pulled_back_flow(back, there)).mean() < 0.1


def pulled_back_flow(flow: np.ndarray, along: np.ndarray) -> np.ndarray:
    return np.dstack([pulled_back(flow[..., i], along) for i in range(2)])


@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_repeated_calls_agree_to_the_bit(face, kind):
    estimate = FlowEstimator(224, 224, "tracking")
    before, after = face.astype(kind), np.roll(face, 1, axis=0).astype(kind)
    first = estimate(before, after)
    estimate(after, before)
    np.testing.assert_array_equal(estimate(before, after), first)


def test_bytes_and_floats_agree(face):
    before, after = face.astype(np.uint8), np.roll(face, 1, axis=1).astype(np.uint8)
    floats = ESTIMATE_FACE(before.astype(np.float32), after.astype(np.float32))
    np.testing.assert_array_equal(ESTIMATE_FACE(before, after), floats)


def test_strided_and_read_only_images_are_taken(face):
    wide = np.repeat(face, 2, axis=1)[:, ::2]
    assert not wide.flags.c_contiguous
    np.testing.assert_array_equal(ESTIMATE_FACE(wide, face), ESTIMATE_FACE(face, face))


ESTIMATE_FACE = FlowEstimator(224, 224, "tracking")
