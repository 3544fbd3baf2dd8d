"""The ground truth of a clip as a table."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.simulator.events import Event


@dataclass(frozen=True)
class TruthRow:
    """One event; frames count from 0, times are presentation times in seconds."""

    clip: str
    kind: str  # micro, macro, blink, speech or gaze
    label: str  # negative, positive, surprise, or empty
    onset_s: float
    apex_s: float
    offset_s: float
    onset_frame: int  # first frame in which the face has moved
    apex_frame: int  # frame nearest to the peak
    offset_frame: int  # first frame back at rest
    action_units: str  # such as 4+7 or L12+6
    intensity: str  # FACS letter A to E


def truth_row(clip: str, event: Event, stamps: NDArray[np.float64]) -> TruthRow:
    """Row of one event in a clip whose frames were taken at `stamps` (seconds, rising)."""
    last = len(stamps) - 1
    onset = min(int(np.searchsorted(stamps, event.onset_s, side="right")), last)
    apex = int(np.argmin(np.abs(stamps - event.apex_s)))
    offset = min(int(np.searchsorted(stamps, event.offset_s, side="left")), last)
    times = (round(event.onset_s, 4), round(event.apex_s, 4), round(event.offset_s, 4))
    codes = event.action_units()
    return TruthRow(clip, event.kind, event.label, *times, onset, apex, offset, codes, event.intensity)


def write_truth(path: Path, rows: Iterable[TruthRow]) -> None:
    """Write rows as CSV with a header line, in order of onset."""
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow([column.name for column in fields(TruthRow)])
        table.writerows(astuple(row) for row in sorted(rows, key=lambda row: row.onset_s))


def read_truth(path: Path) -> list[TruthRow]:
    """Read what `write_truth` wrote.

    Raises:
        ValueError: the file lacks a column, or a number is no number; the message names file and line.
    """
    rows = []
    with path.open(newline="", encoding="utf-8") as file:
        for line, cells in enumerate(csv.DictReader(file), start=2):
            try:
                rows.append(
                    TruthRow(
                        clip=cells["clip"],
                        kind=cells["kind"],
                        label=cells["label"],
                        onset_s=float(cells["onset_s"]),
                        apex_s=float(cells["apex_s"]),
                        offset_s=float(cells["offset_s"]),
                        onset_frame=int(cells["onset_frame"]),
                        apex_frame=int(cells["apex_frame"]),
                        offset_frame=int(cells["offset_frame"]),
                        action_units=cells["action_units"],
                        intensity=cells["intensity"],
                    )
                )
            except (KeyError, TypeError, ValueError) as error:
                raise ValueError(f"{path}, line {line}: not a row of a truth table ({error})") from None
    return rows
