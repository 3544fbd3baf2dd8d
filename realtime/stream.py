"""Network cameras: RTSP, HTTP and whatever else FFmpeg reads."""

from __future__ import annotations

import time
from collections.abc import Iterator

import av

from realtime.source import Frame, SourceError, redact
from realtime.video_file import upright

_OPEN_S = 10.0
_READ_S = 10.0
_MOST_DAMAGED = 300  # pieces in a row
_ANY_RATE = 30.0  # where the stream does not say
_NETWORK = "http,https,tcp,tls,udp,rtp,rtsp,rtsps,srt,rtmp,rtmps,crypto,hls,httpproxy"  # above all: no local files
_LOW_DELAY = {"rtsp_transport": "tcp", "fflags": "nobuffer", "flags": "low_delay", "protocol_whitelist": _NETWORK}


class Stream:
    """A `Source`. Frames are stamped when they come out of the decoder: network clocks cannot be trusted.

    Args:
        url: may carry a user name and password; they appear in no message.
        open_s: time limit for the connection, seconds.
        read_s: time limit for each frame, seconds.

    Raises:
        SourceError: cannot be reached, or gives no picture in time.
    """

    def __init__(self, url: str, open_s: float = _OPEN_S, read_s: float = _READ_S) -> None:
        self._label = redact(url)
        self._read_s = read_s
        options = _LOW_DELAY | ({"analyzeduration": "1000000"} if url.startswith("http") else {})
        try:
            self._container = av.open(url, options=options, timeout=(open_s, read_s))
        except (av.error.FFmpegError, OSError) as error:
            raise SourceError(
                f"{self._label}: cannot be opened ({self._why(error)}); check address, network and password"
            ) from None
        if not self._container.streams.video:
            self.close()
            raise SourceError(f"{self._label}: sends no picture; check the address")
        self._stream = self._container.streams.video[0]
        self._stream.thread_type = "SLICE"  # frame threads would hold back as many frames
        self._frames = self._container.decode(self._stream)
        try:
            first = next(self._frames, None)
        except (av.error.FFmpegError, OSError) as error:
            self.close()
            raise SourceError(f"{self._label}: gives no picture ({self._why(error)}); check the camera") from None
        if first is None:
            self.close()
            raise SourceError(f"{self._label}: ended before the first picture; check the camera")
        self.endless = not self._container.duration  # a recording on a web server has one, and may end
        self.height, self.width = upright(first).shape[:2]
        self.fps = float(self._stream.average_rate or _ANY_RATE)
        codec = self._stream.codec_context.name
        self.says = f"{self._label}: {self.width}x{self.height}, {self.fps:.6g} frames/s declared, {codec}"
        self._damaged = 0

    def __iter__(self) -> Iterator[Frame]:
        first_ns: int | None = None
        in_a_row = 0
        while True:
            try:
                decoded = next(self._frames, None)
            except av.error.InvalidDataError as error:  # packets are lost on networks; the decoder recovers
                self._damaged += 1
                in_a_row += 1
                if in_a_row > _MOST_DAMAGED:
                    raise SourceError(f"{self._label}: nothing can be decoded any more ({self._why(error)})") from None
                self._frames = self._container.decode(self._stream)
                continue
            except (av.error.FFmpegError, OSError) as error:
                raise SourceError(f"{self._label}: broke off ({self._why(error)})") from None
            if decoded is None:
                return
            now_ns = time.monotonic_ns()
            in_a_row = 0
            image = upright(decoded)
            if image.shape[:2] != (self.height, self.width):
                raise SourceError(
                    f"{self._label}: changed from {self.width}x{self.height} to {image.shape[1]}x{image.shape[0]}"
                )
            first_ns = now_ns if first_ns is None else first_ns
            yield Frame(image, now_ns, now_ns, (now_ns - first_ns) * 1e-9)

    def notes(self) -> list[str]:
        """Packets that could not be decoded."""
        return [f"{self._damaged} damaged pieces skipped"] if self._damaged else []

    def close(self) -> None:
        """Hang up."""
        self._container.close()

    def _why(self, error: Exception) -> str:
        if isinstance(error, av.error.ExitError):
            return f"nothing came for {self._read_s:g} s"
        return redact(getattr(error, "strerror", None) or type(error).__name__).lower()
