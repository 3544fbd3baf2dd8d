"""The `publish` sink: the events file, and the record from which the report is made."""

from __future__ import annotations

from pathlib import Path

from realtime.events_file import EventsFile
from realtime.parcel import Parcel
from realtime.session_record import SessionRecord


class Publisher:
    """Events are on disk the moment they are known; the rest waits in the record.

    Args:
        events: file for one JSON object per event.
        record: file for the report's material.
        pixels: the report may show the face.
    """

    def __init__(self, events: Path, record: Path, pixels: bool = True) -> None:
        self._events = EventsFile(events)
        self._record = SessionRecord(record, pixels)

    def take(self, parcel: Parcel) -> None:
        """Write one message where it belongs."""
        self._events.take(parcel)
        self._record.take(parcel)

    def close(self) -> None:
        """Finish both files."""
        try:
            self._events.close()
        finally:
            self._record.close()
