"""H.264 files whose frames carry their true presentation times."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from types import TracebackType

import av
import cv2
import numpy as np
from numpy.typing import NDArray

TICKS_PER_SECOND = 90_000
"""Time base of the stream: 11 microseconds, finer than any frame rate needs."""


class VideoWriter:
    """Writes RGB frames with exact stamps, also at a variable rate; a context manager."""

    def __init__(self, path: Path, width: int, height: int, fps: float, *, quality: int = 16) -> None:
        """Open the file.

        Args:
            path: an .mp4 file.
            width, height: even, px.
            fps: nominal rate, for players and the encoder's rate control.
            quality: x264's constant rate factor: 16 looks lossless, 23 is x264's default, 32 is a poor call.
        """
        self._container = av.open(str(path), "w")
        self._stream = self._container.add_stream("libx264", rate=Fraction(fps).limit_denominator(1001))
        self._stream.width, self._stream.height, self._stream.pix_fmt = width, height, "yuv420p"
        self._stream.time_base = Fraction(1, TICKS_PER_SECOND)
        self._stream.codec_context.time_base = Fraction(1, TICKS_PER_SECOND)
        # One thread, so that the file is the same on every machine and clips can be made side by side.
        self._stream.codec_context.thread_count = 1
        self._stream.options = {"crf": str(quality), "preset": "veryfast", "g": "250"}

    def write(self, frame: NDArray[np.uint8], at_s: float) -> None:
        """Append one RGB frame (height, width, 3), shown at `at_s` seconds."""
        # OpenCV converts the colours three times as fast as the encoder's own scaler.
        planes = cv2.cvtColor(frame, cv2.COLOR_RGB2YUV_I420)
        picture = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        picture.pts = round(at_s * TICKS_PER_SECOND)
        picture.time_base = Fraction(1, TICKS_PER_SECOND)
        self._container.mux(self._stream.encode(picture))

    def close(self) -> None:
        """Flush the encoder and finish the file."""
        self._container.mux(self._stream.encode(None))
        self._container.close()

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
