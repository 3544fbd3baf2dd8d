"""The `publish` sink: the events file, and the record from which the report is made."""

from __future__ import annotations

from pathlib import Path

from realtime.events_file import EventsFile
from realtime.frames_file import FramesFile
from realtime.parcel import Parcel
from realtime.session_record import SessionRecord
from realtime.while_room import WhileThereIsRoom


class Publisher:
    """Events are on disk the moment they are known; the rest waits in the record.

    Args:
        events: file for one JSON object per event.
        record: file for the report's material.
        pixels: the report may show the face.
        frames: file for one row per frame, when asked for.
        resume: go on with events and record of a publisher that was ended from outside. Frames are asked for of
            recordings only, whose runs start no stage again.
    """

    def __init__(
        self, events: Path, record: Path, pixels: bool = True, frames: Path | None = None, resume: bool = False
    ) -> None:
        self._events = EventsFile(events, resume)
        self._record = WhileThereIsRoom(SessionRecord(record, pixels, resume), record)
        self._frames = None if frames is None else FramesFile(frames)

    def take(self, parcel: Parcel) -> None:
        """Write one message where it belongs."""
        self._events.take(parcel)
        self._record.take(parcel)
        if self._frames is not None:
            self._frames.take(parcel)

    def close(self) -> None:
        """Finish the files."""
        try:
            self._events.close()
        finally:
            try:
                self._record.close()
            finally:
                if self._frames is not None:
                    self._frames.close()
