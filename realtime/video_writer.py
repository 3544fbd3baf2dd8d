"""H.264 videos that any browser plays, each frame at its own presentation time."""

from __future__ import annotations

import contextlib
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

_TICKS_PER_S = 90_000  # 11 microseconds
_LIMITED_RANGE, _BT601 = 1, 6  # FFmpeg's AVCOL_RANGE_MPEG and AVCOL_SPC_SMPTE170M: what OpenCV converts to


class VideoWriter:
    """Writes frames into `path.part`, and gives the file its name when it is whole; or lets it grow under its name.

    Args:
        path: an .mp4 file; an older one is replaced.
        width, height: of the frames, px; an odd last row or column is doubled, since H.264 halves the colours.
        fps: usual rate, a hint for players.
        quality: x264's constant rate factor; smaller is better.
        preset: x264's preset.
        growing: a fragmented file, for recordings without a known end: cut off, it plays up to its last two seconds.

    Raises:
        OSError: the file cannot be written.
    """

    def __init__(
        self,
        path: Path,
        width: int,
        height: int,
        fps: float,
        *,
        quality: int = 20,
        preset: str = "veryfast",
        growing: bool = False,
    ) -> None:
        self._path = path
        self._part = path if growing else path.with_name(path.name + ".part")
        self._odd = (height % 2, width % 2)
        self._part.touch()  # FFmpeg would notice only at the first frame
        flags = "+frag_keyframe+empty_moov+default_base_moof" if growing else "+faststart"
        options = {"movflags": flags, "flush_packets": "1"}
        self._container = av.open(str(self._part), "w", format="mp4", options=options)
        self._stream = self._container.add_stream("libx264", rate=Fraction(fps).limit_denominator(1001))
        self._stream.width, self._stream.height = width + width % 2, height + height % 2
        self._stream.pix_fmt = "yuv420p"
        self._stream.time_base = Fraction(1, _TICKS_PER_S)
        context = self._stream.codec_context
        context.time_base = self._stream.time_base
        context.color_range, context.colorspace = _LIMITED_RANGE, _BT601
        # Two seconds between key frames, so that a player can jump. One thread: the other stages need the cores.
        context.thread_count = 1
        self._stream.options = {"crf": str(quality), "preset": preset, "g": str(max(1, round(2 * fps)))}
        if growing:
            # Frames out of order begin before zero, and a fragmented file cannot say so: all would be shown too late.
            self._stream.options |= {"bf": "0"}

    def write(self, frame: NDArray[np.uint8], time_s: float) -> None:
        """Append one RGB uint8 (height, width, 3) frame, shown from `time_s` on; times must grow."""
        if any(self._odd):
            frame = cv2.copyMakeBorder(frame, 0, self._odd[0], 0, self._odd[1], cv2.BORDER_REPLICATE)
        # OpenCV converts the colours three times as fast as FFmpeg.
        picture = av.VideoFrame.from_ndarray(cv2.cvtColor(frame, cv2.COLOR_RGB2YUV_I420), format="yuv420p")
        picture.pts = round(time_s * _TICKS_PER_S)
        picture.time_base = self._stream.time_base
        self._container.mux(self._stream.encode(picture))

    def close(self) -> None:
        """Finish the file."""
        self._container.mux(self._stream.encode(None))
        self._container.close()
        self._part.replace(self._path)

    def abandon(self) -> None:
        """Leave nothing behind."""
        with contextlib.suppress(OSError):
            self._container.close()
        self._part.unlink(missing_ok=True)
