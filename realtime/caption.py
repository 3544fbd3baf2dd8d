"""What is said under the picture about one expression."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageDraw

from realtime.lettering import Colour, Sprite, lay, sprite, written
from realtime.messages import ExpressionRecognised, Kind

KIND_COLOURS: dict[Kind, Colour] = {"micro": (245, 165, 25), "macro": (86, 180, 233)}
"""Told apart by colour-blind viewers too; besides, the border of a macro-expression is dashed, and both are named."""
_BAR: Colour = (225, 230, 232)
_DIM: Colour = (185, 192, 196)


def caption(event: ExpressionRecognised, scale: float) -> Sprite:
    """Kind, label, probabilities, action units and strength on a dark sheet.

    Args:
        event: the verdict.
        scale: 1 for a picture 480 px high.
    """

    def px(units: float) -> int:
        return round(units * scale)

    title = written(f"{event.kind}-expression: {event.label}", px(17), bold=True)
    lasted_ms = 1000 * (event.offset_s - event.onset_s)
    facts = [f"{lasted_ms:.0f} ms", f"{event.strength:.1f} px", " ".join(event.action_units) or "no action unit"]
    says = written("   ".join(facts), px(11), _DIM)
    shares = [(name, share) for name, share in event.probabilities.items() if math.isfinite(share)]
    column, row, pad = px(104), px(15), px(9)
    width = max(title.width, says.width, column * len(shares)) + 2 * pad
    height = title.height + says.height + row + px(12) + 2 * pad
    cover = Image.new("L", (width, height))
    ImageDraw.Draw(cover).rounded_rectangle((0, 0, width - 1, height - 1), pad, fill=175)
    sheet = sprite(np.zeros((height, width, 3), np.uint8), np.asarray(cover))
    light, clear = sheet.light.copy(), sheet.clear.copy()

    def put(text: Sprite, x: int, y: int) -> None:
        lay(light, text, x, y)
        part = np.s_[y : y + text.height, x : x + text.width]
        clear[part] = np.minimum(clear[part], text.clear)

    def bar(x: int, y: int, length: int, colour: Colour) -> None:
        light[y : y + px(5), x : x + length] = colour
        clear[y : y + px(5), x : x + length] = 0

    light[:, : px(4)] = KIND_COLOURS[event.kind]
    clear[:, : px(4)] = 0
    put(title, pad, pad)
    for number, (name, share) in enumerate(shares):
        x, y = pad + number * column, pad + title.height
        chosen = name == event.label
        put(written(f"{name} {100 * share:.0f} %", px(11), bold=chosen), x, y)
        full = column - px(10)
        bar(x, y + row, full, (70, 74, 78))
        bar(x, y + row, max(1, round(full * min(max(share, 0.0), 1.0))), KIND_COLOURS[event.kind] if chosen else _BAR)
    put(says, pad, height - pad - says.height)
    return Sprite(light, clear)
