"""Where operating points are kept: the shipped curve, the page's slider, and a user's own settings file."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path

import msgspec

import realtime
from calibrate.threshold import Point, ThresholdReport, slider
from realtime.failures import UserFacingError
from realtime.person import persons_folder
from realtime.settings import SettingsError, load_settings

SHIPPED = Path(__file__).with_name("operating_point.json")
"""The curve behind the shipped defaults, with what it was made from."""
SHIPPED_SLIDER = Path(realtime.__file__).with_name("operating_points.csv")
"""What the live page's slider offers."""


def own_slider() -> Path:
    """A user's own table, which wins over the shipped one."""
    return persons_folder().with_name(SHIPPED_SLIDER.name)


def read_shipped(path: Path = SHIPPED) -> ThresholdReport:
    """The report of the shipped operating point.

    Raises:
        UserFacingError: it is missing or damaged.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=ThresholdReport)
    except (OSError, msgspec.DecodeError) as error:
        raise UserFacingError(f"{path}: cannot be read ({error}); restore it with git checkout") from None


def write_slider(points: Sequence[Point], path: Path, says: str) -> None:
    """Write the table of operating points.

    Args:
        points: of a sweep; those worth choosing are written.
        path: file; its folder is made.
        says: one line on where they come from.
    """
    offered = slider(points)
    text = io.StringIO()
    text.write(f"# {says}\n")
    names = list(offered[0].settings)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["false_alarms_per_minute", *names, "precision", "recall"])
    for point in offered:
        rate = round(point.rate, 3)
        writer.writerow([rate, *(f"{point.settings[name]:g}" for name in names), point.precision, point.recall])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text.getvalue(), encoding="utf-8")


def write_settings(file: Path, settings: dict[str, float], method: str) -> None:
    """Put an operating point into a settings file; all else in it stays as it is.

    Raises:
        UserFacingError: the file cannot be written, or could not be read as settings afterwards; it is unchanged.
    """
    values = {"method": f'"{method}"', **{name: f"{value:g}" for name, value in settings.items()}}
    fresh = file.with_name(f".{file.name}.part")
    try:
        before = file.read_text(encoding="utf-8") if file.exists() else ""
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(_with_values(before, values), encoding="utf-8")
        try:
            load_settings(fresh)
            fresh.replace(file)
        finally:
            fresh.unlink(missing_ok=True)
    except SettingsError as error:
        raise UserFacingError(f"{file}: not changed, since it could not be read afterwards: {error}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserFacingError(f"{file}: cannot be written: {error}") from None


def _with_values(text: str, values: dict[str, str]) -> str:
    """A TOML text with these keys in its section [spot]."""
    lines = text.splitlines()
    headers = [number for number, line in enumerate(lines) if re.match(r"\s*\[", line)]
    start = next((n for n in headers if re.match(r"\s*\[\s*spot\s*\]", lines[n])), None)
    if start is None:
        gap = [""] if lines and lines[-1].strip() else []
        return "\n".join([*lines, *gap, "[spot]", *(f"{name} = {value}" for name, value in values.items())]) + "\n"
    end = next((number for number in headers if number > start), len(lines))
    left = dict(values)
    for number in range(start + 1, end):
        key = re.match(r"\s*[\"']?(\w+)[\"']?\s*=[^#]*(#.*)?$", lines[number])
        if key and key.group(1) in left:
            said = f"  {key.group(2)}" if key.group(2) else ""
            lines[number] = f"{key.group(1)} = {left.pop(key.group(1))}{said}"
    lines[start + 1 : start + 1] = [f"{name} = {value}" for name, value in left.items()]
    return "\n".join(lines) + "\n"
