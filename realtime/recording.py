"""The `record` sink: keeps the camera's video, because the user asked for it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.kept_session import continued
from realtime.messages import FaceTracked, FrameCaptured
from realtime.parcel import Parcel
from realtime.video_writer import VideoWriter

_QUALITY = 18
_LEAST_STEP_S = 1e-4  # a clock that stands still must not cost the file a frame


class Recording:
    """H.264 with the frames' own times, and a red mark in every frame so that nobody takes it for something else.

    Args:
        path: MP4 to write.
        fps: rate the encoder plans for; frames keep their own times.
        resume: another recording of this run was cut off: go on in a file beside it.
    """

    def __init__(self, path: Path, fps: float, resume: bool = False) -> None:
        self._path = continued(path) if resume and path.exists() else path
        self._fps = fps
        self._writer: VideoWriter | None = None
        self._last_s = -1.0

    def take(self, parcel: Parcel) -> None:
        """Write the frame of a message that carries one."""
        message, image = parcel
        if image is not None and isinstance(message, FrameCaptured | FaceTracked):
            self._write(image, message.presentation_s)

    def close(self) -> None:
        """Finish the file."""
        if self._writer is not None:
            self._writer.close()

    def _write(self, image: NDArray[np.uint8], time_s: float) -> None:
        height, width = image.shape[:2]
        if self._writer is None:
            self._writer = VideoWriter(self._path, width, height, self._fps, quality=_QUALITY, growing=True)
        picture = image.copy()
        cv2.circle(picture, (width - 16, 16), 6, (220, 30, 30), -1, cv2.LINE_AA)
        self._last_s = max(time_s, self._last_s + _LEAST_STEP_S)
        self._writer.write(picture, self._last_s)
