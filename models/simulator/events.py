"""What happens in a clip, and how activations follow from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

EventKind: TypeAlias = Literal["micro", "macro", "blink", "speech", "gaze"]


@dataclass(frozen=True)
class Event:
    """One movement of the face with its exact times, in seconds from the first frame."""

    kind: EventKind
    onset_s: float  # last moment of rest
    apex_s: float  # the peak is reached
    offset_s: float  # back at rest
    activations: Mapping[str, float] = field(default_factory=dict)  # at the apex; 1 is FACS intensity E
    label: str = ""  # negative, positive or surprise; empty for what is no expression
    hold_s: float = 0.0  # how long the peak is held after the apex
    intensity: str = ""  # FACS letter A to E
    gaze: tuple[float, float] = (0.0, 0.0)  # at the apex, face widths
    parts: tuple[Event, ...] = ()  # movements that make it up, such as the syllables of speech

    def moved(self, by_s: float) -> Event:
        """The same event later."""
        parts = tuple(part.moved(by_s) for part in self.parts)
        times = (self.onset_s + by_s, self.apex_s + by_s, self.offset_s + by_s)
        return replace(self, onset_s=times[0], apex_s=times[1], offset_s=times[2], parts=parts)

    def strength(self, at_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Share of the peak at each time: 0 at rest, 1 from the apex to the end of the hold."""
        release = self.apex_s + self.hold_s
        rise = np.clip((at_s - self.onset_s) / (self.apex_s - self.onset_s), 0.0, 1.0)
        fall = np.clip((self.offset_s - at_s) / (self.offset_s - release), 0.0, 1.0)
        # Muscles start softly, and relax with the longer tail that recordings show.
        return np.asarray((0.5 - 0.5 * np.cos(np.pi * rise)) * (0.5 - 0.5 * np.cos(np.pi * fall)) ** 1.15)

    def action_units(self) -> str:
        """Codes as annotation sheets write them, such as 6+12, or L14 where the other side does less than a third."""
        sides: dict[str, dict[str, float]] = {}
        for name, activation in self.activations.items():
            unit, side = (name[2:-1], name[-1]) if name[-1] in "LR" else (name[2:], "")
            sides.setdefault(unit, {})[side] = activation
        codes = {}
        for unit, by_side in sides.items():
            left, right = by_side.get("L", 0.0), by_side.get("R", 0.0)
            one_sided = "" not in by_side and bool(min(left, right) < max(left, right) / 3)
            codes[int(unit)] = ("L" if left > right else "R") * one_sided + unit
        return "+".join(codes[unit] for unit in sorted(codes))


def activations_at(events: Sequence[Event], at_s: float) -> dict[str, float]:
    """Activations of all events together at one moment; what several events move adds up to at most 1.2."""
    total: dict[str, float] = {}
    for event in events:
        if not event.onset_s < at_s < event.offset_s:
            continue
        for movement in event.parts or (event,):
            strength = float(movement.strength(np.array(at_s)))
            for name, activation in movement.activations.items():
                total[name] = min(total.get(name, 0.0) + strength * activation, 1.2)
    return total


def gaze_at(events: Sequence[Event], at_s: float) -> tuple[float, float]:
    """Direction of the eyes at one moment, right and down in face widths."""
    right = down = 0.0
    for event in events:
        if event.gaze != (0.0, 0.0) and event.onset_s < at_s < event.offset_s:
            strength = float(event.strength(np.array(at_s)))
            right, down = right + strength * event.gaze[0], down + strength * event.gaze[1]
    return right, down
