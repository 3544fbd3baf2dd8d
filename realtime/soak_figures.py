"""The figures of a soak, and what they say against it."""

from __future__ import annotations

import math
from dataclasses import asdict

from realtime.machine import load, machine
from realtime.soak_tally import Tally, slope_per_hour
from realtime.soak_watch import Holdings, Watch
from realtime.summary import Summary


def figures_of(
    minutes: float,
    watch: Watch,
    summary: Summary,
    result: Tally,
    found: int,
    unique: bool,
    before: Holdings,
    after: Holdings,
) -> dict[str, object]:
    """Everything that was seen, ready for JSON.

    Args:
        minutes: how long it ran.
        watch: who killed, listened and weighed.
        summary: of the run.
        result: what became of the expressions in undisturbed stretches.
        found: expressions in the events file.
        unique: no id stands there twice.
        before, after: what this process held of the system.
    """
    times = [weight.at_s for weight in watch.weights]
    total = [weight.total for weight in watch.weights]
    allocated = [weight.allocated for weight in watch.weights]
    own = [weight.own for weight in watch.weights]
    return {
        "machine": machine(),
        "minutes": minutes,
        "kills": [asdict(kill) for kill in watch.kills],
        "restarts": {stage.name: stage.restarts for stage in summary.stages},
        "frames": summary.frames,
        "frames_lost_on_the_way_to": {stage.name: stage.missed for stage in summary.stages},
        "events_found": found,
        "event_ids_unique": unique,
        "load_after": round(load(), 2),
        "resets": [f"{at_s:.2f} s: {reason}" for at_s, reason in watch.resets],
        "losses_at_s": [round(at_s, 2) for at_s in watch.drops],
        "undisturbed_s": round(result.undisturbed_s, 1),
        "expected": len(result.expected),
        "missed": [asdict(span) for span in result.missed],
        "unexpected": [asdict(span) for span in result.unexpected],
        "memory_mib": {"first": total[0] if total else None, "last": total[-1] if total else None},
        "memory_slope_mib_per_h": _finite(slope_per_hour(times, total)),
        "allocated_mib": {"first": allocated[0] if allocated else None, "last": allocated[-1] if allocated else None},
        "allocated_slope_mib_per_h": _finite(slope_per_hour(times, allocated)),
        "own_memory_slope_mib_per_h": _finite(slope_per_hour(times, own)),
        "leaked": {name: getattr(after, name) - getattr(before, name) for name in asdict(before)},
    }


def _finite(slope: tuple[float, float, float]) -> list[float] | None:
    """None where there were too few samples: JSON knows no NaN."""
    return [round(value, 2) for value in slope] if all(map(math.isfinite, slope)) else None


def soak_failures(figures: dict[str, object]) -> list[str]:
    """What went against the promises, one clause each."""
    wrong = []
    if figures["missed"]:
        wrong.append(f"expressions missed in undisturbed stretches: {figures['missed']}")
    if not figures["event_ids_unique"]:
        wrong.append("an event's id was given twice")
    leaks = figures["leaked"]
    assert isinstance(leaks, dict)
    wrong += [f"{count} {what} leaked" for what, count in leaks.items() if count > 0]
    return wrong
