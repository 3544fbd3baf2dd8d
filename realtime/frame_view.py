"""What is to be drawn on one frame, put together from messages that trail it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from realtime.messages import (
    EndOfStream,
    ExpressionOpened,
    ExpressionRecognised,
    FaceFound,
    FaceLost,
    FaceTracked,
    FrameCaptured,
    Message,
    MotionMeasured,
    WindowReset,
)


@dataclass
class FrameView:
    """Everything known about one frame.

    Attributes:
        sequence: number of the frame.
        time_s: presentation time.
        face: float32 (468, 2), px of the frame; None when none is followed.
        absent: why there is no face; empty when there is one, or the frame was not looked at.
        motion: of each region, px at 224 px face width; empty when it was not measured.
        least: motion that counts, same unit.
        events: expressions that are shown on this frame, the latest last.
        open_since_s: onset of an expression that is still going on; live only.
    """

    sequence: int
    time_s: float
    face: NDArray[np.float32] | None = None
    absent: str = ""
    motion: tuple[float, ...] = ()
    least: float = 0.0
    events: tuple[ExpressionRecognised, ...] = ()
    open_since_s: float | None = None


class FrameViews:
    """Collects messages, and gives each frame's view when no later message can concern it.

    An expression is announced or judged at most `hold_back_s` after its onset. Once it has been announced as held, the
    frames since its onset wait for the verdict.

    Args:
        hold_back_s: how far views trail the messages, seconds.
        caption_s: how long an expression is still spoken of after its offset, seconds.
        longest_s: an announced expression without a verdict is given up after this long, seconds.
    """

    def __init__(self, hold_back_s: float = 1.5, caption_s: float = 1.0, longest_s: float = 10.0) -> None:
        self.hold_back_s = hold_back_s
        self.caption_s = caption_s
        self.longest_s = longest_s
        self._views: OrderedDict[int, FrameView] = OrderedDict()
        self._events: list[ExpressionRecognised] = []
        self._held: dict[int, float] = {}  # event -> onset_s
        self._why_absent = "no face yet"
        self._now_s = -np.inf
        self._newest = -1
        self._ended = False

    def hear(self, message: Message) -> None:
        """Take in one message."""
        if isinstance(message, FaceTracked):
            self._see(message.sequence, message.presentation_s).face = face_in_frame(message)
        elif isinstance(message, FrameCaptured):
            self._see(message.sequence, message.presentation_s).absent = self._why_absent
        elif isinstance(message, MotionMeasured):
            view = self._see(message.sequence, message.presentation_s)
            view.motion, view.least = message.motion, message.noise
        elif isinstance(message, FaceLost):
            self._why_absent = message.reason or "the face is gone"
        elif isinstance(message, FaceFound):
            self._why_absent = "no face"
        elif isinstance(message, ExpressionOpened):
            self._held[message.event] = message.onset_s
        elif isinstance(message, ExpressionRecognised):
            self._held.pop(message.event, None)
            self._events.append(message)
        elif isinstance(message, WindowReset):
            self._held.clear()
        elif isinstance(message, EndOfStream):
            self._ended = True
            if message.sequence > self._newest:  # the last frames were dropped on the way, and are part of the video
                self._see(message.sequence, self._now_s)

    def end(self) -> None:
        """Nothing more will come: every frame's view can be given."""
        self._ended = True

    def ready(self, most: int | None = None) -> Iterator[FrameView]:
        """Views of frames that are settled, in order, each once.

        Args:
            most: how many at once, so that one message does not take long; None for all.
        """
        given = 0
        while self._views and (most is None or given < most):
            view = next(iter(self._views.values()))
            if not self._ended and view.time_s >= self._settled_until_s():
                return
            self._views.popitem(last=False)
            self._forget_events(view.time_s)
            view.events = tuple(event for event in self._events if self._shown(event, view))
            given += 1
            yield view

    def _see(self, sequence: int, time_s: float) -> FrameView:
        self._now_s, self._newest = max(self._now_s, time_s), max(self._newest, sequence)
        return self._views.setdefault(sequence, FrameView(sequence, time_s))

    def _settled_until_s(self) -> float:
        held = [onset_s for onset_s in self._held.values() if self._now_s - onset_s < self.longest_s]
        # The onset's frame may be displayed a little before the sub-frame onset.
        return float(min([self._now_s - self.hold_back_s, *(onset_s - 0.1 for onset_s in held)]))

    def _shown(self, event: ExpressionRecognised, view: FrameView) -> bool:
        return event.onset_frame <= view.sequence and view.time_s < event.offset_s + self.caption_s

    def _forget_events(self, time_s: float) -> None:
        self._events = [event for event in self._events if event.offset_s + self.caption_s + 1 > time_s]


def face_in_frame(tracked: FaceTracked) -> NDArray[np.float32]:
    """The mesh's vertices in the camera's frame, float32 (468, 2), px."""
    # A general solver wakes every thread of the linear algebra library, and costs more than all the drawing.
    a, b, x, c, d, y = tracked.crop_from_frame
    back = np.array([[d, -b], [-c, a]], np.float32) / np.float32(a * d - b * c)
    return (tracked.mesh()[:, :2] - np.array([x, y], np.float32)) @ back.T
