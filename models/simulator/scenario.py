"""What happens in a simulated recording: expressions with quiet between them, blinks, speech and glances."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.drawn_expressions import draw_expression
from models.labels import CLASSES
from models.simulator.action_units import ActionUnits
from models.simulator.events import Event
from models.simulator.intensity import Scale, draw_letter, with_intensity
from models.simulator.timing import draw_blink, draw_macro, draw_micro

FIRST_QUIET_S = 1.0
LAST_QUIET_S = 0.7


@dataclass(frozen=True)
class Rates:
    """Events per minute. Real interviews hold fewer expressions; denser ones make better use of a minute."""

    micro: float = 7.0
    macro: float = 2.5
    held: float = 1.5  # fast as a micro-expression, then kept for 0.5 to 5 s
    speech: float = 1.5
    gaze: float = 8.0
    blink: float = 15.0  # at rest 17 a minute (Bentivoglio et al. 1997), differing between people by a factor of two


def draw_events(
    seconds: float, units: ActionUnits, rng: np.random.Generator, rates: Rates | None = None
) -> list[Event]:
    """Draw the events of one recording, in order of onset.

    Expressions and speech never overlap and have quiet between them; blinks and glances come when they like, and
    only seldom during a micro-expression.

    Args:
        seconds: length of the recording.
        units: the face, which turns intensities into activations.
        rng: source of chance.
        rates: how often what happens.
    """
    rates = rates or Rates()
    kinds = ("micro", "macro", "held", "speech")
    counts = [int(rng.poisson(getattr(rates, kind) * seconds / 60)) for kind in kinds]
    order = [kind for kind, count in zip(kinds, counts, strict=True) for _ in range(count)]
    rng.shuffle(order)
    drawn = [draw_event(kind, units, rng) for kind in order]
    busy = _place(drawn, seconds, rng)
    free = _blinks(seconds, rates, rng) + _glances(seconds, rates, rng)
    micro = [event for event in busy if event.kind == "micro"]
    kept = [event for event in free if not _disturbs(event, micro) or rng.random() < 0.15]
    return sorted(busy + kept, key=lambda event: event.onset_s)


def draw_event(kind: str, units: ActionUnits, rng: np.random.Generator) -> Event:
    """One event with its onset at 0: `micro`, `macro`, `held` (a macro-expression) or `speech`."""
    if kind == "speech":
        return _speech(rng)
    label = int(rng.integers(len(CLASSES)))
    activations = draw_expression(label, rng)
    name = CLASSES[label]
    hold = 0.0
    if kind == "macro":
        rise, decay = draw_macro(rng)
        hold = float(rng.uniform(0, 0.3)) * decay
        decay -= hold
    else:
        rise, decay = draw_micro(name, rng)
    if kind == "held":
        hold, decay = float(rng.uniform(0.5, 5.0)), max(decay, draw_macro(rng)[1] * 0.7)
    scale: Scale = "micro" if kind == "micro" else "macro"
    letter = draw_letter(scale, rng)
    strong = with_intensity(units, activations, scale, letter, rng)
    release = rise + hold
    return Event(scale, 0.0, rise, release + decay, strong, name, hold, letter)


def _place(drawn: list[Event], seconds: float, rng: np.random.Generator) -> list[Event]:
    """Put events one after the other with quiet between; what does not fit is left out."""
    room = seconds - FIRST_QUIET_S - LAST_QUIET_S
    while drawn and sum(event.offset_s for event in drawn) + 0.6 * len(drawn) > 0.8 * room:
        drawn = drawn[:-1]
    spare = room - sum(event.offset_s for event in drawn)
    # Uneven shares make quiet stretches of many seconds beside expressions that follow closely.
    shares = rng.gamma(0.7, 1.0, len(drawn) + 1)
    shortest = 0.4
    gaps = shortest + (spare - shortest * len(shares)) * shares / shares.sum()
    at = FIRST_QUIET_S - shortest
    placed = []
    for event, gap in zip(drawn, gaps[:-1], strict=True):
        at += float(gap)
        placed.append(event.moved(at))
        at += event.offset_s
    return placed


def _disturbs(event: Event, micro: list[Event]) -> bool:
    return any(event.onset_s < other.offset_s + 0.1 and event.offset_s > other.onset_s - 0.1 for other in micro)


def _blinks(seconds: float, rates: Rates, rng: np.random.Generator) -> list[Event]:
    every = 60 / (rates.blink * float(np.exp(rng.normal(0, 0.4)))) if rates.blink else np.inf
    blinks: list[Event] = []
    at = FIRST_QUIET_S + float(rng.gamma(2.0, every / 2))
    while at < seconds - LAST_QUIET_S:
        closing, opening = draw_blink(rng)
        closure = 1.0 if rng.random() < 0.85 else float(rng.uniform(0.4, 0.9))
        # Orbicularis oculi is one muscle: a blink drags brow and cheek a little.
        lids = {"AU45": closure}
        moves = {**lids, "AU4": float(rng.uniform(0, 0.04)), "AU6": float(rng.uniform(0, 0.05))}
        times = (at, at + closing, at + closing + opening)
        blinks.append(Event("blink", *times, lids, parts=(Event("blink", *times, moves),)))
        at += closing + opening + 0.1 + float(rng.gamma(2.0, every / 2))
    return [blink for blink in blinks if blink.offset_s < seconds]


def _glances(seconds: float, rates: Rates, rng: np.random.Generator) -> list[Event]:
    glances: list[Event] = []
    at = FIRST_QUIET_S
    every = 60 / rates.gaze if rates.gaze else np.inf
    while True:
        at += float(rng.exponential(every))
        direction = rng.normal(0, [0.016, 0.008])
        hold = float(rng.uniform(0.2, 2.5))
        saccade = float(0.03 + 0.8 * np.hypot(*direction))  # 30 to 60 ms, longer for wider ones
        end = at + 2 * saccade + hold
        if end > seconds - LAST_QUIET_S:
            return glances
        # Lids follow the eye down and up.
        lids = {"AU45": float(max(direction[1], 0) * 12), "AU5": float(max(-direction[1], 0) * 10)}
        gaze = (float(np.clip(direction[0], -0.035, 0.035)), float(np.clip(direction[1], -0.02, 0.02)))
        times = (at, at + saccade, end)
        parts = (Event("gaze", *times, lids, hold_s=hold),)
        glances.append(Event("gaze", *times, hold_s=hold, gaze=gaze, parts=parts))
        at = end


def _speech(rng: np.random.Generator) -> Event:
    seconds = float(rng.uniform(0.8, 4.0))
    syllables = []
    at = 0.0
    while at < seconds - 0.12:
        takes = float(np.clip(rng.normal(0.2, 0.05), 0.1, 0.35))  # 4 to 6 syllables a second
        mouth = {
            "AU26": float(rng.uniform(0.05, 0.45)),
            "AU25": float(rng.uniform(0.1, 0.6)),
            "AU20": float(max(rng.normal(0.05, 0.1), 0)),
            "AU23": float(max(rng.normal(0.0, 0.25), 0)),
            "AU17": float(max(rng.normal(0.0, 0.12), 0)),
        }
        end = min(at + takes * 1.25, seconds)  # the next sound begins before this one has ended
        syllables.append(Event("speech", at, at + takes * 0.5, end, mouth))
        at += takes
    return Event("speech", 0.0, seconds / 2, seconds, parts=tuple(syllables))
