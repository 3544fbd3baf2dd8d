"""Folders of frames, wherever a tree keeps them, and names that differ only in case and padding."""

from __future__ import annotations

import os
import re
from pathlib import Path

from models.datasets.clip import IMAGES

_DEPTH_FOLDER = "depth"


def frame_folders(root: Path) -> list[Path]:
    """Every folder below that holds images, depth images aside; in natural order."""
    found = []
    for place, folders, files in os.walk(root):
        folders.sort()
        here = Path(place)
        if here.name.lower() != _DEPTH_FOLDER and any(Path(file).suffix.lower() in IMAGES for file in files):
            found.append(here)
    return found


def numbered_images(folder: Path) -> dict[int, Path]:
    """Images by the last number in their name, in rising order: img46.jpg, 006_05562.jpg, reg_image28160.bmp, 0.jpg."""
    numbered = {}
    for file in folder.iterdir():
        numbers = re.findall(r"\d+", file.stem)
        if file.suffix.lower() in IMAGES and numbers and not file.name.startswith("."):
            numbered[int(numbers[-1])] = file
    return dict(sorted(numbered.items()))


_SUBJECT_WORDS = frozenset({"", "s", "sub", "subj", "subject", "spno", "sp", "p", "person", "participant"})


def same_subject(one: str, other: str) -> bool:
    """Whether two names mean one person: sub01 = 1 = 01 = Sub1, spNO.7 = 7; 1 is neither 11 nor CASME1."""
    one, other = one.strip().lower(), other.strip().lower()
    if one == other:
        return True
    left, right = _split(one), _split(other)
    return bool(left[1]) and left[1] == right[1] and {left[0], right[0]} <= _SUBJECT_WORDS


def same_clip(folder: str, name: str) -> bool:
    """Whether a folder holds the clip of a name: case and padding aside, and 15_0101disgustingteeth holds 15_0101."""
    folder, name = folder.strip().lower(), name.strip().lower()
    if folder == name:
        return True
    left, right = _split(folder), _split(name)
    return bool(left[1]) and left[1] == right[1] and right[0] in (left[0], "")


def _split(name: str) -> tuple[str, tuple[int, ...]]:
    return re.sub(r"[\d_.\-\s]+", "", name), tuple(int(digits) for digits in re.findall(r"\d+", name))


def plain_subject(subject: str) -> str:
    """A subject without padding, so that all clips of one person get one name: 006 -> 6, sub01 -> sub1."""
    return re.sub(r"\d+", lambda digits: str(int(digits.group())), subject.strip())


def clip_folder(folders: list[Path], root: Path, subject: str, name: str) -> list[Path]:
    """Folders of frames that lie in one called `name`, itself somewhere in one called `subject`; exact names first.

    A tree without subject folders (MMEW sorts by emotion) matches by `name` alone.
    """
    parts = {folder: folder.relative_to(root).parts for folder in folders}
    named = [folder for folder in folders if any(part.lower() == name.strip().lower() for part in parts[folder])]
    if not named:
        named = [folder for folder in folders if any(same_clip(part, name) for part in parts[folder])]
    if subject.strip().lower() == name.strip().lower():
        return named
    under = [folder for folder in named if _subject_above(parts[folder], subject, name)]
    return under or ([] if _some_subject(parts, subject) else named)


def _subject_above(parts: tuple[str, ...], subject: str, name: str) -> bool:
    for place, part in enumerate(parts):
        if same_clip(part, name) and any(same_subject(above, subject) for above in parts[:place]):
            return True
    return False


def _some_subject(parts: dict[Path, tuple[str, ...]], subject: str) -> bool:
    return any(same_subject(part, subject) for one in parts.values() for part in one[:-1])


def depth_beside(folder: Path, numbers: list[int]) -> tuple[Path, ...]:
    """Depth images of the same numbers in the folder `depth` beside a folder of frames; empty unless all are there."""
    beside = folder.parent / _DEPTH_FOLDER
    if not beside.is_dir():
        return ()
    images = numbered_images(beside)
    return tuple(images[number] for number in numbers) if all(number in images for number in numbers) else ()
