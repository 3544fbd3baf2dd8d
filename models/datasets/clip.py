"""One annotated expression, and what a reader found, missed and left out."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class AnnotatedClip:
    """One expression with the frames it lies in.

    Onset, apex and offset count from 0 in `frames`, or in the frames of the video; None where nobody marked them.
    """

    dataset: str
    subject: str  # as the sheet writes it, without padding differences
    name: str  # unique within the subject
    frames: tuple[Path, ...]  # images in order of time, or one video file
    fps: float
    onset: int | None
    apex: int | None
    offset: int | None
    emotion: str  # the sheet's own word, lower case
    action_units: str = ""  # such as 4+L14; empty where nobody coded them
    depth: tuple[Path, ...] = ()  # one depth image per frame, where the data have them

    @property
    def is_video(self) -> bool:
        """Whether `frames` is one video file."""
        return len(self.frames) == 1 and self.frames[0].suffix.lower() in VIDEOS


@dataclass
class Finding:
    """Everything that a reader has to say about a folder."""

    dataset: str
    clips: list[AnnotatedClip] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)  # what the layout asks for and is not there
    skipped: list[tuple[str, str]] = field(default_factory=list)  # clip or sheet row, and why
    notes: list[str] = field(default_factory=list)  # what was assumed
    warning: str = ""  # to be printed before anything else

    def add(self, clip: AnnotatedClip) -> None:
        """Keep a clip, unless its subject already has one of that name."""
        if any(other.subject == clip.subject and other.name == clip.name for other in self.clips):
            self.skipped.append((f"{clip.subject}/{clip.name}", "listed twice; the first counts"))
            return
        self.clips.append(clip)


class DatasetError(ValueError):
    """A folder or sheet that cannot be read at all; the message says what to do."""


IMAGES = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff"})
VIDEOS = frozenset({".avi", ".mkv", ".mov", ".mp4", ".webm", ".wmv"})
