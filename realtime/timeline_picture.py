"""The report's timeline as SVG paths: region motions over time, mirrored about each row's middle."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from realtime.messages import ExpressionRecognised
from realtime.motion_bars import paired_regions
from realtime.motion_trace import MotionTrace

WIDTH, LEFT, RIGHT, TOP = 1000, 104, 952, 26
ROW = 46
_HALF = 20  # of a row's height that one side may fill
_LETTER = 7.6  # width of a letter of a tag
_STEPS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)


@dataclass
class Row:
    """One pair of regions."""

    name: str
    middle: float  # y
    right: str  # path of the subject's right side, above the middle
    left: str


@dataclass
class Band:
    """A stretch of time that is marked."""

    x: float
    width: float
    says: str
    number: int = 0
    kind: str = ""
    apex: float = 0.0
    tag: str = ""  # written above it; as much as there is room for


@dataclass
class Timeline:
    """Everything the template draws; lengths in units of the SVG's view box."""

    height: float
    rows: list[Row]
    least: str  # path of the motion that counts, about y = 0
    marks: list[tuple[float, str]]  # y about a row's middle and its motion, px
    ticks: list[tuple[float, str]]
    events: list[Band] = field(default_factory=list)
    faceless: list[Band] = field(default_factory=list)
    resets: list[Band] = field(default_factory=list)


def draw_timeline(
    trace: MotionTrace,
    events: Sequence[ExpressionRecognised],
    faceless: Sequence[tuple[float, float, str]],
    resets: Sequence[tuple[float, str]],
    end_s: float,
    columns: int,
) -> Timeline:
    """Lay out a timeline.

    Args:
        trace: region motions.
        events: what is marked.
        faceless: from, to, why; seconds.
        resets: when, why.
        end_s: length of the recording.
        columns: how finely motions are drawn.
    """
    times, motion, least = trace.columns(columns)
    start_s = min([0.0 if trace.first_s is None or trace.first_s < 5 else trace.first_s, *(e.onset_s for e in events)])
    end_s = max(end_s, start_s + 0.1)
    peaks = [*np.nanmax(motion, axis=1, initial=0.0).tolist(), *(event.strength for event in events)]
    full = max(2.0, float(np.nanpercentile(peaks, 99.9)) if peaks else 0.0)

    def x(time_s: float) -> float:
        return LEFT + (RIGHT - LEFT) * (time_s - start_s) / (end_s - start_s)

    xs = np.array([x(time_s) for time_s in times])
    rows = []
    for number, (name, right, left) in enumerate(paired_regions()):
        middle = TOP + ROW * (number + 0.5)
        sides = [_area(xs, _tall(motion[:, index], full), middle, side) for index, side in ((right, -1), (left, 1))]
        rows.append(Row(name, middle, *sides))
    return Timeline(
        height=TOP + ROW * len(rows) + 24,
        rows=rows,
        least=_line(xs, -_tall(least, full)) + _line(xs, _tall(least, full)),
        marks=[(float(_tall(np.array([px]), full)[0]), f"{px:g}") for px in _marks(full)],
        ticks=[(x(time_s), _clock(time_s, end_s - start_s)) for time_s in _ticks(start_s, end_s)],
        events=_tagged([_event_band(event, x) for event in events]),
        faceless=[Band(x(a), max(x(min(b, end_s)) - x(a), 2.0), why) for a, b, why in faceless],
        resets=[Band(x(min(time_s, end_s)), 0.0, why) for time_s, why in resets],
    )


def _event_band(event: ExpressionRecognised, x: Callable[[float], float]) -> Band:
    width = max(x(event.offset_s) - x(event.onset_s), 2.5)
    says = f"{event.event}: {event.kind}-expression, {event.label}, {event.onset_s:.2f} to {event.offset_s:.2f} s"
    return Band(x(event.onset_s), width, says, event.event, event.kind, x(event.apex_s))


def _tagged(bands: list[Band]) -> list[Band]:
    """Give each band the longest tag that does not touch its neighbours'."""
    middles = [band.x + band.width / 2 for band in bands]
    written_until = 0.0
    for band, middle in sorted(zip(bands, middles, strict=True), key=lambda pair: pair[1]):
        room = min((other - middle for other in middles if other > middle), default=WIDTH - middle)
        for tag in (f"{band.number} {band.kind}", f"{band.number}"):
            half = _LETTER * len(tag) / 2
            if middle - half > written_until and (half < room - _LETTER or tag == f"{band.number}"):
                band.tag, written_until = tag, middle + half
                break
    return bands


def _tall(motion: NDArray[np.float32], full: float) -> NDArray[np.float32]:
    """Height of a motion. The root lets a micro-expression be seen beside a smile ten times as large."""
    return _HALF * np.sqrt(np.minimum(motion / np.float32(full), 1.0))


def _area(x: NDArray[np.float64], tall: NDArray[np.float32], middle: float, side: int) -> str:
    """Filled from the middle of a row, one piece between breaks."""
    pieces = []
    for part in _unbroken(tall):
        outline = [f"M{x[part][0]:.1f} {middle:g}"]
        outline += [f"L{px:.1f} {middle + side * height:.1f}" for px, height in zip(x[part], tall[part], strict=True)]
        pieces.append("".join([*outline, f"V{middle:g}Z"]))
    return "".join(pieces)


def _line(x: NDArray[np.float64], y: NDArray[np.float32]) -> str:
    pieces = []
    for part in _unbroken(y):
        # Thresholds wander slowly: every eighth point tells all.
        points = [f"{px:.1f} {height:.1f}" for px, height in zip(x[part][::8], y[part][::8], strict=True)]
        pieces.append("M" + "L".join([*points, f"{x[part][-1]:.1f} {y[part][-1]:.1f}"]))
    return "".join(pieces)


def _unbroken(values: NDArray[np.float32]) -> list[slice]:
    """Stretches without NaN."""
    edges = np.flatnonzero(np.diff(np.concatenate([[True], np.isnan(values), [True]]).astype(np.int8)))
    return [slice(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _marks(full: float) -> list[float]:
    """Two motions that are named beside a row: about full scale, and about a sixth of it."""
    nice = [value * 10.0**power for power in range(-1, 4) for value in (1, 2, 5)]
    return sorted({max(value for value in nice if value <= limit) for limit in (full, full / 6)})


def _ticks(start_s: float, end_s: float) -> list[float]:
    step = next((step for step in _STEPS_S if (end_s - start_s) / step <= 14), 86400.0)
    return [number * step for number in range(math.ceil(start_s / step), math.floor(end_s / step) + 1)]


def _clock(time_s: float, span_s: float) -> str:
    if span_s < 60:
        return f"{time_s:g} s"
    minutes, seconds = divmod(round(time_s), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}" if span_s >= 3600 else f"{minutes}:{seconds:02}"
