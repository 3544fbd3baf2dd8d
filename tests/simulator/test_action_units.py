"""Muscles move the skin where anatomy says, by what is stated."""

from __future__ import annotations

import numpy as np
import pytest

from kernels.face_topology import mirror
from models.labels import ACTION_UNITS
from models.simulator.action_units import BOTH_SIDES_ONLY, MUSCLES, ActionUnits, displace
from models.simulator.face_frame import FaceFrame
from models.simulator.topology import LOWER_LIDS, LOWER_LIPS, UPPER_LIDS, UPPER_LIPS

RIGHT_CORNER, LEFT_CORNER = 61, 291


def test_every_action_unit_that_the_networks_report_has_muscles():
    assert set(ACTION_UNITS) | {"AU45"} == set(MUSCLES)


def test_smile_moves_the_lip_corner_up_and_out_by_a_tenth_of_the_face(stage, units):
    frame = FaceFrame.of(stage.head.rest[:468])
    moved = units.displacement({"AU12": 1.0})
    for corner, outward in ((RIGHT_CORNER, -1), (LEFT_CORNER, 1)):
        assert np.linalg.norm(moved[corner]) == pytest.approx(0.100 * frame.width, rel=1e-3)
        assert moved[corner, 0] * outward > 5
        assert moved[corner, 1] < -10


@pytest.mark.parametrize(
    ("unit", "vertex", "direction"),
    [
        ("AU1", 55, (0, -1)),  # inner brow up
        ("AU2", 105, (0, -1)),  # outer brow up
        ("AU4", 55, (1, 1)),  # inner brow down and in (the subject's right brow: in is the image's right)
        ("AU5", 159, (0, -1)),  # upper lid up
        ("AU6", 50, (0, -1)),  # cheek up
        ("AU7", 145, (0, -1)),  # lower lid up
        ("AU9", 98, (0, -1)),  # wing of the nose up
        ("AU10", 40, (0, -1)),  # upper lip up
        ("AU14", 61, (-1, 0)),  # lip corner out
        ("AU15", 61, (0, 1)),  # lip corner down
        ("AU17", 200, (0, -1)),  # chin up
        ("AU20", 61, (-1, 0)),
        ("AU23", 61, (1, 0)),  # lip corner in
        ("AU24", 17, (0, -1)),  # lower lip up
        ("AU25", 17, (0, 1)),  # lower lip down
        ("AU26", 152, (0, 1)),  # chin down
        ("AU45", 159, (0, 1)),  # upper lid down
    ],
)
def test_direction_of_pull(units, unit, vertex, direction):
    moved = units.displacement({unit: 0.1})[vertex, :2]
    cosine = moved @ np.array(direction) / (np.linalg.norm(moved) * np.linalg.norm(direction))
    assert cosine > 0.75


def test_muscles_leave_the_far_side_of_the_face_alone(units):
    for unit in ("AU1", "AU2", "AU4", "AU5"):
        assert np.abs(units.displacement({unit: 1.0})[[61, 291, 17, 152]]).max() < 0.01
    for unit in ("AU12", "AU15", "AU17", "AU25", "AU26"):
        assert np.abs(units.displacement({unit: 1.0})[[10, 105, 334, 159, 386]]).max() < 0.5


def test_sides_are_mirror_images(symmetric_mesh):
    units = ActionUnits(symmetric_mesh)
    for unit in MUSCLES:
        names = (unit, unit) if unit in BOTH_SIDES_ONLY else (unit + "R", unit + "L")
        right, left = (units.displacement({name: 0.5}) for name in names)
        np.testing.assert_allclose(left, (right * [-1, 1, 1])[mirror()], atol=0.02)


def test_both_sides_are_the_sum_of_each(units):
    for unit in set(MUSCLES) - BOTH_SIDES_ONLY:
        together = units.displacement({unit: 0.1})
        apart = units.displacement({unit + "L": 0.1, unit + "R": 0.1})
        np.testing.assert_allclose(together, apart, atol=1e-4)


def test_displacement_scales_with_the_face_and_the_activation(stage, units):
    mesh = stage.head.rest[:468]
    strong = displace(mesh * 2, {"AU12": 0.2, "AU6": 0.2})
    np.testing.assert_allclose(strong, 4 * units.displacement({"AU12": 0.1, "AU6": 0.1}), atol=0.02)


def test_closed_lids_meet_and_do_not_cross(stage, units):
    for activation in (1.0, 1.2):
        closed = stage.head.rest[:468] + units.displacement({"AU45": activation, "AU7": 0.5})
        for upper, lower in zip(UPPER_LIDS, LOWER_LIDS, strict=True):
            gap = closed[list(lower[1:-1]), 1] - closed[list(upper[1:-1]), 1]
            assert np.abs(gap).max() < 1.0


def test_pressed_lips_do_not_cross(stage, units):
    pressed = stage.head.rest[:468] + units.displacement({"AU24": 1.0, "AU17": 1.0})
    gap = pressed[list(LOWER_LIPS[-1]), 1] - pressed[list(UPPER_LIPS[-1]), 1]
    assert gap.min() > -1.0


def test_unknown_action_unit_is_named(units):
    with pytest.raises(ValueError, match="unknown action unit 'AU99': choose from AU1R"):
        units.displacement({"AU99": 1.0})
