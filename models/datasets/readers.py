"""Which reader opens which data set, and which data set a folder holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from models.datasets import laboratories
from models.datasets.clip import DatasetError, Finding
from models.datasets.smic import smic
from models.datasets.videos import class_folders, deception, meview

READERS: dict[str, Callable[[Path], Finding]] = {
    "casme2": laboratories.casme2,
    "samm": laboratories.samm,
    "smic": smic,
    "casme_squared": laboratories.casme_squared,
    "casme3a": laboratories.casme3_a,
    "casme3c": laboratories.casme3_c,
    "mmew": laboratories.mmew,
    "meview": meview,
    "deception": deception,
    "folders": class_folders,
}
"""By the name before the colon of `--data NAME:DIR`. The last takes any tree and is tried last."""


def find(spec: str) -> Finding:
    """Read `NAME:DIR`, or a folder whose data set is found out.

    Raises:
        DatasetError: no such folder, an unknown name, or a sheet that cannot be read.
    """
    name, colon, where = spec.partition(":")
    if not colon:
        name, where = "", spec
    root = Path(where).expanduser()
    if name and name not in READERS:
        raise DatasetError(f"no data set named {name!r}; choose one of: {', '.join(READERS)}")
    if not root.is_dir():
        raise DatasetError(f"{root}: no such folder")
    return READERS[name](root) if name else detect(root)


def detect(root: Path) -> Finding:
    """The finding of the first reader that finds clips; one that says how to ask for a reader when none does.

    Raises:
        DatasetError: a sheet that cannot be read.
    """
    for name, reader in READERS.items():
        if name == "deception" and not _speaks_of_lies(root):
            continue
        finding = reader(root)
        if finding.clips:
            finding.notes.insert(0, f"taken for {name}; name another with NAME:{root}")
            return finding
    nothing = Finding("unknown")
    nothing.missing.append(
        f"{root} looks like none of {', '.join(READERS)}: name one with NAME:{root} to be told what it lacks"
    )
    return nothing


def _speaks_of_lies(root: Path) -> bool:
    return any("decepti" in part.name.lower() for part in (root, *root.rglob("*")))
