"""What is wrong with a worker, as far as its supervisor can see."""

from __future__ import annotations

import time

from realtime.lifeline import Phase
from realtime.outcome import Limits
from realtime.post import Post


def what_is_wrong(post: Post, phase: Phase, limits: Limits) -> str:
    """Look at whoever holds a post; one that hangs is killed.

    Args:
        post: that is held.
        phase: of the run.
        limits: how long things may take.

    Returns:
        One line for a person; empty where all is well.
    """
    child = post.child
    if child.dismissed:
        return ""
    if not child.alive:
        child.hear()  # its last words may have come after the first look
    if child.failure is not None:
        if child.failure.hung and child.alive:
            child.process.kill()
        return child.how_it_failed()
    now = time.monotonic()
    if child.finished:
        early = phase == "RUNNING" and not child.beat.ended_ns
        return f"{child.name} left before the end of the stream" if early else ""
    if not child.alive:
        return child.how_it_died()
    if phase != "STOPPING" and child.phase == "STARTING":
        late = (child.begun or not child.ready) and now - post.begun_at > limits.start_s
        return f"{child.name} was not ready within {limits.start_s:g} s" if late else ""
    if now - child.heard_at > limits.hang_s:
        child.process.kill()
        return f"{child.name} hangs: nothing was heard from it for {limits.hang_s:g} s"
    return ""
