"""Results in the forms that others open: JSONL, CSV, Parquet, ELAN and OpenFace-style CSV; see docs/exports.md."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from realtime.events_file import EventLine
from realtime.export_elan import write_elan
from realtime.export_openface import write_openface
from realtime.export_results import Results, find_results
from realtime.export_table import write_csv, write_parquet
from realtime.failures import UserFacingError

ENDINGS = {
    "jsonl": ".export.jsonl",
    "csv": ".events.csv",
    "parquet": ".events.parquet",
    "elan": ".eaf",
    "openface": ".openface.csv",
}
"""Formats, and what the file of each recording ends in."""
_MERGED = ("jsonl", "csv", "parquet")  # rows name their source, so that many recordings fit into one file


def checked_formats(names: Sequence[str]) -> list[str]:
    """The formats asked for, each once.

    Raises:
        UserFacingError: there is no such format.
    """
    return list(dict.fromkeys(_checked(one) for name in names for one in name.split(",") if one))


def _checked(form: str) -> str:
    if form not in ENDINGS:
        raise UserFacingError(f"no format '{form}': choose from {', '.join(ENDINGS)}")
    return form


def export_path(path: Path, form: str, out: Path | None = None, media: Path | None = None) -> list[Path]:
    """Export all results under a path.

    Args:
        path: folder of a replay or a recorded session, or an events file.
        form: one of `ENDINGS`.
        out: a folder, or with an ending a file; by default files are written beside the events.
        media: the video that an ELAN file points to; by default the one that lies beside the events.

    Returns:
        The files written.

    Raises:
        UserFacingError: there is nothing to export, or it cannot be written.
    """
    form = _checked(form)
    found = find_results(path)
    if media is not None and not media.is_file():
        raise UserFacingError(f"--media {media}: no such file")
    if out is not None and out.suffix and not out.is_dir():
        if len(found) > 1 and form not in _MERGED:
            raise UserFacingError(f"{path} holds {len(found)} recordings: give a folder with --out, not {out.name}")
        _write([found], form, media, [out])
        return [out]
    folder = out or (path if path.is_dir() else path.parent)
    files = [folder / f"{results.name}{ENDINGS[form]}" for results in found]
    _write([[results] for results in found], form, media, files)
    return files


def export_results(results: Results, form: str, file: Path, media: Path | None = None) -> None:
    """Export one recording into one file.

    Raises:
        UserFacingError: it cannot be read or written.
    """
    _write([[results]], form, media, [file])


def _write(groups: Sequence[Sequence[Results]], form: str, media: Path | None, files: Sequence[Path]) -> None:
    for group, file in zip(groups, files, strict=True):
        if any(file.resolve() == one.events_file.resolve() for one in group):
            raise UserFacingError(f"{file} is what is exported from; choose another file with --out")
        events = [event for results in group for event in results.events()]
        fresh = file.with_name(f".{file.name}.part")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            try:
                _write_one(events, group[0], form, media, fresh)
                fresh.replace(file)
            finally:
                fresh.unlink(missing_ok=True)
        except OSError as error:
            raise UserFacingError(f"{file}: cannot be written: {error.strerror}") from None


def _write_one(events: Sequence[EventLine], results: Results, form: str, media: Path | None, file: Path) -> None:
    if form == "jsonl":
        file.write_bytes(b"".join(msgspec.json.encode(event) + b"\n" for event in events))
    elif form == "csv":
        write_csv(events, file)
    elif form == "parquet":
        write_parquet(events, file)
    elif form == "elan":
        write_elan(events, media or results.video(), file)
    else:
        write_openface(events, results.frames(), file)
