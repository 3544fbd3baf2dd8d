"""What crosses the network in a feed: one struct per frame, in one piece, with a JPEG in it."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

MOST_BYTES = 16 * 2**20
"""Larger pieces are refused by the socket itself."""
LONGEST_SIDE = 4096
"""Pictures larger than this, px, are refused."""


class FeedFrame(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """One frame."""

    stream: str  # drawn anew each time the sender starts
    sequence: int  # from 0, without holes: dropped frames are not counted by the receiver but by the sender
    captured_ns: int  # on the sender's monotonic clock
    dropped: int  # by the sender so far, because the network did not keep up
    fps: Annotated[float, msgspec.Meta(gt=0, le=10_000)]  # as its source declares
    jpeg: bytes


class FeedEnd(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """The sender's source has ended."""

    stream: str
    reason: Literal["ended", "stopped"]


FeedPiece = FeedFrame | FeedEnd
