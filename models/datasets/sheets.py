"""Annotation sheets, .xlsx or .csv, whose headers are spaced, cased and placed as every laboratory likes."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.datasets.clip import DatasetError

Columns = Mapping[str, Sequence[str]]
"""Our name for a column -> the names that sheets give it; a trailing ? in ours makes it optional."""

_HEADER_WITHIN = 40
"""Rows; SAMM's sheet has a page of text above its header."""


@dataclass(frozen=True)
class Row:
    """One line of a sheet by our names."""

    place: str  # file and line, for messages
    cells: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        return self.cells.get(name, "")


def sheet_files(folder: Path) -> list[Path]:
    """Sheets in a folder and up to three levels below, the highest first. Lock files of spreadsheets do not count.

    Raises:
        DatasetError: sheets only in the old .xls form, which cannot be read.
    """
    found: list[Path] = []
    old: list[Path] = []
    level = [folder]
    for _ in range(4):
        below: list[Path] = []
        for one in level:
            for entry in sorted(one.iterdir()):
                if entry.is_dir():
                    below.append(entry)
                elif entry.name.startswith(("~$", ".")):
                    continue
                elif entry.suffix.lower() in (".xlsx", ".csv"):
                    found.append(entry)
                elif entry.suffix.lower() == ".xls":
                    old.append(entry)
        level = below[:400]  # beyond that, these are folders of clips
    if old and not found:
        raise DatasetError(f"{old[0]}: the old .xls form cannot be read; save it as .xlsx or .csv beside it")
    return found


def read_tables(file: Path) -> list[list[list[str]]]:
    """All sheets of a file as lists of rows of text; whole numbers without a decimal point.

    Raises:
        DatasetError: the file cannot be read.
    """
    try:
        if file.suffix.lower() == ".csv":
            text = file.read_text(encoding="utf-8-sig", errors="replace")
            dialect = ";" if text.partition("\n")[0].count(";") > text.partition("\n")[0].count(",") else ","
            return [[[cell.strip() for cell in row] for row in csv.reader(text.splitlines(), delimiter=dialect)]]
        return [list(rows) for rows in _workbook(file)]
    except ModuleNotFoundError:
        raise DatasetError(f"{file}: reading .xlsx needs openpyxl: pip install -e '.[train]'") from None
    except Exception as error:  # openpyxl raises whatever the zip or XML inside met
        raise DatasetError(f"{file}: cannot be read ({type(error).__name__}: {error}); save it anew as .csv") from None


def _workbook(file: Path) -> Iterator[list[list[str]]]:
    import openpyxl

    book = openpyxl.load_workbook(file, read_only=True, data_only=True)
    try:
        for sheet in book.worksheets:
            yield [[_text(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
    finally:
        book.close()


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def plain(name: str) -> str:
    """A header without case, spaces and signs: `Apex Frame` and `ApexFrame ` are one."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def rows_of(file: Path, columns: Columns) -> list[Row]:
    """Lines below the first row that names all wanted columns, in whichever table of the file; empty if there is none.

    Raises:
        DatasetError: the file cannot be read.
    """
    for table in read_tables(file):
        for number, header in enumerate(table[:_HEADER_WITHIN]):
            places = _places(header, columns)
            if places is not None:
                return [
                    Row(f"{file.name} line {line}", {name: row[at] for name, at in places.items() if at < len(row)})
                    for line, row in enumerate(table[number + 1 :], start=number + 2)
                    if any(row)
                ]
    return []


def _places(header: Sequence[str], columns: Columns) -> dict[str, int] | None:
    names = [plain(cell) for cell in header]
    places: dict[str, int] = {}
    for ours, theirs in columns.items():
        found = [names.index(plain(one)) for one in theirs if plain(one) in names]
        if found:
            places[ours.removesuffix("?")] = found[0]
        elif not ours.endswith("?"):
            return None
    return places


def frame_number(cell: str) -> int | None:
    """A frame's number; None for an empty cell and the signs that sheets use for "not marked": * / - nan and the like.

    Raises:
        ValueError: neither a number nor such a sign.
    """
    if cell.strip().lower() in {"", "*", "/", "-", "--", "nan", "n/a", "none", "?", "x"}:
        return None
    value = float(cell)
    if not value.is_integer() or value < 0:
        raise ValueError(f"{cell!r} is no frame number")
    return int(value)
