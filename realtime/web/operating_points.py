"""The threshold slider: spotter settings for false alarms a minute, as `calibrate threshold` measured."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from realtime.failures import UserFacingError
from realtime.person import persons_folder
from realtime.settings import SpotSettings

_SHIPPED = Path(__file__).parents[1] / "operating_points.csv"
_RATE = "false_alarms_per_minute"


@dataclass(frozen=True)
class OperatingPoint:
    """One row of the table.

    Attributes:
        rate: false alarms a minute.
        settings: of the spotter, by their names in `SpotSettings`.
    """

    rate: float
    settings: dict[str, float]


def table_in_use() -> Path:
    """The user's own table where there is one, else the one that comes along."""
    own = persons_folder().with_name(_SHIPPED.name)
    return own if own.exists() else _SHIPPED


def operating_points(path: Path | None = None) -> list[OperatingPoint]:
    """The table, growing in false alarms; empty where nothing has been measured.

    Args:
        path: a CSV with the column `false_alarms_per_minute`, and one column per setting; # begins a comment. By
            default `table_in_use()`.

    Raises:
        UserFacingError: the table cannot be read, or names a setting that there is not.
    """
    path = path or table_in_use()
    if not path.exists():
        return []
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserFacingError(f"{path}: cannot be read: {error}") from None
    points = []
    for row in csv.DictReader(line for line in text.splitlines() if line.strip() and not line.startswith("#")):
        try:
            values = {name: float(value) for name, value in row.items() if name in ({_RATE} | set(_names()))}
            rate = values.pop(_RATE)
            SpotSettings(**values)
        except (KeyError, ValueError, TypeError, ValidationError):
            raise UserFacingError(
                f"{path}: not a table of operating points; make it anew: python -m calibrate threshold"
            ) from None
        points.append(OperatingPoint(rate, values))
    return sorted(points, key=lambda point: point.rate)


def in_force(points: list[OperatingPoint], settings: SpotSettings) -> float:
    """The rate of the point whose settings differ least from these, each by its share; 0 without a table."""
    if not points:
        return 0.0
    now = settings.model_dump()

    def distance(point: OperatingPoint) -> float:
        return sum(abs(now[name] / value - 1) if value else abs(now[name]) for name, value in point.settings.items())

    return min(points, key=distance).rate


def _names() -> list[str]:
    return list(SpotSettings.model_fields)
