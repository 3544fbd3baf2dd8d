"""What is known about the newest frame while more is still to come."""

from __future__ import annotations

from realtime.frame_view import FrameView, face_in_frame
from realtime.messages import (
    ExpressionRecognised,
    FaceLost,
    FaceTracked,
    FrameCaptured,
    Message,
    MotionMeasured,
    WindowReset,
)

_CAPTION_S = 3.0  # a verdict comes after the fact: it must stay long enough to be read


class LiveView:
    """Follows the stream; a frame's own motion arrives a moment after it, so motions shown are the last known."""

    def __init__(self) -> None:
        self._event: ExpressionRecognised | None = None
        self._motion: tuple[float, ...] = ()
        self._least = 0.0
        self._open_since_s: float | None = None
        self._why_absent = "no face yet"

    def hear(self, message: Message) -> None:
        """Take in one message."""
        if isinstance(message, MotionMeasured):
            self._motion, self._least = message.motion, message.noise
            if not message.active:
                self._open_since_s = None
            elif self._open_since_s is None:
                self._open_since_s = message.presentation_s
        elif isinstance(message, ExpressionRecognised):
            self._event, self._open_since_s = message, None
        elif isinstance(message, FaceLost | WindowReset):
            self._motion, self._open_since_s = (), None
            if isinstance(message, FaceLost):
                self._why_absent = message.reason or "the face is gone"

    def of(self, message: FaceTracked | FrameCaptured) -> FrameView:
        """The view of the frame that a message is about."""
        time_s = message.presentation_s
        view = FrameView(message.sequence, time_s, motion=self._motion, least=self._least)
        if isinstance(message, FaceTracked):
            view.face, view.open_since_s = face_in_frame(message), self._open_since_s
        else:
            view.absent = self._why_absent
        if self._event is not None and time_s - self._event.offset_s < _CAPTION_S:
            view.events = (self._event,)
        return view
