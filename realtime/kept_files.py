"""The files of a recorded session, and the sinks that write them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from realtime.graph import Build
from realtime.kept_session import Keeps

REPLAYED_REPORT = "recording.report.html"
"""Of a replay into the session's folder."""


@dataclass(frozen=True)
class KeptFiles:
    """Where everything lies.

    Attributes:
        folder: of the session.
        pixels: the video is kept, and pictures in the report; else landmarks in their place.
    """

    folder: Path
    pixels: bool

    @property
    def keeps(self) -> Keeps:
        """Word for the manifest."""
        return "video" if self.pixels else "landmarks"

    @property
    def events(self) -> Path:
        """One JSON object per event."""
        return self.folder / "events.jsonl"

    @property
    def report(self) -> Path:
        """The report, written at the end."""
        return self.folder / "report.html"

    @property
    def session(self) -> Path:
        """Material for the report, deleted when it is written."""
        return self.folder / "session.record"

    @property
    def video(self) -> Path:
        """The camera's video."""
        return self.folder / "recording.mp4"

    @property
    def landmarks(self) -> Path:
        """The mesh of each frame."""
        return self.folder / "landmarks.arrows"

    @property
    def names(self) -> tuple[str, ...]:
        """Of all files that a session may write."""
        named = [self.events.name, self.report.name, self.session.name]
        if not self.pixels:
            return (*named, self.landmarks.name)
        # A later replay of the video into this folder shows and measures the face as well.
        stem = self.video.stem
        replayed = (f"{stem}.events.jsonl", f"{stem}.annotated.mp4", f"{stem}.frames.csv", f".{stem}.source")
        return (*named, self.video.name, *replayed, REPLAYED_REPORT)

    def recorders(self, fps: float) -> dict[str, Build]:
        """How to make the sinks.

        Args:
            fps: rate that the video's encoder plans for.
        """
        publish = Build("realtime.publish:Publisher", (self.events, self.session, self.pixels))
        if self.pixels:
            return {"publish": publish, "record": _kept(self.video, "realtime.recording:Recording", fps)}
        return {"publish": publish, "landmarks": _kept(self.landmarks, "realtime.landmark_record:LandmarkRecord")}


def _kept(path: Path, sink: str, *more: object) -> Build:
    return Build("realtime.while_room:keep", (path, Build(sink, (path, *more))))
