"""Which runs lie in a folder: a camera's sessions, and recordings that were replayed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from realtime.events_file import EventLine
from realtime.noted_source import EVENTS, noted_source, stem_of

_REPORT = "report.html"
_RECORDING = "recording.mp4"


@dataclass(frozen=True)
class KeptRun:
    """One run on disk.

    Attributes:
        name: of its folder, or of the video; of those found together, no two have the same.
        lines: its events file.
        video: what was seen; None where it was not kept or is gone.
        report: None where there is none.
        marked: the video shows Glimpse's own drawing, for want of the original.
        live: it is a camera's session, whose video keeps the camera's own times.
        image_fps: rate of a video that is a folder of images.
    """

    name: str
    lines: Path
    video: Path | None
    report: Path | None
    marked: bool = False
    live: bool = False
    image_fps: float = 30.0

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
    """All runs in a folder and up to two folders further down, the newest first; empty where there is no such folder.

    Args:
        out: a camera's folder of sessions (one of several sources holds a folder for each), one session, or what
            `replay` wrote.
    """
    runs: dict[str, KeptRun] = {}
    for lines in sorted(found for deep in ("", "*/", "*/*/") for found in out.glob(f"{deep}*{EVENTS}")):
        inside = lines.relative_to(out).parts[:-1]
        if not any(part.startswith(".") for part in inside):
            name = _name(out, inside, stem_of(lines))
            choices = [name, *(f"{name} ({number})" for number in range(2, len(runs) + 2))]
            free = next(choice for choice in choices if choice not in runs)
            runs[free] = _run(free, lines)
    return sorted(runs.values(), key=lambda run: run.lines.stat().st_mtime, reverse=True)


def _name(out: Path, inside: tuple[str, ...], stem: str) -> str:
    """The folders below `out`, then the video unless its folder is called the same; without a slash, for addresses."""
    parts = inside if not stem or inside[-1:] == (stem,) else (*inside, stem)
    return " ".join(parts) or out.resolve().name


def _run(name: str, lines: Path) -> KeptRun:
    folder, stem = lines.parent, stem_of(lines)
    found = folder / _REPORT
    report = found if found.is_file() else None
    if (noted := noted_source(lines)) is not None:
        return KeptRun(name, lines, noted[0], report, image_fps=noted[1])
    recording = folder / _RECORDING
    if not stem and recording.is_file():
        return KeptRun(name, lines, recording, report, live=True)
    annotated = folder / (f"{stem}.annotated.mp4" if stem else "annotated.mp4")
    return KeptRun(name, lines, annotated if annotated.is_file() else None, report, marked=annotated.is_file())
