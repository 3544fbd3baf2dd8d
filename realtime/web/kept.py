"""Which runs lie in a folder: a camera's sessions, and recordings that were replayed."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

import msgspec

from realtime.events_file import EventLine

_EVENTS = "events.jsonl"
_REPORT = "report.html"
_RECORDING = "recording.mp4"


@dataclass(frozen=True)
class KeptRun:
    """One run on disk.

    Attributes:
        name: of its folder, or of the video.
        lines: its events file.
        video: what was seen; None where it was not kept or is gone.
        report: None where there is none.
        marked: the video shows Glimpse's own drawing, for want of the original.
        live: it is a camera's session, whose video keeps the camera's own times.
    """

    name: str
    lines: Path
    video: Path | None
    report: Path | None
    marked: bool = False
    live: bool = False

    def events(self) -> list[EventLine]:
        """What was found; a damaged line is left out."""
        found = []
        for line in self.lines.read_bytes().splitlines():
            try:
                found.append(msgspec.json.decode(line, type=EventLine))
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue
        return found


def kept_runs(out: Path) -> list[KeptRun]:
    """All runs in a folder and in the folders in it, the newest first; empty where there is no such folder.

    Args:
        out: a camera's folder of sessions, one session, or what `replay` wrote.
    """
    if not out.is_dir():
        return []
    runs = []
    for folder in [out, *(entry for entry in out.iterdir() if entry.is_dir() and not entry.name.startswith("."))]:
        for lines in folder.glob(f"*{_EVENTS}"):
            runs.append(_run(folder, lines))
    return sorted(runs, key=lambda run: run.lines.stat().st_mtime, reverse=True)


def note_source(lines: Path, video: Path) -> None:
    """Remember beside an events file from which video it comes, for the viewer.

    Args:
        lines: the events file.
        video: the recording.
    """
    with contextlib.suppress(OSError):
        (lines.parent / _noted(_stem(lines))).write_text(f"{video.resolve()}\n")


def _stem(lines: Path) -> str:
    return lines.name.removesuffix(_EVENTS).rstrip(".")


def _noted(stem: str) -> str:
    return f".{stem}.source"


def _run(folder: Path, lines: Path) -> KeptRun:
    stem = _stem(lines)
    report = folder / _REPORT
    original, marked = _video(folder, stem)
    live = original is not None and original == folder / _RECORDING
    return KeptRun(stem or folder.name, lines, original, report if report.is_file() else None, marked, live)


def _video(folder: Path, stem: str) -> tuple[Path | None, bool]:
    """The original where it is known, else the annotated one."""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        original = Path((folder / _noted(stem)).read_text().strip())
        if original.exists():
            return original, False
    recording = folder / _RECORDING
    if not stem and recording.is_file():
        return recording, False
    annotated = folder / (f"{stem}.annotated.mp4" if stem else "annotated.mp4")
    return (annotated, True) if annotated.is_file() else (None, False)
