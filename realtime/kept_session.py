"""What a recorded session keeps, written down in its manifest, and how it is forgotten again."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec

from realtime.failures import UserFacingError

MANIFEST = "manifest.json"
_DATED = re.compile(r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d")
_NOTICE = "Biometric data: pictures or measurements of a person's face. Keep it only as long as that person agreed to."

Keeps = Literal["video", "landmarks"]


class KeptFile(msgspec.Struct, frozen=True):
    """One file of a session; size and hash are null until it is finished, and where it was not written."""

    name: str
    size: int | None = None  # bytes
    sha256: str | None = None


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What lies in a session's folder, and why."""

    schema: int = 1
    notice: str = _NOTICE
    program: str
    source: str  # without user names and passwords
    began: str  # ISO 8601, local time with its offset
    ended: str | None = None  # null while it is recorded, and where the program was cut off
    keeps: Keeps  # "video": pixels and what was found in them; "landmarks": no pixel at all
    files: tuple[KeptFile, ...]


def begin_session(folder: Path, program: str, source: str, keeps: Keeps, files: Iterable[str]) -> None:
    """Write the manifest before anything else is written, so that even a session cut off can be forgotten.

    Args:
        folder: existing folder of the session.
        program: name and version.
        source: its label, without passwords.
        keeps: what kind of data.
        files: names of what may be written into the folder.

    Raises:
        UserFacingError: it cannot be written.
    """
    listed = tuple(KeptFile(name) for name in files)
    _write(folder, Manifest(program=program, source=source, began=_now(), keeps=keeps, files=listed))


def continued(path: Path) -> Path:
    """A further file beside one that was cut off, listed in the manifest where there is one: `recording-2.mp4`.

    Args:
        path: of the first.

    Raises:
        UserFacingError: the manifest cannot be read or written.
    """
    number = 2
    while (part := path.with_stem(f"{path.stem}-{number}")).exists():
        number += 1
    if (path.parent / MANIFEST).is_file():
        manifest = read_manifest(path.parent)
        _write(path.parent, msgspec.structs.replace(manifest, files=(*manifest.files, KeptFile(part.name))))
    return part


def seal_session(folder: Path) -> None:
    """Add the end, and size and SHA-256 of every file that was written.

    Raises:
        UserFacingError: the manifest cannot be read or written.
    """
    manifest = read_manifest(folder)
    sealed = tuple(_seal(folder / file.name) for file in manifest.files)
    _write(folder, msgspec.structs.replace(manifest, ended=_now(), files=sealed))


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a session.

    Raises:
        UserFacingError: the folder holds none, or one that cannot be read.
    """
    path = folder / MANIFEST
    try:
        return msgspec.json.decode(path.read_bytes(), type=Manifest)
    except OSError:
        raise UserFacingError(f"{folder}: no recorded session: it has no {MANIFEST}; nothing was deleted") from None
    except msgspec.DecodeError as error:
        raise UserFacingError(f"{path}: is damaged ({error}); delete the folder by hand") from None


@dataclass(frozen=True)
class Forgotten:
    """What `forget_session` did.

    Attributes:
        files: names deleted, the manifest among them.
        size: of all of them, bytes.
        left: names that Glimpse had not recorded and therefore left where they are.
    """

    files: tuple[str, ...]
    size: int
    left: tuple[str, ...]


def forget_session(folder: Path) -> Forgotten:
    """Delete what the manifest lists, the manifest last, and the folder when nothing else lies in it.

    Raises:
        UserFacingError: there is no session here, or a file cannot be deleted; what was deleted before it is gone.
    """
    manifest = read_manifest(folder)
    deleted: list[str] = []
    size = 0
    # A name that leads out of the folder was not written by us.
    names = [file.name for file in manifest.files if Path(file.name).name == file.name]
    try:
        for path in (folder / name for name in [*names, MANIFEST]):
            if path.is_file() or path.is_symlink():
                size += path.lstat().st_size
                path.unlink()
                deleted.append(path.name)
        left = tuple(sorted(path.name for path in folder.iterdir()))
        if not left:
            folder.rmdir()
            if _DATED.fullmatch(folder.parent.name) and not any(folder.parent.iterdir()):
                folder.parent.rmdir()  # the last of several sources that were recorded together
    except OSError as error:
        raise UserFacingError(f"{error.filename}: cannot be deleted: {error.strerror}; delete it by hand") from None
    return Forgotten(tuple(deleted), size, left)


def _write(folder: Path, manifest: Manifest) -> None:
    part = folder / f"{MANIFEST}.part"
    try:
        part.write_bytes(msgspec.json.format(msgspec.json.encode(manifest)) + b"\n")
        part.replace(folder / MANIFEST)
    except OSError as error:
        raise UserFacingError(f"{folder}: cannot be written: {error.strerror}; choose another with --out") from None


def _seal(path: Path) -> KeptFile:
    """What was never written stays listed without a size: it may be, by a later replay, and is then forgotten too."""
    return KeptFile(path.name, path.stat().st_size, _sha256(path)) if path.is_file() else KeptFile(path.name)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def _now() -> str:
    return datetime.now().astimezone().isoformat(timespec="seconds")
