"""The events file: one JSON object per line, on disk the moment an expression is judged; see docs/events.md."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections import deque
from pathlib import Path

import msgspec

from realtime.failures import UserFacingError
from realtime.messages import SCHEMA, ExpressionRecognised, Kind, Label
from realtime.parcel import Parcel

_CANNOT_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.EROFS)  # pipes and devices have nothing to sync


class EventLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the file, its fields in the file's order. Presentation times in seconds, frames counted from 0."""

    id: str
    source: str
    kind: Kind
    onset_s: float
    apex_s: float
    offset_s: float
    onset_frame: int
    apex_frame: int
    offset_frame: int
    decided_s: float = 0.0  # 0 in files written before it was known
    label: Label
    probabilities: dict[str, float]
    action_units: dict[str, float]
    influence: dict[str, float] = {}  # empty in files written before it was told
    unit_curves: dict[str, list[float]] | msgspec.UnsetType = msgspec.UNSET  # not there unless asked for
    strength: float
    spot_score: float
    confidence: float = 0.0  # 0 in files written before it was told
    latency_ms: float
    model: str
    schema: int


def event_line(event: ExpressionRecognised) -> EventLine:
    """A verdict as it stands in the file: rounded to what can be measured."""
    return EventLine(
        id=f"{event.source}#{event.event}",
        source=event.source,
        kind=event.kind,
        onset_s=round(event.onset_s, 4),
        apex_s=round(event.apex_s, 4),
        offset_s=round(event.offset_s, 4),
        onset_frame=event.onset_frame,
        apex_frame=event.apex_frame,
        offset_frame=event.offset_frame,
        decided_s=round(event.decided_s, 4),
        label=event.label,
        probabilities={name: round(value, 4) for name, value in event.probabilities.items()},
        action_units={name: round(value, 3) for name, value in event.action_units.items()},
        influence={name: round(value, 2) for name, value in event.influence.items()},
        unit_curves=_curves(event),
        strength=round(event.strength, 3),
        spot_score=round(event.spot_score, 2),
        confidence=round(event.confidence, 3),
        latency_ms=round(event.latency_ms, 1),
        model=event.model,
        schema=SCHEMA,
    )


def _curves(event: ExpressionRecognised) -> dict[str, list[float]] | msgspec.UnsetType:
    if not event.unit_frames:
        return msgspec.UNSET
    frames: dict[str, list[float]] = {"frame": list(event.unit_frames)}
    return frames | {unit: [round(one, 3) for one in curve] for unit, curve in event.unit_curves.items()}


class EventsFile:
    """A sink. When the disk is full, events wait in memory: each later event tries again, and so does `close`.

    Args:
        path: file to write; an older one is replaced.
        resume: go on with it instead; a line that was cut short is taken away.

    Raises:
        UserFacingError: it cannot be opened.
    """

    def __init__(self, path: Path, resume: bool = False) -> None:
        self._path = path
        self._unsaved: deque[bytes] = deque()
        self._why = ""
        self._length = 0
        try:
            self._file = path.open("r+b" if resume and path.exists() else "wb", buffering=0)
            if resume:
                self._length = path.read_bytes().rfind(b"\n") + 1
                self._file.truncate(self._length)
                self._file.seek(self._length)
        except OSError as error:
            raise UserFacingError(
                f"{path}: cannot be written: {error.strerror}; choose another folder with --out"
            ) from None

    def take(self, parcel: Parcel) -> None:
        """Write a verdict down; other messages do not concern this file."""
        if isinstance(parcel.message, ExpressionRecognised):
            self._unsaved.append(msgspec.json.encode(event_line(parcel.message)) + b"\n")
            self._save()

    def close(self) -> None:
        """Finish the file. A second call does nothing.

        Raises:
            UserFacingError: events could not be saved; they have been printed.
        """
        if self._file.closed:
            return
        self._save()
        self._file.close()
        if self._unsaved:
            lines = b"".join(self._unsaved).decode()
            print(lines, end="", flush=True)
            raise UserFacingError(
                f"{self._path}: {len(self._unsaved)} events could not be written: {self._why}; they are printed "
                "above, one line each: make room and save them from there"
            )

    def _save(self) -> None:
        while self._unsaved:
            try:
                self._append(self._unsaved[0])
            except OSError as error:
                if not self._why:
                    says = f"{self._path}: cannot be written: {error.strerror}; make room, events wait in memory"
                    print(f"glimpse: {says}", file=sys.stderr, flush=True)
                self._why = error.strerror or str(error)
                return
            self._unsaved.popleft()

    def _append(self, line: bytes) -> None:
        """Write and sync one line, whole or not at all."""
        try:
            rest = memoryview(line)
            while rest:
                rest = rest[self._file.write(rest) :]
            try:
                os.fsync(self._file.fileno())
            except OSError as error:
                if error.errno not in _CANNOT_SYNC:
                    raise
        except OSError:
            with contextlib.suppress(OSError):
                self._file.truncate(self._length)
                self._file.seek(self._length)
            raise
        self._length += len(line)
