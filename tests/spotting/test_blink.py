"""The blink gate on lids that close in a known way."""

from __future__ import annotations

import numpy as np
import pytest

from realtime.blink import BlinkGate, eye_opening
from realtime.settings import SpotSettings

LIDS = {160: 1, 159: 1, 158: 1, 144: -1, 145: -1, 153: -1, 385: 1, 386: 1, 387: 1, 380: -1, 374: -1, 373: -1}


def eyes(opening: float) -> np.ndarray:
    """A mesh whose eyes are 30 px wide and `opening` times that high."""
    mesh = np.zeros((468, 3), np.float32)
    mesh[[33, 362], 0], mesh[[133, 263], 0] = -15, 15
    for vertex, side in LIDS.items():
        mesh[vertex, 1] = -side * opening * 30 / 2
    return mesh


def watch(gate: BlinkGate, opening, down=lambda t: 0.0, fps=30, seconds=3.0):
    return [(t, gate.watch(t, eye_opening(eyes(opening(t))), down(t))) for t in np.arange(0, seconds, 1 / fps)]


def test_eye_opening_is_the_aspect_ratio():
    assert eye_opening(eyes(0.3)) == pytest.approx(0.3, rel=1e-5)


def test_open_eyes_are_believed():
    assert all(since is None for _, since in watch(BlinkGate(SpotSettings()), lambda t: 0.3))


def test_a_blink_is_gated_from_before_it_began_until_after_it_ended():
    settings = SpotSettings()

    def blink(t):
        return 0.3 - 0.25 * np.exp(-(((t - 1.5) / 0.08) ** 2))

    gated = [(t, since) for t, since in watch(BlinkGate(settings), blink) if since is not None]
    assert gated[0][0] == pytest.approx(1.45, abs=0.08)
    assert min(since for _, since in gated) < 1.45
    assert gated[-1][0] == pytest.approx(1.6 + settings.blink_margin, abs=0.08)


def test_lids_that_travel_are_a_blink_even_if_the_mesh_sees_none():
    def down(t):
        return 6.0 * np.exp(-(((t - 1.5) / 0.08) ** 2))

    assert any(since is not None for _, since in watch(BlinkGate(SpotSettings()), lambda t: 0.3, down))


def test_a_squint_is_no_blink():
    def squint(t):
        return 0.25 if t > 1.5 else 0.3

    assert all(since is None for _, since in watch(BlinkGate(SpotSettings()), squint))


def test_eyes_that_stay_closed_stop_gating():
    gated = watch(BlinkGate(SpotSettings()), lambda t: 0.3 if t < 1 else 0.05, seconds=5)
    assert gated[-1][1] is None
    assert any(since is not None for _, since in gated)
