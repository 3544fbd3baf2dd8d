"""One row per frame, in the manner of OpenFace's CSV (Baltrusaitis et al. 2018), with what Glimpse truly measures.

OpenFace's `AUxx_r` (intensity per frame) is not measured and not written. `AUxx_c` (present or not) says that the
frame lies between onset and offset of an event in which that action unit was found.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from realtime.action_units import ACTION_UNIT_NAMES
from realtime.events_file import EventLine
from realtime.export_table import unit_number
from realtime.frames_file import COLUMNS


def presence_column(unit: str) -> str:
    """AU4 -> AU04_c."""
    return f"AU{unit_number(unit)[0]:02d}_c"


def openface_columns(events: Iterable[EventLine]) -> list[str]:
    """Names in the file's order."""
    units = sorted({*ACTION_UNIT_NAMES, *(unit for event in events for unit in event.action_units)}, key=unit_number)
    return [*COLUMNS, "event", "event_kind", "event_label", "event_phase", *map(presence_column, units)]


def openface_rows(events: Sequence[EventLine], frames: Iterable[dict[str, str]]) -> Iterator[dict[str, str | int]]:
    """The per-frame rows with the events laid over them. Where two overlap, the briefer one is named."""
    briefest = sorted(events, key=lambda event: event.offset_frame - event.onset_frame)
    nobody = dict.fromkeys(openface_columns(events)[len(COLUMNS) + 4 :], 0)
    for frame in frames:
        number = int(frame["frame"]) - 1
        now = [event for event in briefest if event.onset_frame <= number <= event.offset_frame]
        row: dict[str, str | int] = {**frame, **nobody}
        row |= {presence_column(unit): 1 for event in now for unit in event.action_units}
        if now:
            row |= {
                "event": now[0].id,
                "event_kind": now[0].kind,
                "event_label": now[0].label,
                "event_phase": _phase(now[0], number),
            }
        yield row


def write_openface(events: Sequence[EventLine], frames: Iterable[dict[str, str]], path: Path) -> None:
    """UTF-8 with a header; an empty cell where nothing was measured."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, openface_columns(events), restval="")
        writer.writeheader()
        writer.writerows(openface_rows(events, frames))


def _phase(event: EventLine, frame: int) -> str:
    return "apex" if frame == event.apex_frame else "rise" if frame < event.apex_frame else "decay"
