"""`--log-json`: what happens, one JSON object per line, for machines that read logs."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import TextIO

from realtime.failures import UserFacingError
from realtime.messages import (
    EndOfStream,
    ExpressionRecognised,
    FaceFound,
    FaceLost,
    FramesDropped,
    LoadShed,
    Message,
    SourceLost,
    SourceOpened,
    StageRestarted,
    WindowReset,
)
from realtime.outcome import WorkerFailed
from realtime.source import redact
from realtime.summary import Summary

_DROPS_S = 10.0  # lost frames are told together, at most this often for one edge
_WARNINGS = (SourceLost, StageRestarted, FramesDropped)
_NAMES: Mapping[type[Message], tuple[str, tuple[str, ...]]] = {
    SourceOpened: ("source_opened", ("says", "width", "height", "fps", "epoch")),
    SourceLost: ("source_lost", ("reason", "epoch")),
    StageRestarted: ("stage_restarted", ("stage", "reason", "restarts")),
    LoadShed: ("load_shed", ("stage", "one_in")),
    FaceFound: ("face_found", ("sequence",)),
    FaceLost: ("face_lost", ("sequence", "reason")),
    WindowReset: ("window_reset", ("sequence", "reason")),
    # That there was one, and how late it was told: what was felt is for the events file, where one was asked for.
    ExpressionRecognised: ("expression", ("event", "sequence", "latency_ms")),
    EndOfStream: ("source_ended", ("sequence", "reason")),
}


class JsonLog:
    """Every line has `time` (UTC), `level`, `event` and `source`; credentials are taken out of every text.

    Args:
        path: file to append to; `-` for standard error.

    Raises:
        UserFacingError: it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: TextIO | None
        try:
            if str(path) != "-":
                path.parent.mkdir(parents=True, exist_ok=True)
            self._file = (
                sys.stderr
                if str(path) == "-"
                else path.open("a", buffering=1, encoding="utf-8", errors="backslashreplace")
            )
        except OSError as error:
            raise UserFacingError(f"{path}: cannot be written: {error.strerror}; choose another --log-json") from None
        self._lost: dict[tuple[str, str], int] = {}
        self._told_s: dict[tuple[str, str], float] = {}

    def hear(self, source: str, message: Message) -> None:
        """Told of each message of a run."""
        if isinstance(message, FramesDropped):
            self._lose(source, message)
            return
        name, fields = _NAMES.get(type(message), ("", ()))
        if not name:
            return
        level = "warning" if isinstance(message, _WARNINGS) else "info"
        if isinstance(message, LoadShed) and message.one_in > 1:
            level = "warning"
        told = {"number" if field == "event" else field: getattr(message, field) for field in fields}
        self.write(level, name, source, **told)

    def end(self, source: str, result: Summary | WorkerFailed) -> None:
        """How a run ended."""
        for (of, edge), count in list(self._lost.items()):
            if of == source and count:
                self._tell_lost(source, edge)
        if isinstance(result, WorkerFailed):
            self.write("error", "run_failed", source, stage=result.worker, reason=str(result), details=result.details)
            return
        self.write(
            "warning" if result.problem else "info",
            "run_ended",
            source,
            frames=result.frames,
            frames_per_s=round(result.frames_per_s, 2),
            expressions=result.events,
            stopped_by=result.stopped_by,
            problem=result.problem,
            lost={stage.name: stage.missed for stage in result.stages if stage.missed},
            restarts={stage.name: stage.restarts for stage in result.stages if stage.restarts},
        )

    def write(self, level: str, event: str, source: str, **fields: object) -> None:
        """One line. A log that cannot be written any more is told of once, and costs the run nothing."""
        if self._file is None:
            return
        now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
        line = {"time": now, "level": level, "event": event, "source": source, **fields}
        try:
            self._file.write(json.dumps(_redacted(line), ensure_ascii=False) + "\n")
        except OSError as error:
            self._file = None
            print(f"glimpse: {self._path}: {error.strerror}; nothing more is logged", file=sys.stderr, flush=True)

    def close(self) -> None:
        """Finish the file. A second call does nothing."""
        if self._file is not None and self._file is not sys.stderr:
            self._file.close()
        self._file = None

    def _lose(self, source: str, message: FramesDropped) -> None:
        at = (source, message.edge)
        self._lost[at] = self._lost.get(at, 0) + message.count
        if time.monotonic() - self._told_s.get(at, -_DROPS_S) >= _DROPS_S:
            self._tell_lost(source, message.edge)

    def _tell_lost(self, source: str, edge: str) -> None:
        self._told_s[source, edge] = time.monotonic()
        self.write("warning", "frames_lost", source, edge=edge, count=self._lost.pop((source, edge)))


def _redacted(value: object) -> object:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {key: _redacted(one) for key, one in value.items()}
    return value
