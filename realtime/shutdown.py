"""The end of a run: the end of the stream flows through, then stages are told, asked, and killed, in bounded time."""

from __future__ import annotations

import time
from collections.abc import Sequence

from realtime.control import Stop
from realtime.post import Post

_NEXT_STOP_S = 0.5  # a stage told to stop gets so long before the stage after it is told
KILL_S = 2.0
"""From SIGTERM to SIGKILL, seconds."""


class Shutdown:
    """Begins when it is made: the source ends its stream; after the grace each stage is told by itself.

    Args:
        posts: in the order of the flow.
        grace_s: for the end of the stream to flow through.
        limit_s: from the end of the grace to SIGTERM.
        failed_at: index of the last stage that has failed, -1 without one; those before it need wait for nobody.
    """

    def __init__(self, posts: Sequence[Post], grace_s: float, limit_s: float, failed_at: int) -> None:
        self._posts = posts
        self._limit_s = limit_s
        self._cascade_at = time.monotonic() + grace_s
        self._last_told = 0.0
        self._told = 0
        self._hurried: list[Post] = []
        self.failed_at = failed_at
        self._tell_next()
        while self._told <= failed_at:
            self._tell_next()

    def press(self) -> None:
        """Whatever is due now."""
        now = time.monotonic()
        if now > self._cascade_at and self._told < len(self._posts):
            before = self._posts[: self._told]
            if all(post.ended for post in before) or now - self._last_told > _NEXT_STOP_S:
                self._tell_next()
        for post in self._posts:
            if post.ended:
                continue
            child = post.child
            waits = bool(child.beat.ended_ns) and post not in self._hurried
            if waits and now > self._cascade_at + self._limit_s / 4:
                # It has done its work, and waits for a receiver that may never take the end of the stream.
                child.tell(Stop(hurry=True))
                self._hurried.append(post)
            if now > self._cascade_at + self._limit_s + KILL_S:
                child.kill()
            elif now > self._cascade_at + self._limit_s:
                child.terminate()

    def _tell_next(self) -> None:
        self._posts[self._told].child.tell(Stop(hurry=self._told <= self.failed_at))
        self._told += 1
        self._last_told = time.monotonic()
