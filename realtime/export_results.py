"""What a replay or a recorded session left behind, found again for exports."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from realtime.events_file import EventLine
from realtime.failures import UserFacingError
from realtime.frames_file import COLUMNS
from realtime.messages import SCHEMA
from realtime.noted_source import noted_source

EVENTS_ENDING = ".events.jsonl"
FRAMES_ENDING = ".frames.csv"
_PLAIN = "events.jsonl"  # of a recorded session, and of the demo
_PLAIN_FRAMES = "frames.csv"
_VIDEOS_OF_PLAIN = ("recording.mp4", "demo.mp4")


@dataclass(frozen=True)
class Results:
    """Of one recording.

    Attributes:
        name: without ending; the folder's for a recorded session.
        events_file: where its events lie.
        frames_file: per-frame measurements; it need not exist.
    """

    name: str
    events_file: Path
    frames_file: Path

    def events(self) -> list[EventLine]:
        """The events in the order of their onsets.

        Raises:
            UserFacingError: a line is none; says which.
        """
        found = []
        for number, line in enumerate(self._text().splitlines(), start=1):
            if not line.strip():
                continue
            try:
                event = msgspec.json.decode(line, type=EventLine)
            except msgspec.DecodeError as error:
                raise UserFacingError(f"{self.events_file}:{number}: not an event: {error}") from None
            if event.schema != SCHEMA:
                raise UserFacingError(
                    f"{self.events_file}:{number}: schema {event.schema}; this version reads {SCHEMA}: replay again"
                )
            found.append(event)
        return sorted(found, key=lambda event: (event.onset_s, event.id))

    def frames(self) -> Iterator[dict[str, str]]:
        """Rows of the per-frame file.

        Raises:
            UserFacingError: there is none, or it is something else.
        """
        try:
            with self.frames_file.open(newline="", encoding="utf-8") as file:
                rows = csv.DictReader(file)
                if tuple(rows.fieldnames or ()) != COLUMNS:
                    raise UserFacingError(f"{self.frames_file}: not a per-frame file of this version: replay again")
                yield from rows
        except FileNotFoundError:
            raise UserFacingError(
                f"{self.frames_file}: not there: per-frame figures are written only when asked for: "
                "python run_camera.py replay VIDEO --out DIR --export openface"
            ) from None
        except (OSError, UnicodeDecodeError) as error:
            raise UserFacingError(f"{self.frames_file}: cannot be read: {error}") from None

    def video(self) -> Path | None:
        """The recording, beside the events or where it was replayed from; else the annotated video, or nothing."""
        folder = self.events_file.parent
        named = {Path(event.source).name for event in self.events() if "://" not in event.source}
        choices = [folder / name for name in sorted(named)]
        if self.events_file.name == _PLAIN:
            choices += [folder / name for name in _VIDEOS_OF_PLAIN]
        noted = noted_source(self.events_file)
        choices += [folder / f"{self.name}.mp4", *([noted[0]] if noted else [])]
        choices += [folder / "annotated.mp4"] if self.events_file.name == _PLAIN else []
        choices += [folder / f"{self.name}.annotated.mp4"]
        return next((choice for choice in choices if choice.is_file()), None)

    def _text(self) -> str:
        try:
            return self.events_file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UserFacingError(f"{self.events_file}: cannot be read: {error}") from None


def find_results(path: Path) -> list[Results]:
    """All recordings whose events lie in a folder, or the one of an events file.

    Raises:
        UserFacingError: there is none.
    """
    if path.is_file():
        return [results_of(path)]
    if not path.is_dir():
        raise UserFacingError(f"{path}: no such file or folder; give the --out folder of a replay, or its events.jsonl")
    found = [*path.glob(_PLAIN), *sorted(path.glob(f"*{EVENTS_ENDING}"))]
    if not found:
        raise UserFacingError(f"{path}: holds no events.jsonl; give the --out folder of a replay or a recorded session")
    return [results_of(file) for file in found]


def results_of(events: Path) -> Results:
    """The recording of one events file; it need not exist yet."""
    if events.name.endswith(EVENTS_ENDING):
        name = events.name.removesuffix(EVENTS_ENDING)
        return Results(name, events, events.with_name(name + FRAMES_ENDING))
    if events.name == _PLAIN:
        return Results(events.resolve().parent.name, events, events.with_name(_PLAIN_FRAMES))
    return Results(events.stem, events, events.with_suffix(FRAMES_ENDING))
