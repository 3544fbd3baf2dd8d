"""True events and found events of whole folders, paired by the name of the video."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import av

from models.simulator.truth import TruthRow, read_truth
from models.spotting_metrics import Interval

_TRUTH, _EVENTS, _CONDITIONS = ".truth.csv", ".events.jsonl", ".conditions.json"


class ScoringError(ValueError):
    """Files are missing or unreadable; the message is one line that says what to do."""


@dataclass(frozen=True)
class ScoredClip:
    """One recording: what happened in it and what was found."""

    name: str
    seconds: float
    rows: list[TruthRow]
    found: list[Interval]

    @property
    def truth(self) -> list[Interval]:
        """The expressions among the rows."""
        return [true_interval(row) for row in self.rows if row.kind in ("micro", "macro")]


def true_interval(row: TruthRow) -> Interval:
    """A row of a truth table that is an expression, as an interval."""
    return Interval("micro" if row.kind == "micro" else "macro", row.onset_s, row.apex_s, row.offset_s, row.label)


def read_scored_clips(truth: Path, events: Path) -> list[ScoredClip]:
    """Read both folders.

    Args:
        truth: holds `NAME.truth.csv` and, for the length of each recording, `NAME.mp4` or `NAME.conditions.json`.
        events: holds `NAME.events.jsonl`, as `run_camera.py replay` writes them.

    Raises:
        ScoringError: a folder or a file is missing, or is not what it should be.
    """
    for folder in (truth, events):
        if not folder.is_dir():
            raise ScoringError(f"{folder}: no such folder")
    tables = sorted(truth.glob(f"*{_TRUTH}"))
    if not tables:
        raise ScoringError(f"{truth}: no NAME{_TRUTH} in it; `python -m models simulate` writes them")
    clips = []
    for table in tables:
        name = table.name.removesuffix(_TRUTH)
        try:
            rows = read_truth(table)
        except (ValueError, OSError) as error:
            raise ScoringError(str(error)) from None
        clips.append(ScoredClip(name, clip_seconds(truth, name), rows, read_events(events / f"{name}{_EVENTS}")))
    return clips


def read_events(path: Path) -> list[Interval]:
    """Found events of one video; other fields than kind and times are not looked at.

    Raises:
        ScoringError: the file is missing, or a line is no event.
    """
    if not path.is_file():
        raise ScoringError(f"{path}: missing; run `python run_camera.py replay` on every video of the truth first")
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            event = json.loads(line)
            if event["kind"] not in ("micro", "macro"):
                raise ValueError(f"kind is {event['kind']!r}")
            onset, apex, offset = (float(event[name]) for name in ("onset_s", "apex_s", "offset_s"))
            decided = float(event["decided_s"]) if event.get("decided_s") else None
        except (ValueError, KeyError, TypeError) as error:
            raise ScoringError(f"{path}, line {number}: not an event ({error})") from None
        found.append(Interval(event["kind"], onset, apex, offset, str(event.get("label", "")), decided))
    return found


def _read_json(path: Path) -> dict[str, object]:
    if not path.is_file():
        return {}
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ScoringError(f"{path}: not JSON ({error})") from None
    return read if isinstance(read, dict) else {}


def clip_seconds(truth: Path, name: str) -> float:
    """Length of a recording, from `NAME.conditions.json` or the video beside its truth.

    Raises:
        ScoringError: neither tells it.
    """
    seconds = _read_json(truth / f"{name}{_CONDITIONS}").get("seconds")
    if isinstance(seconds, int | float) and seconds > 0:
        return float(seconds)
    endings = {".mp4", ".avi", ".mkv"}
    for video in (path for path in sorted(truth.iterdir()) if path.stem == name and path.suffix.lower() in endings):
        try:
            with av.open(str(video)) as container:
                if container.duration:
                    return float(container.duration / av.time_base)
        except (av.FFmpegError, OSError) as error:
            raise ScoringError(f"{video}: its length cannot be read ({error})") from None
    raise ScoringError(f"{truth / name}: neither video nor {_CONDITIONS} tells how long it lasts; put one beside it")
