"""The `record` sink: keeps the camera's video, because the user asked for it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.messages import FaceTracked, FrameCaptured
from realtime.parcel import Parcel

_TICKS = 90_000  # of the video's clock, per second


class Recording:
    """H.264 with the frames' own times, and a red mark in every frame so that nobody takes it for something else.

    Args:
        path: MP4 to write.
        fps: rate the encoder plans for; frames keep their own times.
    """

    def __init__(self, path: Path, fps: float) -> None:
        self._container = av.open(str(path), "w")
        self._fps = Fraction(fps).limit_denominator(1000)
        self._stream: av.VideoStream | None = None
        self._last_tick = -1

    def take(self, parcel: Parcel) -> None:
        """Write the frame of a message that carries one."""
        message, image = parcel
        if image is not None and isinstance(message, FrameCaptured | FaceTracked):
            self._write(image, message.presentation_s)

    def close(self) -> None:
        """Flush the encoder and finish the file."""
        if self._stream is not None:
            self._container.mux(self._stream.encode(None))
        self._container.close()

    def _write(self, image: NDArray[np.uint8], time_s: float) -> None:
        height, width = (side // 2 * 2 for side in image.shape[:2])  # H.264 wants even sides
        if self._stream is None:
            self._stream = self._container.add_stream("libx264", rate=self._fps)
            self._stream.width, self._stream.height, self._stream.pix_fmt = width, height, "yuv420p"
            self._stream.codec_context.time_base = Fraction(1, _TICKS)
            self._stream.options = {"preset": "veryfast", "crf": "18"}
        picture = np.ascontiguousarray(image[:height, :width])
        cv2.circle(picture, (width - 16, 16), 6, (220, 30, 30), -1, cv2.LINE_AA)
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts = max(round(time_s * _TICKS), self._last_tick + 1)
        frame.time_base = Fraction(1, _TICKS)
        self._last_tick = frame.pts
        self._container.mux(self._stream.encode(frame))
