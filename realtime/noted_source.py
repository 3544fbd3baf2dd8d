"""Which video the results beside an events file come from, remembered in a small file of its own."""

from __future__ import annotations

import contextlib
from pathlib import Path

EVENTS = "events.jsonl"
"""How the name of an events file ends, or all of it."""


def note_source(lines: Path, video: Path, image_fps: float) -> None:
    """Remember beside an events file from which video it comes, for the viewer.

    Args:
        lines: the events file.
        video: the recording.
        image_fps: its rate where it is a folder of images.
    """
    with contextlib.suppress(OSError):
        _noted(lines).write_text(f"{video.resolve()}\n{image_fps}\n")


def noted_source(lines: Path) -> tuple[Path, float] | None:
    """The video that `note_source` noted, and its rate where it is a folder of images; None where it is gone.

    Args:
        lines: the events file.
    """
    with contextlib.suppress(OSError, ValueError):
        original, *rate = _noted(lines).read_text().splitlines()
        if Path(original).exists():
            return Path(original), float(rate[0]) if rate else 30.0
    return None


def stem_of(lines: Path) -> str:
    """What stands before the ending of an events file's name; may be empty."""
    return lines.name.removesuffix(EVENTS).rstrip(".")


def _noted(lines: Path) -> Path:
    return lines.with_name(f".{stem_of(lines)}.source")
