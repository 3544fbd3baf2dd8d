"""The operating point of the spotter: how far it may reach before it invents more than somebody can bear."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from typing import Literal, TypeAlias

import msgspec
import numpy as np
from scipy.stats import chi2

from models.score_spotting import score_folder
from models.spotting_files import ScoredClip
from models.spotting_recordings import TracedRecording
from models.spotting_replay import events_on_trace
from realtime.failures import UserFacingError
from realtime.sample_trace import SampleTrace
from realtime.settings import SpotSettings

Method: TypeAlias = Literal["network", "statistics"]
Kind: TypeAlias = Literal["micro", "overall"]

LEAST_INTENSITY = "B"
"""Simulated expressions fainter than this on the FACS scale neither count nor harm."""

_PROBABILITIES = (
    *(0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9),
    *(0.95, 0.97, 0.98, 0.99),
)
GRID: dict[Method, tuple[dict[str, float], ...]] = {
    "network": tuple({"threshold": one} for one in _PROBABILITIES),
    "statistics": tuple({"noise_factor": float(one)} for one in np.geomspace(3.0, 48.0, 17).round(1)),
}
"""Operating points that are tried, by method; the reach shrinks along each."""


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """One operating point on the simulated recordings, and on quiet ones where there are any."""

    settings: dict[str, float]  # of `SpotSettings`
    true: int
    found: int
    hits: int
    precision: float
    recall: float
    f1: float
    false_per_minute: float
    quiet_per_minute: float | None = None  # everything told of somebody who shows nothing is a false alarm

    @property
    def rate(self) -> float:
        """False alarms a minute, of the worse of the two."""
        return max(self.false_per_minute, self.quiet_per_minute or 0.0)


class ThresholdReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was tried, and what was chosen."""

    schema: int = 1
    made_at: str  # UTC, ISO 8601
    made_by: str  # command line
    method: Method
    network: str  # SHA-256 of the spotting network; empty for the statistics
    kind: Kind  # what was counted: micro-expressions, or all that is told
    least_intensity: str
    wanted: float  # false alarms a minute
    chosen: Point
    minutes: float  # simulated
    recordings: list[str]  # their names: method of drawing, rate, seed
    quiet_minutes: float
    curve: list[Point]

    def lines(self) -> list[str]:
        """For a person."""
        best = self.chosen
        told = "micro-expressions" if self.kind == "micro" else "expressions of both kinds"
        bound = _upper_bound(best.found - best.hits, self.minutes)
        lines = [
            f"{self.minutes:.1f} simulated minutes, {best.true} {told} of intensity {self.least_intensity} and up",
            f"chosen for at most {self.wanted:g} false alarms a minute: {settings_text(best.settings)}",
            f"there: {best.false_per_minute:.2f} a minute (95 % sure: under {bound:.2f}), precision "
            f"{best.precision:.2f}, recall {best.recall:.2f}, F1 {best.f1:.2f}",
        ]
        if best.quiet_per_minute is not None:
            lines.append(f"on {self.quiet_minutes:.1f} quiet minutes: {best.quiet_per_minute:.2f} a minute")
        return lines


def settings_text(settings: dict[str, float]) -> str:
    """As it stands in a settings file, on one line."""
    return ", ".join(f"{name} = {value:g}" for name, value in settings.items())


def sweep(
    recordings: Sequence[TracedRecording],
    method: Method,
    kind: Kind,
    base: SpotSettings,
    advanced: Callable[[], None] = lambda: None,
) -> list[Point]:
    """Score every operating point of the grid on simulated recordings.

    Args:
        recordings: with their truth.
        method: which detector decides.
        kind: what is counted.
        base: all other settings.
        advanced: called after each point.
    """
    points = []
    for chosen in GRID[method]:
        settings = _at(base, method, chosen)
        clips = [
            ScoredClip(one.plan.name, one.trace.seconds, one.truth, events_on_trace(one.trace, settings))
            for one in recordings
        ]
        scored = score_folder(clips, LEAST_INTENSITY)[kind]
        points.append(
            Point(
                settings=chosen,
                false_per_minute=scored["false_alarms_per_minute"],
                **{name: scored[name] for name in ("true", "found", "hits", "precision", "recall", "f1")},
            )
        )
        advanced()
    return points


def with_quiet(
    points: Sequence[Point], traces: Sequence[SampleTrace], method: Method, kind: Kind, base: SpotSettings
) -> list[Point]:
    """The same points with what is told on recordings of somebody who shows nothing.

    Raises:
        UserFacingError: the recordings show no face.
    """
    minutes = sum(trace.seconds for trace in traces) / 60
    if not traces or minutes == 0 or not any(len(trace) for trace in traces):
        raise UserFacingError("the quiet recordings show no face; film somebody who sits still, in light")
    measured = []
    for point in points:
        settings = _at(base, method, point.settings)
        told = [event for trace in traces for event in events_on_trace(trace, settings)]
        counted = [event for event in told if kind == "overall" or event.kind == "micro"]
        measured.append(msgspec.structs.replace(point, quiet_per_minute=round(len(counted) / minutes, 3)))
    return measured


def choose(points: Sequence[Point], wanted: float) -> Point:
    """The point that finds most while it stays within the wanted rate; of equals the most precise, then the first.

    Raises:
        UserFacingError: none does.
    """
    within = [point for point in points if point.rate <= wanted]
    if not within:
        least = min(points, key=lambda point: point.rate)
        raise UserFacingError(
            f"no operating point keeps to {wanted:g} false alarms a minute: the least is {least.rate:.2f}, at "
            f"{settings_text(least.settings)}; ask for that many"
        )
    return max(within, key=lambda point: (point.recall, point.precision))


def slider(points: Sequence[Point]) -> list[Point]:
    """The points worth choosing, by growing rate: each finds more than those before it."""
    kept: list[Point] = []
    for point in sorted(points, key=lambda point: (point.rate, -point.recall)):
        if not kept or point.recall > kept[-1].recall:
            kept.append(point)
    return kept


def _at(base: SpotSettings, method: Method, chosen: dict[str, float]) -> SpotSettings:
    return SpotSettings(**(base.model_dump() | {"method": method} | chosen))


def now() -> str:
    """For `made_at`."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def _upper_bound(count: int, minutes: float) -> float:
    """Rate that a Poisson count this small makes improbable at 5 % (Garwood 1936, one-sided)."""
    return float(chi2.ppf(0.95, 2 * (count + 1)) / 2 / minutes) if minutes else float("inf")
