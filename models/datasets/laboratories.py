"""CASME II, SAMM, MMEW, CAS(ME)^2 and CAS(ME)^3: their sheets and trees."""

from __future__ import annotations

import re
from pathlib import Path

from models.datasets.clip import Finding
from models.datasets.sheet_reader import Layout, read
from models.datasets.sheets import Row, read_tables, sheet_files

EMOTION = ("Estimated Emotion", "Estimated Emotions", "Emotion", "emotions")

CASME2 = Layout(
    "casme2", 200.0, EMOTION, r"EP\d+_\d+\w*",
    wanted="CASME2-coding-20140508.xlsx and CASME2-RAW/sub01/EP02_01f/img1.jpg",
)  # fmt: skip
SAMM = Layout(
    "samm", 200.0, EMOTION, r"\d{2,3}_\d+_\d+", wanted="SAMM_Micro_FACS_Codes_v2.xlsx and 006/006_1_2/006_05562.jpg"
)
MMEW = Layout(
    "mmew", 90.0, EMOTION, r"S\d+-\d+-\d+", wanted="MMEW_Micro_Exp.xlsx and Micro_Expression/happiness/S01-01-001/1.jpg"
)
CASME_SQUARED = Layout(
    "casme_squared", 30.0, ("Emotion", "Emotion Category", "Self-reported Emotion"), r"\d+_\d+\w*",
    columns={"kind?": ("Emotion Type", "Expression Type", "Type")}, zero_means_missing=True, many_per_folder=True,
    wanted="CAS(ME)^2code_final.xlsx and rawpic/s15/15_0101disgustingteeth/img001.jpg",
)  # fmt: skip
CASME3_A = Layout(
    "casme3", 30.0, ("emotion",), r"[a-z]", many_per_folder=True,
    wanted="cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx and spNO.1/a/color/0.jpg",
)  # fmt: skip
CASME3_C = Layout(
    "casme3", 30.0, ("emotion",), r"\w*\d+\w*", columns={"name": ("Filename", "clip", "sub")}, many_per_folder=True,
    wanted="cas(me)3_part_C_ME.xlsx and Part_C_ME_clip/frame/1/color/0.jpg",
)  # fmt: skip


def casme2(root: Path) -> Finding:
    """CASME II (Yan et al., 2014): 200 frames/s, frames numbered as in the recording, a few apexes marked `/`."""
    return read(root, CASME2)


def samm(root: Path) -> Finding:
    """SAMM (Davison et al., 2018): 200 frames/s, subjects 006 in the tree and 6 in the sheet, text above the header."""
    return read(root, SAMM)


def mmew(root: Path) -> Finding:
    """MMEW (Ben et al., 2021): 90 frames/s, sorted by emotion, frames from 1."""
    return read(root, MMEW)


def casme3_a(root: Path) -> Finding:
    """CAS(ME)^3 part A (Li et al., 2022): 30 frames/s with depth images beside the colour ones, frames from 0."""
    return read(root, CASME3_A)


def casme3_c(root: Path) -> Finding:
    """CAS(ME)^3 part C: mock crime; columns sub, onset, offset, emotion, mostly without apex."""
    return read(root, CASME3_C)


def casme_squared(root: Path) -> Finding:
    """CAS(ME)^2 (Qu et al., 2018): 30 frames/s; macro-expressions are left out; 0 marks a missing apex or offset.

    Its final sheet has no header: number of the subject, clip, onset, apex, offset, action units, emotion, kind, own
    word. Two more tables in the same file turn clip names into codes and numbers into folders. Sheets with the header
    Subject, Folders, Onset, Apex, Offset, Emotion Type, Emotion are read as well.
    """
    for file in sheet_files(root):
        tables = [table for table in read_tables(file) if table]
        if len(tables) >= 3 and len(tables[0][0]) >= 8 and tables[0][0][2].isdigit():
            rows, unknown = _with_header(file, tables)
            finding = read(root, CASME_SQUARED, rows)
            finding.skipped += unknown
            return finding
    return read(root, CASME_SQUARED)


def _with_header(file: Path, tables: list[list[list[str]]]) -> tuple[list[Row], list[tuple[str, str]]]:
    """Rows of the sheet without a header by our names, and those whose clip is in no table of names."""
    rows, unknown = [], []
    for line, row in enumerate(tables[0], start=1):
        place = f"{file.name} line {line}"
        subject = _beside(tables[2], row[0], r"s\d+") or row[0]
        code = _beside(tables[1], row[1].rsplit("_", 1)[0], r"\d{3,4}")
        if code is None:
            unknown.append((place, f"clip {row[1]!r} is not in the table of names"))
            continue
        number = "".join(letter for letter in subject if letter.isdigit())
        names = ("onset", "apex", "offset", "units", "emotion", "kind")
        cells = dict(zip(names, row[2:8], strict=True))
        rows.append(Row(place, {"subject": subject, "name": f"{number}_{code}", **cells}))
    return rows, unknown


def _beside(table: list[list[str]], key: str, pattern: str) -> str | None:
    """The cell of the wanted form in the row that holds the key."""
    for row in table:
        cells = [cell.strip().lower() for cell in row]
        if key.strip().lower() in cells:
            return next((cell for cell in cells if re.fullmatch(pattern, cell)), None)
    return None
