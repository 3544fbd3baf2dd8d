"""The annotated video: the source decoded a second time, with what was found drawn on the very frames it belongs to."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.failures import UserFacingError
from realtime.frame_view import FrameView, FrameViews
from realtime.overlay import Overlay
from realtime.parcel import Parcel
from realtime.source import Frame, SourceError, SourceSpec
from realtime.video_writer import VideoWriter

_MOST_AT_ONCE = 4  # frames drawn per message: catching up after a held expression must not look like hanging


@dataclass(frozen=True)
class AnnotateSettings:
    """How the video is drawn and written."""

    hold_back_s: float = 1.5  # drawing trails the messages by this much; see `realtime.frame_view.FrameViews`
    caption_s: float = 1.0  # how long a verdict stays after its offset
    longest_side: int = 1920  # px; larger pictures are scaled down
    quality: int = 21  # x264's constant rate factor
    preset: str = "ultrafast"  # of x264: drawing must not slow the pipeline down


class AnnotatedVideo:
    """A sink that keeps messages, never frames. Frame numbers and times are the capture's, since both decode alike.

    Args:
        source: video file or folder of images, or the spec with which it was captured.
        path: .mp4 file to write.
        settings: how it is drawn and written.

    Raises:
        UserFacingError: the source cannot be opened, or the file not be written.
    """

    def __init__(self, source: Path | SourceSpec, path: Path, settings: AnnotateSettings | None = None) -> None:
        self.settings = settings or AnnotateSettings()
        self._path = path
        self._problem = ""
        self._views = FrameViews(self.settings.hold_back_s, self.settings.caption_s)
        spec = source if isinstance(source, SourceSpec) else SourceSpec(str(source))
        self._source = replace(spec, realtime=False).open()
        self._frames: Iterator[Frame] = iter(self._source)
        self._sequence = -1
        shrink = min(1.0, self.settings.longest_side / max(self._source.width, self._source.height))
        self._shrink = shrink
        self._size = (max(2, round(self._source.width * shrink)), max(2, round(self._source.height * shrink)))
        self._overlay = Overlay(*self._size)
        try:
            self._writer: VideoWriter | None = VideoWriter(
                path, *self._size, self._source.fps, quality=self.settings.quality, preset=self.settings.preset
            )
        except OSError as error:
            self._source.close()
            raise UserFacingError(
                f"{path}: cannot be written: {error.strerror}; choose another folder with --out"
            ) from None

    def take(self, parcel: Parcel) -> None:
        """Take in a message, and draw frames that no later message can concern."""
        if self._writer is not None:
            self._views.hear(parcel.message)
            self._draw(_MOST_AT_ONCE)

    def close(self) -> None:
        """Draw what remains and finish the file. A second call does nothing.

        Raises:
            UserFacingError: the video could not be written; nothing is left of it.
        """
        if self._writer is not None:
            self._views.end()
            self._draw(None)
        self._source.close()
        if self._writer is not None:
            try:
                self._writer.close()
            except OSError as error:
                self._give_up(error)
        self._writer = None
        if self._problem:
            problem, self._problem = self._problem, ""
            raise UserFacingError(problem)

    def _draw(self, most: int | None) -> None:
        for view in self._views.ready(most):
            try:
                self._draw_up_to(view)
            except OSError as error:
                self._give_up(error)
                return

    def _draw_up_to(self, view: FrameView) -> None:
        """Frames before the view's were skipped on the way here, and are shown as they are."""
        assert self._writer is not None
        while self._sequence < view.sequence:
            try:
                frame = next(self._frames, None)
            except SourceError:
                return  # the capture met the same end, and reports it
            if frame is None:
                return
            self._sequence += 1
            image = self._scaled(frame.image)
            if self._sequence == view.sequence:
                self._overlay.draw(image, self._on_scale(view))
            self._writer.write(image, frame.presentation_s)

    def _scaled(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        if self._shrink == 1:
            return image if image.flags.writeable and image.flags.c_contiguous else np.array(image)
        return cv2.resize(image, self._size, interpolation=cv2.INTER_AREA)

    def _on_scale(self, view: FrameView) -> FrameView:
        if view.face is not None and self._shrink < 1:
            view.face = view.face * np.float32(self._shrink)
        return view

    def _give_up(self, error: OSError) -> None:
        """Everything else goes on without the video."""
        assert self._writer is not None
        self._writer.abandon()
        self._writer = None
        self._problem = f"{self._path}: cannot be written: {error.strerror or error}; make room and run again"
        print(f"glimpse: {self._problem}", file=sys.stderr, flush=True)
