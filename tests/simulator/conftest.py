"""The built-in portrait, fitted once, and its head in a frame."""

from __future__ import annotations

import numpy as np
import pytest

from models.simulator.action_units import ActionUnits
from models.simulator.builtin_clip import builtin_stage
from models.simulator.portrait import Portrait, builtin_portrait
from models.simulator.render import FaceRenderer


@pytest.fixture(scope="session")
def portrait() -> Portrait:
    return builtin_portrait()


@pytest.fixture(scope="session")
def stage(portrait: Portrait) -> FaceRenderer:
    """The head of the built-in clip: 640x480, 224 px face width, neutral."""
    return builtin_stage(portrait)


@pytest.fixture(scope="session")
def units(stage: FaceRenderer) -> ActionUnits:
    return stage.head.units


@pytest.fixture
def symmetric_mesh(stage: FaceRenderer) -> np.ndarray:
    """A face that is its own mirror image, 224 px wide, about x = 320."""
    from kernels.face_topology import mirror

    mesh = stage.head.rest[:468].copy()
    mesh[:, 0] -= 320
    twin = mesh[mirror()] * [-1, 1, 1]
    mesh = (mesh + twin) / 2
    mesh[:, 0] += 320
    return mesh
