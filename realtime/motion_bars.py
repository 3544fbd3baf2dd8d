"""Bars beside the face: how far each region has moved, the subject's right on the image's left as one faces them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from realtime.lettering import Colour, Sprite, lay, sprite, written
from realtime.mesh_regions import mesh_regions

FULL = 3.0
"""Motion that fills a bar, px at 224 px face width; the number beside it goes on."""
_QUIET: Colour = (150, 160, 165)
_MOVING: Colour = (240, 228, 66)
_LINE: Colour = (205, 205, 205)
_ROW, _BAR, _NAME, _NUMBER = 15, 40, 80, 22  # px at a picture 480 px high


class MotionBars:
    """A panel that is prepared once; each frame only the bars and the numbers of moving regions are drawn.

    Args:
        scale: 1 for a picture 480 px high.
    """

    def __init__(self, scale: float) -> None:
        self.scale = scale
        self.rows = paired_regions()
        self._row = round(_ROW * scale)
        self._bar = round(_BAR * scale)
        self._left = round((_NUMBER + _BAR) * scale)  # where bars to the left begin
        self._right = self._left + round(_NAME * scale)
        self.width = self._right + self._left
        self.height = self._row * (len(self.rows) + 2) + self._row // 2
        self._thick = max(3, round(7 * scale))
        self._sheet = self._prepare()
        self._ticked = lru_cache(maxsize=64)(self._with_ticks)

    def draw(self, image: NDArray[np.uint8], x: int, y: int, motion: Sequence[float], least: float) -> None:
        """Draw in place, the panel's top left corner at (x, y).

        Args:
            image: RGB uint8 (height, width, 3).
            x, y: px.
            motion: of each region, px at 224 px face width.
            least: motion that counts, same unit.
        """
        thick = self._thick
        lay(image, self._ticked(round(min(least / FULL, 1.0) * self._bar)), x, y)
        for number, (_, right_index, left_index) in enumerate(self.rows):
            top = y + self._row * (number + 1) + (self._row - thick) // 2
            for index, side in ((right_index, -1), (left_index, 1)):
                moved = motion[index]
                edge = x + (self._left if side < 0 else self._right)
                length = max(1, round(min(moved / FULL, 1.0) * self._bar))
                _fill(image, edge, side * length, top, thick, _MOVING if moved > least else _QUIET)
                if moved > least:
                    says = written(f"{moved:.1f}", round(10 * self.scale))
                    at = edge + side * (self._bar + 2) - (says.width if side < 0 else 0)
                    lay(image, says, at, top + (thick - says.height) // 2)

    def _with_ticks(self, least_at: int) -> Sprite:
        light, clear = self._sheet.light.copy(), self._sheet.clear.copy()
        for number in range(len(self.rows)):
            top = self._row * (number + 1) + (self._row - self._thick) // 2
            for edge, side in ((self._left, -1), (self._right, 1)):
                _fill(light, edge + side * least_at, side, top, self._thick, _LINE)
                _fill(clear, edge + side * least_at, side, top, self._thick, (0, 0, 0))
        return Sprite(light, clear)

    def _prepare(self) -> Sprite:
        cover = Image.new("L", (self.width, self.height))
        ImageDraw.Draw(cover).rounded_rectangle((0, 0, self.width - 1, self.height - 1), self._row // 2, fill=140)
        sheet = sprite(np.zeros((self.height, self.width, 3), np.uint8), np.asarray(cover))
        # On black, the letters' light adds to the sheet's, and the lesser of what shines through counts.
        light, clear = sheet.light.copy(), sheet.clear.copy()
        middle = (self._left + self._right) // 2

        def put(text: str, centre: int, row: float, size: float = 10, bold: bool = False) -> None:
            says = written(text, round(size * self.scale), bold=bold)
            x, y = centre - says.width // 2, round(self._row * (row + 0.5)) - says.height // 2
            lay(light, says, x, y)
            part = np.s_[y : y + says.height, x : x + says.width]
            clear[part] = np.minimum(clear[part], says.clear)

        put("motion px", middle, 0.1, bold=True)
        put("right", self._left - self._bar // 2, 0.1)
        put("left", self._right + self._bar // 2, 0.1)
        for number, (name, _, _) in enumerate(self.rows):
            put(name, middle, number + 1)
        put("tick: least motion that counts", middle, len(self.rows) + 1.1, size=9)
        return Sprite(light, clear)


def _fill(image: NDArray[np.uint8], edge: int, length: int, top: int, thick: int, colour: Colour) -> None:
    left, right = sorted((edge, edge + length))
    image[max(top, 0) : max(top + thick, 0), max(left, 0) : max(right, 0)] = colour


def paired_regions() -> list[tuple[str, int, int]]:
    """Rows: name, index of the subject's right side, index of the left; a region on the midline stands on both."""
    names, rows = list(mesh_regions()), []
    for index, name in enumerate(names):
        base, _, side = name.rpartition("_")
        if side == "left":
            rows.append((base.replace("_", " "), names.index(f"{base}_right"), index))
        elif side != "right":
            rows.append((" ".join(reversed(name.split("_"))), index, index))
    return rows
