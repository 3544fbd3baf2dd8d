"""Dense flow against displacements that are known exactly."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from kernels.flow import FlowEstimator
from tests.kernels.warping import bump, error, grid, pulled_back, uniform

PRESETS = ("tracking", "precise")


@pytest.fixture(scope="module", params=PRESETS)
def estimate(request):
    return FlowEstimator(224, 224, request.param)


def test_an_image_against_itself_does_not_move(estimate, face):
    assert np.abs(estimate(face, face)).max() < 1e-3


@pytest.mark.parametrize("shift", [(0.05, 0.0), (-0.3, 0.2), (1.0, -1.5), (3.0, 2.0), (-4.0, 4.0)])
def test_translation(estimate, face, shift):
    truth = uniform(224, 224, *shift)
    tolerance = 0.05 + 0.03 * np.hypot(*shift)
    assert error(estimate(pulled_back(face, truth), face), truth) < tolerance


@pytest.mark.parametrize("turn, growth", [(0.02, 0.0), (0.0, 0.02), (-0.015, 0.01)])
def test_rotation_and_expansion(estimate, face, turn, growth):
    x, y = (axis - 111.5 for axis in grid(224, 224))
    truth = np.dstack([growth * x - turn * y, growth * y + turn * x]).astype(np.float32)
    assert error(estimate(pulled_back(face, truth), face), truth) < 0.1


@pytest.mark.parametrize("peak", [0.5, 1.5, 3.0])
def test_local_pull(estimate, face, peak):
    truth = bump(224, 224, peak)
    flow = estimate(pulled_back(face, truth), face)
    assert error(flow, truth) < 0.03 + 0.02 * peak
    moving = np.linalg.norm(truth, axis=2) > 0.25
    assert np.linalg.norm(flow - truth, axis=2)[moving].mean() < 0.05 + 0.05 * peak


def test_noise_of_a_camera(estimate, face):
    random = np.random.default_rng(3)
    truth = bump(224, 224, 2.0)
    pair = [image + random.normal(0, 2, face.shape) for image in (pulled_back(face, truth), face)]
    before, after = (np.clip(np.rint(image), 0, 255).astype(np.uint8) for image in pair)
    assert error(estimate(before, after), truth) < 0.12


@pytest.mark.parametrize("gain, offset", [(1.05, 10.0), (0.95, -10.0), (1.0, 12.0), (1.05, -12.0)])
def test_exposure_changes_nothing(estimate, face, gain, offset):
    truth = bump(224, 224, 1.5)
    before = pulled_back(face, truth)
    assert error(estimate(before, gain * face + offset), estimate(before, face)) < 0.02


def test_a_cut_field_stays_on_its_side(face):
    x, _ = grid(224, 224)
    truth = bump(224, 224, 2.0) * np.clip((x - 118) / 3 + 0.5, 0, 1)[..., None]
    flow = FlowEstimator(224, 224, "precise")(pulled_back(face, truth), face)
    assert np.linalg.norm(flow[:, :100], axis=2).mean() < 0.05
    assert np.linalg.norm((flow - truth)[60:140, 125:160], axis=2).mean() < 0.15


def test_better_than_the_fastest_library_on_the_same_pair(face):
    random = np.random.default_rng(4)
    truth = bump(224, 224, 2.0)
    pair = [image + random.normal(0, 2, face.shape) for image in (pulled_back(face, truth), face)]
    before, after = (np.clip(np.rint(image), 0, 255).astype(np.uint8) for image in pair)
    theirs = error(cv2.DISOpticalFlow_create(0).calc(before, after, None), truth)
    assert error(FlowEstimator(224, 224, "tracking")(before, after), truth) < theirs


def test_a_first_guess_reaches_what_the_pyramid_cannot(face):
    truth = uniform(224, 224, 14.0, 0.0)
    before = pulled_back(face, truth)
    estimate = FlowEstimator(224, 224, "tracking")
    cold = error(estimate(before, face), truth, border=40)
    warm = error(estimate(before, face, initial=uniform(224, 224, 13.0, 0.5)), truth, border=40)
    assert warm < 0.5 < cold


def test_a_kept_reference_gives_the_same(face):
    truth = bump(224, 224, 1.0)
    before = pulled_back(face, truth)
    estimate = FlowEstimator(224, 224, "tracking")
    whole = estimate(before, face)
    estimate.set_reference(before)
    estimate.to(before)
    room = np.empty_like(whole)
    assert estimate.to(face, out=room) is room
    np.testing.assert_array_equal(room, whole)


@pytest.mark.parametrize("size", [(32, 32), (70, 83), (100, 225), (256, 256)])
def test_any_size(face, size):
    image = cv2.resize(face, size[::-1], interpolation=cv2.INTER_CUBIC)
    truth = uniform(*size, 0.5, -0.3)
    flow = FlowEstimator(*size, "precise")(pulled_back(image, truth), image)
    assert flow.shape == (*size, 2)
    assert error(flow, truth, border=8) < 0.15


def test_still_borders_hold_back_the_skin_beside_them_and_no_more(face):
    """The limit that the estimator's documentation states."""
    truth = uniform(224, 224, 1.5, -0.8)
    before, after = pulled_back(face, truth), face.copy()
    clean = FlowEstimator(224, 224, "precise")(before, after)
    before[:, :30] = after[:, :30] = 0
    barred = FlowEstimator(224, 224, "precise")(before, after)
    wrong, usual = (np.linalg.norm(flow - truth, axis=2)[12:-12] for flow in (barred, clean))
    assert 0.2 < wrong[:, 34:46].mean() < 1.0
    assert wrong[:, 60:-12].mean() < usual[:, 60:-12].mean() + 0.02
