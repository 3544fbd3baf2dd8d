"""Where frames come from: one interface over cameras, files, folders and streams."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from realtime.failures import UserFacingError

if TYPE_CHECKING:
    from realtime.reconnect import Reconnecting
    from realtime.settings import CameraSettings

_URL = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_CREDENTIALS = re.compile(r"(?<=://)[^/\s]*@")
_SECRET_PARAMETER = re.compile(
    r"(?i)([?&][\w.-]*(?:pass?(?:word|wd)?|pwd?|token|key|secret|auth|usr|user?(?:name)?)=)[^&\s]*"
)


class SourceError(UserFacingError):
    """A source cannot be opened, or gave out; the text is one line that says what to do."""


class Frame(NamedTuple):
    """One picture and its times."""

    image: NDArray[np.uint8]  # RGB (height, width, 3)
    captured_ns: int  # source clock: monotonic for a camera, presentation time since the first frame for a file
    grabbed_ns: int  # monotonic, right after the grab
    presentation_s: float  # since the first frame


class Source(Protocol):
    """An open source. Iterating gives every frame once; it may end in `SourceError` after good frames."""

    says: str
    """One line for a person: what is delivered."""
    width: int
    height: int
    fps: float
    """As declared or measured by the source; the true rate may wander."""

    def __iter__(self) -> Iterator[Frame]:
        """Frames in order, all of one size.

        Raises:
            SourceError: the source broke off; frames given before are good.
        """

    def notes(self) -> list[str]:
        """What was odd so far, one line each."""

    def close(self) -> None:
        """Let go of the device or file. A second call does nothing."""


@dataclass(frozen=True)
class SourceSpec:
    """What to open, as it crosses processes: a device is opened in the process that grabs from it.

    Attributes:
        spec: `0`, `/dev/video0`, a URL, a video file, or a folder of images.
        realtime: give recorded frames at their own pace, stamped like a camera's.
        image_fps: rate of a folder of images, which has none of its own.
        width, height, fps, pixels: asked of a camera.
        stall_s: a live source that gives no frame for so long has stalled, seconds.
    """

    spec: str
    realtime: bool = False
    image_fps: float = 30.0
    width: int = 640
    height: int = 480
    fps: float = 30.0
    stall_s: float = 5.0
    pixels: str = "any"

    @classmethod
    def live_as(cls, spec: str, asked: CameraSettings) -> SourceSpec:
        """A camera or stream, with what the settings ask of it."""
        return cls(
            spec,
            width=asked.width,
            height=asked.height,
            fps=asked.fps,
            stall_s=asked.stall_s,
            pixels=asked.pixels,
        )

    @property
    def is_camera(self) -> bool:
        """A local capture device."""
        return self.spec.isdigit() or self.spec.startswith("/dev/video")

    @property
    def is_browser(self) -> bool:
        """A camera that a browser streams through the live page; the page opens it."""
        return self.spec.startswith("browser:")

    @property
    def is_url(self) -> bool:
        """A stream on the network."""
        return bool(_URL.match(self.spec))

    @property
    def live(self) -> bool:
        """Frames come whether or not they are taken: better drop one than grow old."""
        return self.realtime or self.is_camera or self.is_url or self.is_browser

    @property
    def label(self) -> str:
        """The spec without passwords."""
        return "browser" if self.is_browser else redact(self.spec)

    def open(self) -> Source:
        """Open it.

        Raises:
            SourceError: it cannot be opened, or holds no frame.
        """
        # Imported here: FFmpeg and OpenCV are loaded only where they are used.
        if self.is_camera:
            from realtime.camera import Camera

            return Camera(self.spec, self.width, self.height, self.fps, self.pixels)
        if self.is_browser:
            from realtime.web.browser_camera import BrowserCamera

            return BrowserCamera(Path(self.spec.removeprefix("browser:")), self.width, self.height, self.fps)
        if self.spec.startswith("feed://"):
            from realtime.feed import Feed

            return Feed(self.spec, silence_s=self.stall_s)
        if self.is_url:
            from realtime.stream import Stream

            return Stream(self.spec, read_s=self.stall_s)
        recorded = _open_recorded(Path(self.spec), self.image_fps)
        if not self.realtime:
            return recorded
        from realtime.pace import Paced

        return Paced(recorded)

    def hold(self, resume: bool = False) -> Source | Reconnecting:
        """Open it for a run: a camera or stream that gives out is opened again until it delivers.

        Args:
            resume: it has delivered in this run before; it may be gone for the moment.

        Raises:
            SourceError: it cannot be opened, or holds no frame.
        """
        if not (self.is_camera or self.is_url):
            return self.open()
        from realtime.reconnect import Reconnecting

        return Reconnecting(self.open, self._open_again, at_once=not resume, stall_s=self.stall_s)

    def _open_again(self) -> Source:
        if not self.spec.startswith("feed://"):
            return self.open()
        from realtime.feed import AGAIN_S, Feed

        return Feed(self.spec, first_s=AGAIN_S, silence_s=self.stall_s)


def open_source(
    spec: str,
    *,
    realtime: bool = False,
    image_fps: float = 30.0,
    width: int = 640,
    height: int = 480,
    fps: float = 30.0,
) -> Source:
    """Open a source by the look of its spec; see `SourceSpec`.

    Raises:
        SourceError: it cannot be opened, or holds no frame.
    """
    return SourceSpec(spec, realtime, image_fps, width, height, fps).open()


def redact(text: str) -> str:
    """Text without the user names and passwords that URLs in it carry."""
    return _SECRET_PARAMETER.sub(r"\1***", _CREDENTIALS.sub("***@", text))


def _open_recorded(path: Path, image_fps: float) -> Source:
    if path.is_dir():
        from realtime.image_folder import ImageFolder

        return ImageFolder(path, image_fps)
    if not path.exists():
        raise SourceError(f"{path}: no such file; give a video file, a folder of images, a camera's number or a URL")
    from realtime.video_file import VideoFile

    return VideoFile(path)
