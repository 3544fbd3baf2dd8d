"""Spotting without a trained network: thresholds on motion over noise, with a gate for blinks."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kernels.face_regions import MOTION_REGIONS
from realtime.blink import BlinkGate
from realtime.face_sample import FaceSample
from realtime.occurrence import Occurrence
from realtime.onset_apex import ExpressionDetector
from realtime.person import Person
from realtime.settings import SpotSettings

# Lids move with every glance: they are measured and shown, but open no event.
_SPOTTED = [not name.startswith("eyelid") for name in MOTION_REGIONS]
_EYELIDS = [index for index, name in enumerate(MOTION_REGIONS) if name.startswith("eyelid")]
_NEAR_EYES = np.array([name.startswith(("brow", "eyelid", "cheek", "nose")) for name in MOTION_REGIONS])


class StatisticsDetector:
    """A `Detector`.

    Args:
        settings: thresholds and durations.
        gate_blinks: do not believe eyes and brows during blinks (False for ablation).
    """

    def __init__(self, settings: SpotSettings, gate_blinks: bool = True) -> None:
        self.detector = ExpressionDetector(settings, _SPOTTED)
        self._blink = BlinkGate(settings)
        self._gate_blinks = gate_blinks

    @property
    def active(self) -> bool:
        """An expression is open."""
        return self.detector.active

    @property
    def openness(self) -> float:
        """Share of the usual opening of the eyes."""
        return self._blink.openness

    @property
    def least(self) -> float:
        """Motion that counts, mean over the regions, px at 224 px face width."""
        return float(self.detector.thresholds.mean())

    @property
    def position(self) -> NDArray[np.float64]:
        """Where the regions rest, (regions, 2) px at 224 px face width."""
        return self.detector.neutral.position

    def adjust(self, settings: SpotSettings) -> None:
        """Judge by other settings from now on."""
        self.detector.settings = self._blink.settings = settings

    def expect(self, person: Person) -> None:
        """Begin with what was measured on this person's quiet face."""
        self.detector.neutral.expect(person.noise_of_regions())
        self._blink.expect(person.eye_opening)

    def reset(self) -> None:
        """Throw the window away; the noise learned so far stays."""
        self.detector.reset()
        self._blink.forget()

    def push(self, sample: FaceSample) -> list[Occurrence]:
        """Take in one sample; its time must be later than the last one's."""
        lids_down = float((sample.regions - self.position)[_EYELIDS, 1].mean())
        blinking_since_s = self._blink.watch(sample.time_s, sample.eyes, lids_down)
        believed = np.ones(len(MOTION_REGIONS), bool)
        if blinking_since_s is not None and self._gate_blinks:
            believed = ~_NEAR_EYES
            self.detector.disbelieve(blinking_since_s, _NEAR_EYES)
        return self._with_confidence(self.detector.push(sample.time_s, sample.regions, believed, sample.residual))

    def finish(self) -> list[Occurrence]:
        """The stream ends: what is open is closed where it stands."""
        return self._with_confidence(self.detector.finish())

    def _with_confidence(self, found: list[Occurrence]) -> list[Occurrence]:
        factor = self.detector.settings.noise_factor
        return [replace(one, confidence=confidence_of(one.score, factor)) for one in found]


def confidence_of(score: float, threshold: float) -> float:
    """A figure between 0 and 1 for a motion of so many times its noise: one half at twice the threshold."""
    return 1.0 / (1.0 + math.exp(-4.0 * math.log(max(score, 1e-6) / (2.0 * threshold))))
