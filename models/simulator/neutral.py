"""The neutral face of a portrait: photographs smile, and an expression must start from rest."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.simulator.action_units import ActionUnits
from models.simulator.face_frame import FaceFrame
from models.simulator.muscles import close_opening
from models.simulator.topology import LOWER_LIPS, UPPER_LIPS

CLOSED = 0.012
"""Opening between the lips, face widths, below which a mouth counts as closed."""


def mouth_opening(mesh: NDArray[np.floating[Any]]) -> float:
    """Largest distance between the inner lips, in face widths."""
    points = FaceFrame.of(mesh).to_face(mesh)
    gap = points[list(LOWER_LIPS[-1]), 1] - points[list(UPPER_LIPS[-1]), 1]
    return float(np.clip(gap, 0.0, None).max())


def neutral_mesh(mesh: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Mesh of the same face at rest, float32 (468, 3) px: the lips met, and a smile let go of as far as they were open.

    Args:
        mesh: the face as photographed, float (468, 3) px.
    """
    opening = mouth_opening(mesh)
    if opening < CLOSED:
        return np.asarray(mesh, np.float32)
    frame = FaceFrame.of(mesh)
    points = frame.to_face(mesh)
    lips = (UPPER_LIPS[-1], LOWER_LIPS[-1])
    # Teeth show because the lower lip is down and, in a smile, the upper lip is up.
    closing = close_opening(points, lips, (0.42, 0.56), fold=0.22)
    relaxed = np.asarray(mesh, np.float64) + frame.vectors_to_image(closing)
    smile = min(opening / 0.10, 1.0)
    return np.asarray(
        relaxed + ActionUnits(relaxed).displacement({"AU12": -0.45 * smile, "AU6": -0.15 * smile}), np.float32
    )
