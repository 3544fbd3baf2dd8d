"""Webcams through OpenCV."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import cv2

from realtime.source import Frame, SourceError

_BACKENDS = {"linux": cv2.CAP_V4L2, "darwin": cv2.CAP_AVFOUNDATION, "win32": cv2.CAP_MSMF}
_FOURCC = {"mjpeg": "MJPG", "yuyv": "YUYV"}


class Camera:
    """A `Source`. What was asked for is a wish: what the device delivers is in `width`, `height`, `fps` and `says`.

    Args:
        device: index (`0`) or path (`/dev/video0`).
        width, height: wished for, px.
        fps: wished for, frames per second.
        pixels: wished for, "mjpeg", "yuyv" or "any".
        backend: OpenCV's; by default the one of this system.

    Raises:
        SourceError: it cannot be opened or gives no picture.
    """

    def __init__(
        self, device: str, width: int, height: int, fps: float, pixels: str = "any", backend: int | None = None
    ) -> None:
        self._device = device
        if backend is None:
            backend = _BACKENDS.get(sys.platform, cv2.CAP_ANY)
        cv2.setLogLevel(0)  # what OpenCV would print is told below, in one line
        self._capture = cv2.VideoCapture(int(device) if device.isdigit() else device, backend)
        if not self._capture.isOpened():
            raise SourceError(f"camera {device} cannot be opened; {_present()}")
        if pixels in _FOURCC:  # before the size: drivers offer large ones only compressed
            self._capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*_FOURCC[pixels]))
        self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, width)
        self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, height)
        self._capture.set(cv2.CAP_PROP_FPS, fps)
        self._capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # an old frame is worth less than none
        taken, picture = self._capture.read()
        if not taken:
            self.close()
            raise SourceError(f"camera {device} gives no picture; close other programs that use it, then plug it anew")
        self.height, self.width = picture.shape[:2]
        delivered = float(self._capture.get(cv2.CAP_PROP_FPS))
        self.fps = delivered if 0 < delivered < 1000 else fps  # some drivers say 0 or nonsense
        sends = _name_of(int(self._capture.get(cv2.CAP_PROP_FOURCC)))
        wish = "" if pixels == "any" else f", {_FOURCC[pixels]}"
        asked = f" (asked for {width}x{height}, {fps:g}{wish})"
        as_asked = (self.width, self.height, self.fps) == (width, height, fps) and wish in ("", f", {sends}")
        given = f"{self.width}x{self.height}, {self.fps:g} frames/s{f', {sends}' if sends else ''}"
        self.says = f"camera {device}: {given}{'' if as_asked else asked}"

    def __iter__(self) -> Iterator[Frame]:
        first_ns: int | None = None
        while self._capture.grab():
            now_ns = time.monotonic_ns()
            taken, picture = self._capture.retrieve()
            if not taken:
                break
            if picture.shape[:2] != (self.height, self.width):
                raise SourceError(
                    f"camera {self._device} changed from {self.width}x{self.height} to "
                    f"{picture.shape[1]}x{picture.shape[0]}"
                )
            first_ns = now_ns if first_ns is None else first_ns
            yield Frame(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), now_ns, now_ns, (now_ns - first_ns) * 1e-9)
        raise SourceError(f"camera {self._device} stopped giving pictures; check its cable")

    def notes(self) -> list[str]:
        """Nothing: a camera's frames are stamped here."""
        return []

    def close(self) -> None:
        """Release the device."""
        self._capture.release()


def _name_of(fourcc: int) -> str:
    """Four letters, or nothing where a driver gives none."""
    letters = fourcc.to_bytes(4, "little", signed=fourcc < 0).decode("latin-1")
    return letters if letters.isprintable() and letters.strip() else ""


def _present() -> str:
    devices = sorted(str(path) for path in Path("/dev").glob("video*"))
    if devices:
        return f"there is {', '.join(devices)}: is another program using it, and are you in the group 'video'?"
    return "no camera is plugged in (there is no /dev/video*)" if sys.platform == "linux" else "is one plugged in?"
