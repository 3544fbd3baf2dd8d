"""What goes in and out of a stage."""

from __future__ import annotations

from typing import Any, NamedTuple

from numpy.typing import NDArray

from realtime.messages import Message


class Parcel(NamedTuple):
    """A message, and the pixels that belong to it when the stage at hand reads or makes any."""

    message: Message
    pixels: NDArray[Any] | None = None
