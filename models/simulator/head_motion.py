"""How a head moves that somebody tries to hold still: sway, drift, tremor, and now and then a nod or a turn."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.simulator.pose import HeadPose

# right, down, back in face widths; yaw, pitch, roll in degrees
SWAY = np.array([0.012, 0.008, 0.015, 1.3, 1.0, 0.6])
DRIFT = np.array([0.030, 0.020, 0.040, 2.0, 1.5, 1.0])
NOD = np.array([0.010, 0.015, 0.010, 4.0, 4.0, 1.5])
NODS_PER_MINUTE = 3.0
WAVES = 5


class HeadMotion:
    """A random head motion as a smooth function of time."""

    def __init__(self, rng: np.random.Generator, seconds: float) -> None:
        """Draw a motion for a clip of this length; how restless people are differs by a factor of about two."""
        restless = float(np.exp(rng.normal(0.0, 0.4)))
        # Power falls with frequency, as in recordings of quiet sitting: most below half a hertz, a trace to 3 Hz.
        self._hertz = np.exp(rng.uniform(np.log(0.04), np.log(0.6), (WAVES, 6)))
        self._hertz[-1] = rng.uniform(1.0, 3.0, 6)
        size = (0.2 / (self._hertz + 0.15)) / np.sqrt(WAVES)
        size[-1] *= 0.25
        self._size = restless * SWAY * size * rng.normal(1.0, 0.3, (WAVES, 6))
        self._phase = rng.uniform(0, 2 * np.pi, (WAVES, 6))
        knots = max(round(seconds / 12), 1) + 1
        self._shift_at = np.sort(rng.uniform(0, seconds, knots))
        self._shift = restless * DRIFT * rng.normal(0, 0.5, (knots, 6))
        self._shift_takes = rng.uniform(0.8, 2.5, knots)
        nods = int(rng.poisson(NODS_PER_MINUTE * seconds / 60))
        self._nod_at = rng.uniform(0, seconds, nods)
        self._nod = NOD * rng.normal(0, 0.8, (nods, 6))
        self._nod_takes = rng.uniform(0.5, 1.6, nods)

    def _departure(self, at_s: float) -> NDArray[np.float64]:
        sway = (self._size * np.sin(2 * np.pi * self._hertz * at_s + self._phase)).sum(0)
        step = np.clip((at_s - self._shift_at) / self._shift_takes, 0, 1)
        # Posture shifts towards a new place and does not add up without bound: each replaces the one before.
        done = (0.5 - 0.5 * np.cos(np.pi * step))[:, None]
        change = np.diff(self._shift, axis=0, prepend=np.zeros((1, 6)))
        phase = np.clip((at_s - self._nod_at) / self._nod_takes, 0, 1)
        nod = (self._nod * (np.sin(np.pi * phase) ** 2)[:, None]).sum(0)
        return np.asarray(sway + (change * done).sum(0) + nod, np.float64)

    def at(self, at_s: float) -> HeadPose:
        """Pose at one moment."""
        return HeadPose(*self._departure(at_s).tolist())

    def speed(self, at_s: float) -> float:
        """How fast the face moves across the picture, face widths per second."""
        step = 0.005
        now, later = self._departure(at_s), self._departure(at_s + step)
        travel = (later - now) / step
        # A turn by one degree moves the nose by about half a face width times the angle.
        return float(np.hypot(*travel[:2]) + 0.5 * np.radians(np.abs(travel[3:]).sum()))
