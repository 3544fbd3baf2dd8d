"""Any frame of a recording by its number, as quickly as its key frames allow."""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from realtime.image_folder import images_in, read_image
from realtime.source import SourceError
from realtime.video_file import moving_picture, upright

_KEPT = 48  # decoded frames; whoever scrubs goes to and fro
_AHEAD = 60  # frames up to which decoding on is quicker than seeking


class KeptVideo:
    """Opened once; used from several threads, one at a time.

    Args:
        path: a video file, or a folder of images.
        image_fps: rate of a folder of images.
        own_times: times as they stand in the file; else counted from its first frame. A camera's recording may begin
            a little after the camera.

    Raises:
        SourceError: it cannot be opened, or holds no frame.
    """

    def __init__(self, path: Path, image_fps: float = 30.0, *, own_times: bool = False) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._kept: OrderedDict[int, NDArray[np.uint8]] = OrderedDict()
        self._images: list[Path] = []
        self._container: Any = None
        self._decoded: Any = None
        self._next = -1
        if path.is_dir():
            self._images = images_in(path)
            self.times_s: list[float] = [number / image_fps for number in range(len(self._images))]
        else:
            self._pts = self._open()
            base = float(self._stream.time_base)
            zero = 0 if own_times or not self._pts else self._pts[0]
            self.times_s = [(stamp - zero) * base for stamp in self._pts]
        if not self.times_s:
            raise SourceError(f"{path}: no frame of it can be read")

    @property
    def fps(self) -> float:
        """Mean rate, frames per second."""
        span_s = self.times_s[-1] - self.times_s[0]
        return (len(self.times_s) - 1) / span_s if span_s > 0 else 30.0

    def frame(self, number: int) -> NDArray[np.uint8]:
        """RGB uint8 (height, width, 3).

        Raises:
            IndexError: there is no such frame.
            SourceError: it cannot be decoded.
        """
        if not 0 <= number < len(self.times_s):
            raise IndexError(f"frame {number} of {len(self.times_s)}")
        with self._lock:
            if number not in self._kept:
                self._keep(number, read_image(self._images[number]) if self._images else self._decode(number))
            self._kept.move_to_end(number)
            return self._kept[number]

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._container is not None:
                self._container.close()
                self._container = None

    def _open(self) -> list[int]:
        try:
            self._container = av.open(str(self._path), options={"protocol_whitelist": "file"})
            stream = moving_picture(self._container)
            if stream is None:
                raise SourceError(f"{self._path}: holds no video that can be decoded")
            self._stream = stream
            stamps = [packet.pts for packet in self._container.demux(self._stream) if packet.pts is not None]
        except (av.error.FFmpegError, OSError) as error:
            raise SourceError(f"{self._path}: cannot be read: {error}") from None
        return sorted(set(stamps))

    def _decode(self, number: int) -> NDArray[np.uint8]:
        if self._container is None:
            raise SourceError(f"{self._path}: was closed meanwhile; look again")
        wanted = self._pts[number]
        try:
            if self._decoded is None or not self._next <= number < self._next + _AHEAD:
                self._container.seek(wanted, stream=self._stream, backward=True)
                self._decoded = self._container.decode(self._stream)
            for frame in self._decoded:
                if frame.pts is not None and frame.pts >= wanted:
                    self._next = number + 1
                    return upright(frame)
            why = "the file ends before it"
        except av.error.FFmpegError as error:
            why = error.strerror or str(error)
        self._decoded = None
        raise SourceError(f"{self._path}: frame {number} cannot be decoded: {why}")

    def _keep(self, number: int, image: NDArray[np.uint8]) -> None:
        self._kept[number] = image
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
