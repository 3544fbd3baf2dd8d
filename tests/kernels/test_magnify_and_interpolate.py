"""Magnification and temporal interpolation on clips of known motion."""

from __future__ import annotations

import numpy as np
import pytest

from kernels import laplacian_pyramid
from kernels.displace import displaced
from kernels.flow import FlowEstimator
from kernels.interpolate import interpolate_frames, places_for_count, places_for_rate
from kernels.magnify import magnify_eulerian, magnify_lagrangian
from kernels.temporal_band import band_pass
from tests.kernels.warping import bump, pulled_back, uniform

RATE = 30.0


@pytest.fixture(scope="module")
def swaying(face):
    """60 frames, 0.4 px at 3 Hz along x."""
    shifts = 0.4 * np.sin(2 * np.pi * 3 * np.arange(60) / RATE)
    return np.stack([pulled_back(face, uniform(224, 224, shift, 0)) for shift in shifts])


def amplitude(estimate, frames):
    flows = [estimate(frames[0], frame)[40:-40, 40:-40, 0].mean() for frame in frames[20:50]]
    return (max(flows) - min(flows)) / 2


def test_eulerian_magnifies_motion_in_its_band(swaying):
    estimate = FlowEstimator(224, 224, "precise")
    before = amplitude(estimate, swaying)
    after = amplitude(estimate, magnify_eulerian(swaying, RATE, alpha=2.0, shortest=8.0))
    # Ten frames a cycle miss the peaks by 5 %.
    assert before == pytest.approx(0.38, abs=0.04)
    assert 2.0 < after / before < 3.2
    slow = magnify_eulerian(swaying, RATE, alpha=2.0, low=8.0, high=12.0, shortest=8.0)
    assert amplitude(estimate, slow) / before < 1.7


def test_a_still_clip_stays_as_it_is(face):
    clip = np.repeat(face[None], 8, axis=0)
    np.testing.assert_allclose(magnify_eulerian(clip, RATE), clip, atol=1e-2)
    np.testing.assert_allclose(magnify_eulerian(clip.astype(np.uint8), RATE), clip.astype(np.uint8), atol=1e-2)


@pytest.mark.parametrize("size", [(64, 64), (37, 53), (8, 9)])
@pytest.mark.parametrize("backend", ["numba", "numpy"])
def test_pyramids_join_to_what_was_split(face, size, backend):
    frames = face[None, : size[0], : size[1]].copy()
    levels = laplacian_pyramid.split(frames, backend)
    np.testing.assert_allclose(laplacian_pyramid.join(levels, backend), frames, atol=1e-3)


@pytest.mark.parametrize("frequency, passes", [(0.05, False), (3.0, True), (14.0, False)])
def test_the_band(frequency, passes):
    series = np.sin(2 * np.pi * frequency * np.arange(600) / RATE).astype(np.float32)[:, None, None] * np.ones(
        (1, 8, 8)
    )
    through = band_pass(series, RATE, 0.5, 10.0, "numba")[300:].std() / series[300:].std()
    assert through > 0.8 if passes else through < 0.25


def test_lagrangian_magnifies_the_flow(face):
    truth = bump(224, 224, 0.8)
    carried = magnify_lagrangian(face, truth, 2.0)
    measured = FlowEstimator(224, 224, "precise")(face, carried)
    moving = np.linalg.norm(truth, axis=2) > 0.25
    np.testing.assert_allclose(measured[moving].mean(axis=0), 3 * truth[moving].mean(axis=0), atol=0.15)


def test_displacement_by_whole_pixels_is_exact(face):
    moved = displaced(face, uniform(224, 224, 1.0, 2.0), 1.0)
    np.testing.assert_allclose(moved[2:, 1:], face[:-2, :-1], atol=1e-3)
    np.testing.assert_array_equal(displaced(face, uniform(224, 224, 1.0, 2.0), 0.0), face)


def test_interpolation_moves_instead_of_fading(face):
    motion = bump(224, 224, 6.0, spread=35.0)
    clip = np.stack([pulled_back(face, motion), face])
    truth = pulled_back(face, motion * 0.5)
    half = np.array([0.5])
    wrong, right = (np.abs(interpolate_frames(clip, half, m)[0] - truth).mean() for m in ("linear", "flow"))
    assert right < 0.6 * wrong


def test_places_on_frames_give_the_frames(swaying):
    clip = swaying[:4]
    np.testing.assert_array_equal(interpolate_frames(clip, np.arange(4.0)), clip)
    assert interpolate_frames(clip, places_for_count(4, 10), "linear").shape == (10, 224, 224)


def test_places():
    np.testing.assert_allclose(places_for_count(5, 9), np.arange(9) / 2)
    np.testing.assert_allclose(places_for_count(5, 1), [0])
    np.testing.assert_allclose(places_for_rate(4, 30.0, 60.0), np.arange(7) / 2)
    np.testing.assert_allclose(places_for_rate(7, 200.0, 100.0), [0, 2, 4, 6])


def test_bad_input(face):
    clip = np.repeat(face[None], 3, axis=0)
    for bad in ({"high": 15.0}, {"low": 0.0}, {"low": 11.0}, {"alpha": -1.0}, {"shortest": 0.0}):
        with pytest.raises(ValueError, match="must"):
            magnify_eulerian(clip, RATE, **bad)
    with pytest.raises(ValueError, match="frames must"):
        magnify_eulerian(face, RATE)
    with pytest.raises(ValueError, match="not finite"):
        magnify_eulerian(clip * np.nan, RATE)
    with pytest.raises(ValueError, match="between 0 and 2"):
        interpolate_frames(clip, np.array([2.5]))
    with pytest.raises(ValueError, match="method"):
        interpolate_frames(clip, np.array([0.5]), "cubic")
    with pytest.raises(ValueError, match="shape"):
        displaced(face[:-1], uniform(224, 224, 0, 0))
    for call in (lambda: places_for_count(0, 3), lambda: places_for_rate(3, 0.0, 30.0)):
        with pytest.raises(ValueError, match="need"):
            call()
