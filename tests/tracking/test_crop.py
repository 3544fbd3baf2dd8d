"""The crop holds still, and points go through it and back."""

from __future__ import annotations

import numpy as np
import pytest

from realtime.crop import CROP_SIZE, SteadyCrop, carry, chain, cut, face_width, invert, move_points, upright


def a_face(x=320.0, y=240.0, width=200.0, roll=0.0):
    """Four corners are all that the similarity looks at."""
    mesh = np.zeros((468, 3), np.float32)
    corners = {234: (-0.5, 0), 454: (0.5, 0), 10: (0, -0.65), 152: (0, 0.65)}
    cosine, sine = np.cos(roll), np.sin(roll)
    for vertex, (u, v) in corners.items():
        mesh[vertex, :2] = x + width * (cosine * u - sine * v), y + width * (sine * u + cosine * v)
    return mesh


@pytest.mark.parametrize("roll", [-0.4, 0.0, 0.3])
def test_the_face_stands_upright_in_the_middle_at_the_wanted_width(roll):
    mesh = a_face(400, 300, 150, roll)
    inside = move_points(upright(mesh, 184), mesh)
    assert face_width(inside) == pytest.approx(184, rel=1e-5)
    assert inside[234, 1] == pytest.approx(inside[454, 1], abs=1e-3)
    assert (inside[10, :2] + inside[152, :2]) / 2 == pytest.approx([CROP_SIZE / 2] * 2, abs=1e-3)


def test_inverse_undoes():
    similarity = upright(a_face(roll=0.2), 184)
    assert chain(invert(similarity), similarity) == pytest.approx(np.eye(2, 3), abs=1e-9)


def test_jitter_does_not_move_the_crop_and_drift_does():
    rng = np.random.default_rng(0)
    steady = SteadyCrop(184, drift=7, smoothing_s=0.2)
    for i in range(90):
        x, y = rng.normal(0, 1.5, 2)
        steady.follow(a_face(320 + x, 240 + y), int(i / 30 * 1e9))
    assert steady.epoch == 1
    for i in range(90, 180):
        steady.follow(a_face(320 + (i - 90) * 0.5), int(i / 30 * 1e9))
    assert 4 <= steady.epoch <= 9


def test_carry_is_what_cutting_again_would_give():
    rows, columns = np.mgrid[0:480, 0:640]
    wave = 128 + 60 * np.sin(columns / 9) + 50 * np.cos(rows / 11)
    image = np.repeat(wave[..., None], 3, axis=2).astype(np.uint8)
    old, new = upright(a_face(), 184), upright(a_face(325, 238, 204, 0.03), 184)
    carried = carry(cut(image, old), old, new)[20:-20, 20:-20].astype(float)
    assert np.abs(carried - cut(image, new)[20:-20, 20:-20]).mean() < 1.5


def test_a_large_face_is_averaged_not_skipped():
    """Fine texture cut at a quarter of its size must not survive as noise."""
    rng = np.random.default_rng(1)
    grains = rng.integers(0, 256, (1080, 1920, 1)).repeat(3, axis=2).astype(np.uint8)
    crop = cut(grains, upright(a_face(960, 540, 740), 184))
    assert crop[60:-60, 60:-60].std() < 35
