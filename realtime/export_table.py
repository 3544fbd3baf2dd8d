"""Events as a flat table: CSV for spreadsheets and R, Parquet for data frames. The same columns in both."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from realtime.action_units import ACTION_UNIT_NAMES
from realtime.events_file import EventLine

if TYPE_CHECKING:
    import pyarrow

_UNITS = {
    **dict.fromkeys(("onset_s", "apex_s", "offset_s", "duration_s", "decided_s"), "seconds"),
    "strength": "px at 224 px face width",
    "latency_ms": "milliseconds",
}
_TEXTS = ("id", "source", "kind", "label", "action_units", "model")
_WHOLE = ("onset_frame", "apex_frame", "offset_frame", "schema")


def unit_number(unit: str) -> tuple[int, str]:
    """For sorting action units: AU4 before AU12."""
    digits = "".join(letter for letter in unit if letter.isdigit())
    return (int(digits) if digits else 0, unit)


def columns(events: Sequence[EventLine]) -> list[str]:
    """Names of the columns: the fields of the events file, with classes, action units and regions spread out.

    Every action unit that Glimpse knows has a column, and so has any other that occurs.
    """
    units = sorted({*ACTION_UNIT_NAMES, *(unit for event in events for unit in event.action_units)}, key=unit_number)
    regions = dict.fromkeys(region for event in events for region in event.influence)
    spread = {
        "offset_s": ["offset_s", "duration_s"],
        "probabilities": ["p_negative", "p_positive", "p_surprise"],
        "action_units": ["action_units", *units],
        "influence": [f"influence_{region}" for region in regions],
        "unit_curves": [],  # a table within a cell is no table
    }
    return [column for name in EventLine.__struct_fields__ for column in spread.get(name, [name])]


def row(event: EventLine) -> dict[str, Any]:
    """One event; action units that were not found are left out."""
    plain = msgspec.structs.asdict(event)
    plain |= {f"p_{name}": value for name, value in plain.pop("probabilities").items()}
    plain |= {f"influence_{region}": value for region, value in plain.pop("influence").items()}
    units: dict[str, float] = plain.pop("action_units")
    plain.pop("unit_curves")
    together = "+".join(sorted(units, key=unit_number))
    return plain | units | {"action_units": together, "duration_s": round(event.offset_s - event.onset_s, 4)}


def write_csv(events: Sequence[EventLine], path: Path) -> None:
    """UTF-8 with a header; an empty cell where an action unit was not found."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns(events), restval="")
        writer.writeheader()
        writer.writerows(map(row, events))


def write_parquet(events: Sequence[EventLine], path: Path) -> None:
    """Typed, with the unit of each column in its metadata; null where an action unit was not found."""
    import pyarrow
    import pyarrow.parquet

    rows = [row(event) for event in events]
    fields = [_field(pyarrow, name) for name in columns(events)]
    table = pyarrow.Table.from_pylist(rows, schema=pyarrow.schema(fields))
    pyarrow.parquet.write_table(table, path)


def _field(pa: Any, name: str) -> pyarrow.Field:
    kind = pa.string() if name in _TEXTS else pa.int64() if name in _WHOLE else pa.float64()
    unit = _UNITS.get(name)
    return pa.field(name, kind, metadata={"unit": unit} if unit else None)
