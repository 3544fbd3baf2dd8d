"""Light and exposure over time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Light:
    """Factors on the picture's levels at one moment."""

    gain: float = 1.0
    across: float = 0.0  # change of the factor from the left border to the right
    down: float = 0.0  # from the top to the bottom


class Lighting:
    """Automatic exposure that hunts, a lamp that flickers with the mains, and shadows that pass."""

    def __init__(self, rng: np.random.Generator, seconds: float) -> None:
        """Draw the light of a clip of this length."""
        self._slow = rng.normal(0, 0.012, (3, 3)) * [[1.0], [0.7], [0.7]]
        self._hertz = np.exp(rng.uniform(np.log(0.03), np.log(0.4), (3, 3)))
        self._phase = rng.uniform(0, 2 * np.pi, (3, 3))
        # Lamps flicker at twice the mains frequency; what a camera sees of it is the beat with its frame rate.
        self._flicker_hertz = float(rng.choice([100.0, 120.0])) + rng.normal(0, 0.02)
        self._flicker = float(rng.choice([0.0, 0.0, rng.uniform(0.002, 0.015)]))
        steps = int(rng.poisson(seconds / 30))
        self._step_at = rng.uniform(0, seconds, steps)
        self._step = rng.normal(0, 0.04, steps)
        self._step_takes = rng.uniform(0.15, 0.6, steps)

    def at(self, at_s: float) -> Light:
        """Light at one moment."""
        slow = (self._slow * np.sin(2 * np.pi * self._hertz * at_s + self._phase)).sum(1)
        flicker = self._flicker * np.sin(2 * np.pi * self._flicker_hertz * at_s)
        # Exposure control answers a change of light after a moment: up and back again.
        phase = np.clip((at_s - self._step_at) / self._step_takes, 0, 1)
        step = float((self._step * np.sin(np.pi * phase) ** 2).sum())
        return Light(float(1 + slow[0] + flicker + step), float(2 * slow[1]), float(2 * slow[2]))
