"""What is made of each clip; the store keeps this beside every clip, so that nothing made otherwise is taken for it."""

from __future__ import annotations

from typing import Literal

import msgspec

VERSION = 2
"""Raised whenever the same settings would give other numbers."""


class PrepareSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How clips are cut, timed, magnified and measured."""

    frames: int = 30  # of every clip, evenly spaced from onset to offset
    size: int = 128  # height and width of the colour crops, px
    interpolate: Literal["linear", "flow"] = "linear"  # frames between frames: blended, or carried along the flow
    magnify: Literal["none", "eulerian", "lagrangian"] = "none"  # of the colour crops' brightness
    alpha: float = 2.0  # magnification, also of the frames behind `patches`
    dense_points: int = 1024  # of each region of `dense_clouds`
    face_share: float = 0.72  # of the crop's width that the face takes

    def check(self) -> None:
        """Raise ValueError with one line that says what to change."""
        if not 16 <= self.frames <= 400:
            raise ValueError(f"--frames must lie between 16 and 400, not {self.frames}")
        if not 48 <= self.size <= 512:
            raise ValueError(f"--size must lie between 48 and 512 px, not {self.size}")
        if not 0 <= self.alpha <= 30:
            raise ValueError(f"--alpha must lie between 0 and 30, not {self.alpha:g}")


def recipe(settings: PrepareSettings) -> str:
    """The settings and this code's version as one line of JSON: equal where the results are."""
    return msgspec.json.encode([VERSION, settings]).decode()
