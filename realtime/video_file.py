"""Video files, decoded by FFmpeg, at the container's own presentation times."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from realtime.presentation import PresentationClock
from realtime.source import Frame, SourceError

_HINT = "convert it with: ffmpeg -i IN -c:v libx264 OUT.mp4"
# From PyAV 17 on, colour conversion takes a thread per core, at four times the cost for 640x480; before, it took one.
_ONE_THREAD: dict[str, Any] = {"threads": 1} if int(av.__version__.split(".")[0]) >= 17 else {}
_LARGE = 1280 * 720  # px; one core decodes 1500 smaller pictures a second, and the others have work enough
_TEXT_AND_PICTURES = ("tty", "image2")  # FFmpeg would render text as video


class VideoFile:
    """A `Source`. Phones' rotation marks are obeyed; every decoded frame is given, so the count is the frame's number.

    Raises:
        SourceError: not a video, empty, or without a frame that can be decoded.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._container, self._stream = _open(path)
        self._stream.thread_type = "AUTO"
        if self._stream.codec_context.width * self._stream.codec_context.height < _LARGE:
            self._stream.codec_context.thread_count = 1
        self.fps = float(self._stream.average_rate or self._stream.guessed_rate or 30.0)
        self._clock = PresentationClock(1.0 / self.fps)
        self._damaged = 0
        self._count = 0
        self._broke_off: str | None = None
        self._decoded = self._decode()
        first = next(self._decoded, None)
        if first is None:
            self.close()
            raise SourceError(f"{path}: no frame of it can be decoded; {_HINT}")
        self._first: tuple[NDArray[np.uint8], float | None] | None = first
        self.height, self.width = first[0].shape[:2]
        codec = self._stream.codec_context.name
        self.says = f"{path.name}: {self.width}x{self.height}, {self.fps:.6g} frames/s, {codec}"

    def __iter__(self) -> Iterator[Frame]:
        if self._first is not None:
            first, self._first = self._first, None
            yield self._frame(*first)
        last_s = 0.0
        for image, container_s in self._decoded:
            if image.shape[:2] != (self.height, self.width):
                raise SourceError(
                    f"{self._path}: the picture changes from {self.width}x{self.height} to {image.shape[1]}x"
                    f"{image.shape[0]} at frame {self._count}; scale it to one size with: "
                    f"ffmpeg -i IN -vf scale={self.width}:{self.height} OUT.mp4"
                )
            frame = self._frame(image, container_s)
            last_s = frame.presentation_s
            yield frame
        self._refuse_early_end(last_s + 1.0 / self.fps)

    def notes(self) -> list[str]:
        """Stamps repaired and packets that could not be decoded."""
        damaged = f"{self._damaged} damaged piece{'s' * (self._damaged > 1)} skipped"
        return [*self._clock.notes(), *([damaged] if self._damaged else [])]

    def close(self) -> None:
        """Close the file."""
        self._container.close()

    def _frame(self, image: NDArray[np.uint8], container_s: float | None) -> Frame:
        self._count += 1
        time_s = self._clock.stamp(container_s)
        return Frame(image, round(time_s * 1e9), time.monotonic_ns(), time_s)

    def _decode(self) -> Iterator[tuple[NDArray[np.uint8], float | None]]:
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
            except av.error.FFmpegError as error:
                self._broke_off = error.strerror or "unreadable"
                packet = None
            try:
                frames = packet.decode() if packet is not None else []
            except av.error.FFmpegError:
                self._damaged += 1
                continue
            for frame in frames:
                yield upright(frame), frame.time
            if packet is None:
                return

    def _refuse_early_end(self, end_s: float) -> None:
        """Say so when the file holds clearly less than it declares."""
        declared_s = self._declared_s()
        in_frames_s = (self._stream.frames - self._count - self._damaged) / self.fps
        # Edit lists and late codecs may swallow a few frames of a whole file.
        missing_s = max(declared_s - end_s, in_frames_s)
        if self._broke_off or missing_s > max(0.2, 4.0 / self.fps):
            whole_s = max(declared_s, self._stream.frames / self.fps)
            of = f" of {whole_s:.1f} s" if whole_s else ""
            raise SourceError(
                f"{self._path}: the file breaks off; {end_s:.1f} s{of} ({self._count} frames) could be read: "
                "copy it again from where it came"
            )

    def _declared_s(self) -> float:
        """Length of the video as the file states it, seconds; 0 when it does not."""
        if self._stream.duration and self._stream.time_base:
            return float(self._stream.duration * self._stream.time_base)
        if len(self._container.streams) == 1 and self._container.duration:  # else it may be that of the sound
            return float(self._container.duration / av.time_base)
        return 0.0


def upright(frame: Any) -> NDArray[np.uint8]:
    """A decoded frame as RGB uint8 (height, width, 3), turned as its rotation mark asks."""
    image: NDArray[np.uint8] = frame.to_ndarray(format="rgb24", **_ONE_THREAD)
    quarter_turns = round(frame.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(image, quarter_turns)) if quarter_turns else image


def _open(path: Path) -> tuple[Any, Any]:
    try:
        if not path.stat().st_size:
            raise SourceError(f"{path}: the file is empty; copy it again from where it came")
        # A playlist must not make FFmpeg reach into the network.
        container = av.open(str(path), options={"protocol_whitelist": "file"})
    except av.error.FFmpegError as error:
        why = (error.strerror or str(error)).lower()
        raise SourceError(f"{path}: not a video, or cut off ({why}); check the file, or {_HINT}") from None
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {error.strerror}; check its permissions") from None
    if container.format.name in _TEXT_AND_PICTURES or container.format.name.endswith("_pipe"):
        container.close()
        raise SourceError(f"{path}: not a video; give a video file, or a folder of images")
    stream = moving_picture(container)
    if stream is None:
        container.close()
        raise SourceError(f"{path}: holds no video that can be decoded, only other streams; give a file with a picture")
    return container, stream


def moving_picture(container: Any) -> Any | None:
    """The first video stream that is no cover art and can be decoded."""
    pictures = [s for s in container.streams.video if not s.disposition & av.stream.Disposition.attached_pic]
    return pictures[0] if pictures and pictures[0].codec_context is not None else None
