"""One expression as a detector tells it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from realtime.face_sample import FaceSample
from realtime.person import Person
from realtime.settings import SpotSettings


@dataclass(frozen=True)
class Occurrence:
    """Times in seconds on the source clock; motions in px at 224 px face width."""

    kind: Literal["micro", "macro"]
    onset_s: float
    apex_s: float
    offset_s: float
    regions: NDArray[np.float64]  # (regions,) peak motion
    score: float  # peak motion over noise, of the region that stands out most
    state: Literal["over", "held", "released"]  # held: announced as macro; released: what was announced is over
    confidence: float = 0.0  # 0 to 1


class Detector(Protocol):
    """Takes samples one after the other and tells expressions."""

    @property
    def active(self) -> bool:
        """An expression seems to be under way."""

    @property
    def openness(self) -> float:
        """Share of the usual opening of the eyes in the last sample."""

    @property
    def least(self) -> float:
        """Motion that stands out from noise, mean over the regions, px at 224 px face width."""

    @property
    def position(self) -> NDArray[np.float64]:
        """Where the regions rest, (regions, 2) px at 224 px face width."""

    def push(self, sample: FaceSample) -> list[Occurrence]:
        """Take in one sample; its time must be later than the last one's."""

    def finish(self) -> list[Occurrence]:
        """The stream ends: what is open is closed where it stands."""

    def reset(self) -> None:
        """Throw the window away: nothing is bridged. The noise learned so far stays."""

    def adjust(self, settings: SpotSettings) -> None:
        """Judge by other settings from now on."""

    def expect(self, person: Person) -> None:
        """Begin with what was measured on this person's quiet face."""
