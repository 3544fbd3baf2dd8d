"""The store: one HDF5 file per clip, written whole or not at all, and a table of contents.

    STORE/store.json                            what was asked for, by which command, code and data; the clips' table
    STORE/clips/DATASET/SUBJECT/NAME.h5         arrays, and as attributes where they come from and how they were made

A clip's file is made under another name and moved into place, so a run that was cut off leaves no half file, and
several processes can write at once.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import h5py
import msgspec
import numpy as np
from numpy.typing import NDArray

from models.datasets.clip import AnnotatedClip
from models.preparation.prepare import Prepared
from models.preparation.settings import PrepareSettings

CONTENTS = "store.json"


class StoreError(ValueError):
    """A store that cannot be read or written; the message says what to do."""


class Entry(msgspec.Struct, frozen=True):
    """One clip of the store."""

    file: str  # relative to the store
    dataset: str
    subject: str
    name: str
    emotion: str
    action_units: str
    marks: str  # "annotated", or what was found


class Contents(msgspec.Struct, frozen=True):
    """`store.json`."""

    settings: PrepareSettings
    command: str
    commit: str
    versions: dict[str, str]
    data: list[str]  # as given with --data
    clips: list[Entry]
    failed: dict[str, str]  # clip -> why it is not there


def clip_file(store: Path, clip: AnnotatedClip) -> Path:
    """Where a clip is kept."""
    parts = [re.sub(r"[^\w.-]|^\.+", "_", part) or "_" for part in (clip.dataset, clip.subject, clip.name)]
    return store.joinpath("clips", *parts[:2], parts[2] + ".h5")


def fingerprint(clip: AnnotatedClip) -> str:
    """What a clip is made from: names, sizes and marks; another value means that it must be made anew."""
    digest = hashlib.sha256(repr((clip.onset, clip.apex, clip.offset, clip.emotion, clip.action_units)).encode())
    for file in (*clip.frames, *clip.depth):
        digest.update(f"{file.name}:{file.stat().st_size}\n".encode())
    return digest.hexdigest()


def is_there(file: Path, recipe: str, source: str) -> bool:
    """Whether a clip lies in the store, made by this recipe from these files."""
    try:
        with h5py.File(file) as kept:
            return bool(kept.attrs["recipe"] == recipe and kept.attrs["source"] == source)
    except (OSError, KeyError):
        return False


def write_clip(file: Path, clip: AnnotatedClip, prepared: Prepared, recipe: str, source: str) -> None:
    """Write one clip.

    Raises:
        OSError: the disk is full or the folder cannot be written.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    half_done = file.with_suffix(".part")
    with h5py.File(half_done, "w") as out:
        for name, array in prepared.arrays.items():
            large = array.nbytes > 4096
            out.create_dataset(
                name, data=array, compression="gzip" if large else None, compression_opts=1 if large else None
            )
        marks = prepared.marks
        out.attrs.update(
            recipe=recipe, source=source, dataset=clip.dataset, subject=clip.subject, name=clip.name,
            emotion=clip.emotion, action_units=clip.action_units, marks=marks.how, onset=marks.onset, apex=marks.apex,
            offset=marks.offset, first_file=clip.frames[0].name, files=len(clip.frames), rate=prepared.rate,
        )  # fmt: skip
    half_done.replace(file)


def entry_of(store: Path, file: Path) -> Entry:
    """The contents' line about a clip's file."""
    with h5py.File(file) as kept:
        words = {name: str(kept.attrs[name]) for name in Entry.__struct_fields__ if name != "file"}
    return Entry(file=file.relative_to(store).as_posix(), **words)


def write_contents(store: Path, contents: Contents) -> None:
    """Write `store.json`."""
    half_done = store / (CONTENTS + ".part")
    half_done.write_bytes(msgspec.json.format(msgspec.json.encode(contents), indent=1) + b"\n")
    half_done.replace(store / CONTENTS)


def read_contents(store: Path) -> Contents:
    """Read `store.json`.

    Raises:
        StoreError: there is none, or it cannot be read.
    """
    try:
        return msgspec.json.decode((store / CONTENTS).read_bytes(), type=Contents)
    except FileNotFoundError:
        raise StoreError(f"{store} is no store: make one with python -m models prepare --out {store}") from None
    except (OSError, msgspec.MsgspecError) as error:
        raise StoreError(f"{store / CONTENTS}: cannot be read ({error}); prepare it anew") from None


class Column:
    """One field of many clips, read from the store when it is asked for.

    Indexing with an array gives a shorter column; `np.asarray` and iterating give the clips' arrays.

    Args:
        files: the clips.
        field: a data set in each of them.
    """

    def __init__(self, files: Sequence[str], field: str) -> None:
        self._files, self._field = tuple(files), field

    def __len__(self) -> int:
        return len(self._files)

    @property
    def shape(self) -> tuple[int, ...]:
        """As of the stacked array."""
        return (len(self), *self[0].shape) if self._files else (0,)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, int | np.integer):
            return _read(self._files[int(index)], self._field)
        return Column([self._files[int(at)] for at in np.arange(len(self._files))[index]], self._field)

    def __iter__(self) -> Iterator[NDArray[Any]]:
        return (_read(file, self._field) for file in self._files)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        stacked = np.stack(list(self)) if self._files else np.zeros(0)
        return stacked if dtype is None else stacked.astype(dtype)


@lru_cache(maxsize=1024)
def _small(file: str, field: str) -> NDArray[Any]:
    return _from_disk(file, field)


def _read(file: str, field: str) -> NDArray[Any]:
    # Clips of frames would fill the memory; everything else may stay in it.
    return _from_disk(file, field) if field in ("frames", "unit_region") else _small(file, field)


def _from_disk(file: str, field: str) -> NDArray[Any]:
    with h5py.File(file) as kept:
        return np.asarray(kept[field][()])
