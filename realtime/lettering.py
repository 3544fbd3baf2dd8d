"""Text on video: rendered once per string, then laid over frames with three cheap array operations."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, TypeAlias

import cv2
import matplotlib
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Colour: TypeAlias = tuple[int, int, int]
"""Red, green, blue, 0 to 255."""
WHITE: Colour = (255, 255, 255)


class Sprite(NamedTuple):
    """A picture with soft edges, ready to be laid over frames."""

    light: NDArray[np.uint8]  # (h, w, 3) RGB, already weighted by its own cover
    clear: NDArray[np.uint8]  # (h, w, 3) share of the frame that shines through, 255 = all

    @property
    def height(self) -> int:
        """In px."""
        return int(self.light.shape[0])

    @property
    def width(self) -> int:
        """In px."""
        return int(self.light.shape[1])


def sprite(colour: NDArray[np.uint8], cover: NDArray[np.uint8]) -> Sprite:
    """Make a sprite of a picture (h, w, 3) and its cover (h, w), 255 where it hides the frame."""
    cover3 = np.repeat(cover[..., None], 3, axis=2)
    return Sprite(cv2.multiply(colour, cover3, scale=1 / 255), cv2.bitwise_not(cover3))


def in_a_row(parts: Sequence[Sprite]) -> Sprite:
    """Sprites of one height beside each other: one to lay is faster than many."""
    return Sprite(np.hstack([part.light for part in parts]), np.hstack([part.clear for part in parts]))


def lay(image: NDArray[np.uint8], over: Sprite, x: int, y: int) -> None:
    """Lay a sprite over a frame in place, its top left corner at (x, y); what sticks out is cut off."""
    height, width = image.shape[:2]
    left, top, right, bottom = max(x, 0), max(y, 0), min(x + over.width, width), min(y + over.height, height)
    if left >= right or top >= bottom:
        return
    part = np.s_[top - y : bottom - y, left - x : right - x]
    under = image[top:bottom, left:right]
    cv2.add(cv2.multiply(under, over.clear[part], scale=1 / 255), over.light[part], dst=under)


def darken(image: NDArray[np.uint8], x: int, y: int, width: int, height: int, keep: float = 0.35) -> None:
    """Darken a rectangle of a frame in place, so that writing on it can be read; what sticks out is cut off."""
    under = image[max(y, 0) : max(y + height, 0), max(x, 0) : max(x + width, 0)]
    if under.size:
        under[:] = cv2.convertScaleAbs(under, alpha=keep)


@lru_cache(maxsize=2048)
def written(text: str, size: int, colour: Colour = WHITE, bold: bool = False, rim: bool = True) -> Sprite:
    """A line of text.

    Args:
        text: one line; letters of most European scripts are there.
        size: height of the letters' em, px.
        colour: of the letters.
        bold: heavier letters.
        rim: a faint dark rim keeps the letters legible on any background; on a dark sheet none is wanted.
    """
    font = _font(size, bold)
    left, _, right, _ = font.getbbox(text or " ")
    ascent, descent = font.getmetrics()
    pad = max(1, round(size / 10)) if rim else 0
    sheet = Image.new("L", (round(right - left) + 2 * pad, ascent + descent + 2 * pad))
    ImageDraw.Draw(sheet).text((pad - left, pad), text, fill=255, font=font)
    letters = np.asarray(sheet)
    if not rim:
        return sprite(np.full((*letters.shape, 3), colour, np.uint8), letters)
    reach = 2 * pad + 1
    dark = cv2.GaussianBlur(cv2.dilate(letters, np.ones((reach, reach), np.uint8)), (0, 0), pad)
    cover = np.maximum(letters, (dark * 0.55).astype(np.uint8))
    # Where rim and letter mix, the letter's own share decides the colour.
    own = letters[..., None] / np.maximum(cover[..., None], 1)
    return sprite((own * np.array(colour)).astype(np.uint8), cover)


@lru_cache(maxsize=64)
def _font(size: int, bold: bool) -> ImageFont.FreeTypeFont:
    # Matplotlib ships DejaVu; asking its font manager would scan the whole system at first use.
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name), size)
