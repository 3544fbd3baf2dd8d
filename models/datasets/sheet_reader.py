"""Data sets that are a sheet of onsets, apexes and offsets, and a tree of folders of frames."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from models.datasets.clip import AnnotatedClip, Finding
from models.datasets.folders import clip_folder, depth_beside, frame_folders, numbered_images, plain_subject
from models.datasets.sheets import Row, frame_number, rows_of, sheet_files

SUBJECT = ("Subject", "Subjects", "sub", "Participant")
ONSET = ("OnsetFrame", "Onset Frame", "Onset", "onset_frame")
APEX = ("ApexFrame", "Apex Frame", "Apex", "ApexFrame1", "apex_frame")
OFFSET = ("OffsetFrame", "Offset Frame", "Offset", "offset_frame")
UNITS = ("Action Units", "AUs", "AU", "ActionUnits")
FILENAME = ("Filename", "File name", "Folders", "Folder", "Video")


@dataclass(frozen=True)
class Layout:
    """One data set's own ways."""

    dataset: str
    fps: float
    emotion: Sequence[str]  # names of that column
    clip_pattern: str  # what a clip's name looks like, for telling data sets apart
    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)  # beside or instead of the usual ones
    zero_means_missing: bool = False  # a 0 for apex or offset
    many_per_folder: bool = False  # folders are whole recordings with several expressions in each
    wanted: str = ""  # name of the sheet and the folder, for the message when they are missing


def read(root: Path, layout: Layout, rows: Sequence[Row] | None = None) -> Finding:
    """Match every row of the sheet to its folder of frames.

    Args:
        root: holds sheet and tree, at any depth.
        layout: the data set's ways.
        rows: of the sheet, where it has been read already.

    Raises:
        models.datasets.clip.DatasetError: a sheet that cannot be read.
    """
    finding = Finding(layout.dataset)
    rows = _rows(root, layout) if rows is None else rows
    if not rows:
        finding.missing.append(f"no sheet with the columns of {layout.dataset} in {root} ({layout.wanted})")
        return finding
    folders = frame_folders(root)
    if not folders:
        finding.missing.append(f"no folder of frames below {root} ({layout.wanted})")
        return finding
    micro = [row for row in rows if "macro" not in row["kind"].lower()]
    if len(micro) < len(rows):
        finding.notes.append(f"{len(rows) - len(micro)} macro-expressions are left out")
    for row in micro:
        _take(row, root, folders, layout, finding)
    return finding


def _rows(root: Path, layout: Layout) -> list[Row]:
    columns: dict[str, Sequence[str]] = {
        "subject": SUBJECT, "name": FILENAME, "onset": ONSET, "apex?": APEX, "offset": OFFSET,
        "units?": UNITS, "emotion": layout.emotion, **layout.columns,
    }  # fmt: skip
    pattern = re.compile(layout.clip_pattern, re.IGNORECASE)
    for file in sheet_files(root):
        rows = [row for row in rows_of(file, columns) if row["subject"] or row["name"]]
        if any(pattern.fullmatch(row["name"]) for row in rows):
            return rows
    return []


def _take(row: Row, root: Path, folders: list[Path], layout: Layout, finding: Finding) -> None:
    title = f"{row['subject']}/{row['name']}"
    if not row["subject"] or not row["name"]:
        finding.skipped.append((row.place, "subject or clip is not given"))
        return
    try:
        onset, apex, offset = (frame_number(row[column]) for column in ("onset", "apex", "offset"))
    except ValueError as error:
        finding.skipped.append((f"{title} ({row.place})", str(error)))
        return
    if layout.zero_means_missing:
        apex, offset = apex or None, offset or None
    found = clip_folder(folders, root, row["subject"], row["name"])
    if not found:
        finding.missing.append(f"{title}: no folder of frames of that name")
        return
    if len(found) > 1:
        finding.notes.append(f"{title}: {len(found)} folders fit; {_best(found).relative_to(root)} is used")
    folder = _best(found)
    numbered = numbered_images(folder)
    if not numbered:
        finding.skipped.append((title, "its frames bear no numbers"))
        return
    try:
        places = place_marks(onset, apex, offset, list(numbered))
    except ValueError as error:
        finding.skipped.append((title, str(error)))
        return
    if places.note:
        finding.notes.append(f"{title}: {places.note}")
    name = f"{row['name']}_{onset}" if layout.many_per_folder else row["name"]
    clip = AnnotatedClip(
        layout.dataset, plain_subject(row["subject"]), name,
        tuple(numbered.values()), layout.fps, places.onset, places.apex, places.offset,
        row["emotion"].strip().lower(), plain_units(row["units"]), depth_beside(folder, list(numbered)),
    )  # fmt: skip
    finding.add(clip)


def _best(found: list[Path]) -> Path:
    """Raw pictures before cropped ones; the first of equals."""
    return min(found, key=lambda folder: (not re.search("raw|colou?r", str(folder), re.IGNORECASE), str(folder)))


@dataclass(frozen=True)
class Marks:
    """Marks as places in the list of frames."""

    onset: int | None
    apex: int | None
    offset: int | None
    note: str = ""


def place_marks(onset: int | None, apex: int | None, offset: int | None, numbers: list[int]) -> Marks:
    """From the sheet's frame numbers to places in the list of files.

    Numbers are those in the files' names. Where the files were numbered anew, they must be as many as the expression
    has frames, or number from 1 and reach that far. A mark one or two frames beyond the last file counts as the last.

    Raises:
        ValueError: the marks lie outside, or out of order.
    """
    if onset is None:
        return Marks(None, None, None, "no onset marked; the whole clip is used")
    last = offset if offset is not None else numbers[-1]
    if last < onset:
        raise ValueError(f"offset {last} lies before onset {onset}")
    note = ""
    at = {number: place for place, number in enumerate(numbers)}
    if onset not in at and last - onset + 1 == len(numbers):
        at = {onset + place: place for place in range(len(numbers))}
        note = "frames are numbered anew from the onset on"
    if onset not in at:
        raise ValueError(f"onset {onset} is not among its frames {numbers[0]} to {numbers[-1]}")
    if last not in at:
        if not 0 < last - max(at) <= 2:
            raise ValueError(f"offset {last} is not among its frames {numbers[0]} to {numbers[-1]}")
        note = f"offset {last} lies beyond the last frame {max(at)}, which is used"
        last = max(at)
    if apex is not None and (apex not in at or not onset <= apex <= last):
        note, apex = f"apex {apex} lies outside onset and offset and counts as not marked", None
    return Marks(at[onset], None if apex is None else at[apex], at[last], note)


def plain_units(text: str) -> str:
    """Action units as `4+L14`: without intensities, signs of doubt, and spaces; empty where nothing was coded.

    Sheets write `L14`, `AU4`, `12A + R25B`, `4+7?`, `1B or 2C`.
    """
    found = re.findall(r"(?<![A-Z0-9])(?:AU)?([LR]?)(?:AU)?(\d{1,2})", text.upper())
    return "+".join(dict.fromkeys(f"{side}{int(number)}" for side, number in found))
