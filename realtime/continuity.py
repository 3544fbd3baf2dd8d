"""Which frames never reached a stage: by their numbers, whatever became of them."""

from __future__ import annotations

from realtime.logbook import Logbook
from realtime.messages import FaceTracked, FrameCaptured, FramesDropped, Message, stamp

_CARRIERS = (FrameCaptured, FaceTracked)
"""One of these comes for every frame of the source, on every edge."""


class Continuity:
    """Follows the numbers of frames on one edge. Losses further up have been told by messages, and are not told again.

    Args:
        edge: for messages, "sender-receiver".
        log: of the receiving stage; one that was started again goes on from where the one before it was.
    """

    def __init__(self, edge: str, log: Logbook) -> None:
        self._edge = edge
        self._last = log["sequence"]
        self._told = 0  # of the frames missing since the last one, those that were lost further up

    def follow(self, message: Message) -> FramesDropped | None:
        """Take note of a message; what was lost on this edge before it, if anything was."""
        if isinstance(message, FramesDropped):
            self._told += message.count
            return None
        if not isinstance(message, _CARRIERS):
            return None
        missing = message.sequence - self._last - 1 - self._told
        self._last, self._told = max(self._last, message.sequence), 0
        if missing <= 0:
            return None
        before = stamp(message) | {"sequence": message.sequence - 1}
        return FramesDropped(**before, edge=self._edge, count=missing)
