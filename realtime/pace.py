"""Recorded frames at their own pace, as if a camera delivered them."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

from realtime.source import Frame, Source


class Paced:
    """A `Source` around another: each frame waits until its time, and its clocks become those of a live camera."""

    def __init__(self, recorded: Source) -> None:
        self._recorded = recorded
        self._closed = threading.Event()
        self.width, self.height, self.fps = recorded.width, recorded.height, recorded.fps
        self.says = f"{recorded.says}, at its own pace"

    def __iter__(self) -> Iterator[Frame]:
        start_ns = time.monotonic_ns()
        for frame in self._recorded:
            due_ns = start_ns + frame.captured_ns
            if self._closed.wait(max(0, due_ns - time.monotonic_ns()) * 1e-9):
                return
            yield frame._replace(captured_ns=due_ns, grabbed_ns=time.monotonic_ns())

    def notes(self) -> list[str]:
        """What was odd in the recording."""
        return self._recorded.notes()

    def close(self) -> None:
        """Close the recording; a waiting frame is not given any more."""
        self._closed.set()
        self._recorded.close()
