"""A recording played over and over as a camera would deliver it: it waits for nobody, and opens where the clock is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from realtime.reconnect import Reconnecting
from realtime.source import Frame
from realtime.video_file import VideoFile


@dataclass(frozen=True)
class LoopedClip:
    """What to play; crosses processes.

    Attributes:
        path: of the recording.
        frames: in it.
        fps: at which it is played, frames/s.
        origin_ns: monotonic time of its first frame.
    """

    path: Path
    frames: int
    fps: float
    origin_ns: int

    def hold(self, resume: bool = False) -> Reconnecting:
        """Open it for a run, as `SourceSpec.hold` does."""
        return Reconnecting(lambda: PlayedAsLive(self), at_once=not resume, stall_s=5.0)


class PlayedAsLive:
    """A `Source` without end."""

    endless = True

    def __init__(self, clip: LoopedClip) -> None:
        self._clip = clip
        self._video = VideoFile(clip.path)
        self.width, self.height, self.fps = self._video.width, self._video.height, clip.fps
        self.says = f"{clip.path.name} over and over: {self.width}x{self.height}, {clip.fps:g} frames/s"

    def __iter__(self) -> Iterator[Frame]:
        clip = self._clip
        number = max(0, round((time.monotonic_ns() - clip.origin_ns) * 1e-9 * clip.fps) + 1)
        first_ns: int | None = None
        while True:
            skip = number % clip.frames
            for index, frame in enumerate(self._video):
                if index < skip:
                    continue
                due_ns = clip.origin_ns + round(number * 1e9 / clip.fps)
                number += 1
                late_ns = time.monotonic_ns() - due_ns
                if late_ns > 1e9 / clip.fps:
                    continue  # a camera would have gone on without us
                time.sleep(max(0, -late_ns) * 1e-9)
                first_ns = due_ns if first_ns is None else first_ns
                yield Frame(frame.image, due_ns, time.monotonic_ns(), (due_ns - first_ns) * 1e-9)
            self._video.close()
            self._video = VideoFile(clip.path)

    def notes(self) -> list[str]:
        """Nothing: its stamps are made here."""
        return []

    def close(self) -> None:
        """Close the recording."""
        self._video.close()
