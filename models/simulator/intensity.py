"""FACS intensities A to E as skin motion, and how often annotators gave them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

from models.simulator.action_units import ActionUnits
from models.simulator.face_frame import STANDARD_WIDTH

Scale = Literal["micro", "macro"]

SHARES: dict[Scale, dict[str, float]] = {
    "micro": {"A": 0.338, "B": 0.324, "C": 0.216, "D": 0.068, "E": 0.054},
    "macro": {"A": 0.089, "B": 0.457, "C": 0.270, "D": 0.156, "E": 0.028},
}
"""Shares of the letters among 74 micro- and 429 macro-expressions of SAMM Long Videos."""

PEAKS: dict[Scale, dict[str, tuple[float, float]]] = {
    "micro": {"A": (0.6, 1.0), "B": (1.0, 1.8), "C": (1.8, 3.0), "D": (3.0, 4.5), "E": (4.5, 6.0)},
    "macro": {"A": (1.5, 3.0), "B": (3.0, 6.0), "C": (6.0, 10.0), "D": (10.0, 15.0), "E": (15.0, 20.0)},
}
"""Largest motion of the skin by letter, px at 224 px face width. Coders judge a micro-expression against others of its
kind: published recordings of them move 0.5 to 6 px, where a full smile moves over 20."""

STRONGEST = 1.2  # activation; lids and brows reach their anatomical end before lip corners do


def draw_letter(scale: Scale, rng: np.random.Generator) -> str:
    """A letter as often as annotators gave it."""
    letters = list(SHARES[scale])
    shares = np.array(list(SHARES[scale].values()))
    return letters[int(rng.choice(len(letters), p=shares / shares.sum()))]


def peak_motion(units: ActionUnits, activations: Mapping[str, float]) -> float:
    """Largest motion of a vertex in the image plane, px at 224 px face width."""
    moved = units.displacement(activations)[:, :2]
    return float(np.linalg.norm(moved, axis=1).max()) * STANDARD_WIDTH / units.face_px


def with_intensity(
    units: ActionUnits, activations: Mapping[str, float], scale: Scale, letter: str, rng: np.random.Generator
) -> dict[str, float]:
    """The same expression in the strength of a letter; relations between its action units stay as they are."""
    low, high = PEAKS[scale][letter]
    wanted = float(np.exp(rng.uniform(np.log(low), np.log(high))))
    strongest = max(activations.values())
    # Probed at a small strength, where lids and lips do not meet and motion is proportional to activation.
    probe = {name: 0.05 * value / strongest for name, value in activations.items()}
    factor = min(wanted / peak_motion(units, probe), STRONGEST / 0.05)
    return {name: factor * value for name, value in probe.items()}
