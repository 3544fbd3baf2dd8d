"""The face behind simulated flows looks into the camera and has its parts where cropped faces have them."""

import numpy as np
import pytest

from kernels.face_topology import mirror
from models.flow_face import frontal_face
from models.simulator.portrait import builtin_portrait


@pytest.fixture(scope="module")
def placed():
    face = frontal_face(builtin_portrait().mesh)
    low, high = np.array([face[234, 0], face[10, 1]]), np.array([face[454, 0], face[152, 1]])
    return (face[:, :2] - low) / (high - low)


def test_left_and_right_are_alike(placed):
    assert placed[mirror()] * [-1, 1] + [1, 0] == pytest.approx(placed, abs=1e-3)


@pytest.mark.parametrize(("vertex", "row"), [(105, 0.17), (145, 0.34), (1, 0.58), (61, 0.74), (17, 0.80)])
def test_brows_lids_nose_and_lips_are_at_their_heights(placed, vertex, row):
    assert placed[vertex, 1] == pytest.approx(row, abs=0.03)
