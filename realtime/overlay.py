"""Everything Glimpse draws on a frame, for the annotated video and the window alike."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from realtime.caption import KIND_COLOURS, caption
from realtime.face_drawing import FaceDrawing
from realtime.frame_view import FrameView
from realtime.lettering import WHITE, Colour, Sprite, darken, in_a_row, lay, written
from realtime.messages import ExpressionRecognised, Kind
from realtime.motion_bars import MotionBars

_DESIGNED_FOR = 480  # px: height of the picture at which scale is 1
_LEAST_SCALE = 0.75  # smaller letters cannot be read
_LARGEST_PANEL = 0.62  # share of the picture that the bars may cover, each way
_OPEN: Colour = (235, 235, 235)
_DISCREET: Colour = (215, 222, 225)


class Overlay:
    """Draws views on frames of one size.

    Args:
        width, height: of the frames, px.
    """

    def __init__(self, width: int, height: int) -> None:
        self.scale = max(_LEAST_SCALE, min(height, width * 0.75) / _DESIGNED_FOR)
        self.border = max(4, round(7 * self.scale))
        self._width, self._height = width, height
        self._face = FaceDrawing()
        self._bars = MotionBars(self.scale)
        self._bars_fit = self._bars.width < _LARGEST_PANEL * width and self._bars.height < _LARGEST_PANEL * height
        self._bars_on_the_right: bool | None = None
        self._dashes = _dashes(width, height, self.border)
        self._caption = lru_cache(maxsize=4)(lambda number: caption(self._captioned[number], self.scale))
        self._captioned: dict[int, ExpressionRecognised] = {}

    def draw(self, image: NDArray[np.uint8], view: FrameView) -> None:
        """Draw in place.

        Args:
            image: RGB uint8 (height, width, 3), contiguous.
            view: what is known about this frame.
        """
        if view.face is not None:
            self._face.draw(image, view.face, view.motion, view.least)
            self._draw_bars(image, view)
        self._draw_events(image, view)
        if view.absent:
            self._tell(image, "no face", "" if view.absent.startswith("no face") else view.absent)
        self._sign(image, view)

    def _draw_bars(self, image: NDArray[np.uint8], view: FrameView) -> None:
        if not view.motion or not self._bars_fit or view.face is None:
            return
        if self._bars_on_the_right is None:
            # Where there is more room when a face is first seen, and then for good: a panel that jumps is illegible.
            self._bars_on_the_right = bool(view.face[:, 0].mean() < self._width / 2)
        inset = self.border + self._px(4)
        x = self._width - self._bars.width - inset if self._bars_on_the_right else inset
        self._bars.draw(image, x, inset, view.motion, view.least)

    def _draw_events(self, image: NDArray[np.uint8], view: FrameView) -> None:
        inside = [event for event in view.events if event.onset_frame <= view.sequence <= event.offset_frame]
        if inside:
            event = inside[-1]
            self._draw_border(image, event.kind, at_apex=view.sequence == event.apex_frame)
            self._tell(image, f"{event.kind}-expression", _phase(event, view.sequence), KIND_COLOURS[event.kind])
        elif view.open_since_s is not None:
            self._draw_border(image, None)
            self._tell(image, "something moves", f"{1000 * (view.time_s - view.open_since_s):.0f} ms", _OPEN)
        # Of two expressions in a row, nothing is said of the first while the second rises.
        judged = [event for event in inside[-1:] or view.events if event.apex_frame <= view.sequence]
        if judged:
            event = judged[-1]
            self._captioned = {event.event: event}
            sheet: Sprite = self._caption(event.event)
            below = self._height - sheet.height - self.border - self._px(24)
            lay(image, sheet, (self._width - sheet.width) // 2, below)

    def _draw_border(self, image: NDArray[np.uint8], kind: Kind | None, *, at_apex: bool = False) -> None:
        """Solid for micro, double at its apex; dashed for macro; thin while it is not judged."""
        colour = _OPEN if kind is None else KIND_COLOURS[kind]
        if kind == "macro":
            image.reshape(-1, 3)[self._dashes] = colour
            return
        thick = self.border // 2 if kind is None else self.border
        _frame(image, 0, thick, colour)
        if at_apex:
            _frame(image, thick + self._px(3), max(2, self._px(2)), colour)

    def _tell(self, image: NDArray[np.uint8], what: str, more: str, colour: Colour = WHITE) -> None:
        """A line at the top."""
        title, rest = written(what, self._px(15), colour, bold=True), written(more, self._px(12))
        gap, pad = self._px(8) if more else 0, self._px(8)
        width = title.width + (rest.width + gap if more else 0)
        x, y = (self._width - width) // 2, self.border + self._px(6)
        beside = self._bars.width + self.border + self._px(8) + pad
        if self._bars_fit and self._bars_on_the_right is not None:
            x = min(x, self._width - beside - width) if self._bars_on_the_right else max(x, beside)
        darken(image, x - pad, y - 2, width + 2 * pad, title.height + 4)
        lay(image, title, x, y)
        if more:
            lay(image, rest, x + title.width + gap, y + (title.height - rest.height) // 2 + 1)

    def _sign(self, image: NDArray[np.uint8], view: FrameView) -> None:
        """Name, time and frame number in the lower right corner."""
        size = self._px(11)
        minutes, seconds = divmod(view.time_s, 60)
        # Letter by letter, since the same few digits come again on every frame.
        text = f"{minutes:.0f}:{seconds:06.3f}  #{view.sequence}"
        name = written("Glimpse", size, WHITE, True, False)
        when = in_a_row([written(letter, size, _DISCREET, False, False) for letter in text])
        gap, pad = self._px(6), self._px(4)
        width, height = name.width + gap + when.width, name.height
        x, y = self._width - width - pad - self.border - self._px(3), self._height - height - self.border - self._px(3)
        darken(image, x - pad, y, width + 2 * pad, height)
        lay(image, name, x, y)
        lay(image, when, x + name.width + gap, y)

    def _px(self, units: float) -> int:
        return round(units * self.scale)


def _phase(event: ExpressionRecognised, sequence: int) -> str:
    if sequence == event.apex_frame:
        return "apex"
    if sequence in (event.onset_frame, event.offset_frame):
        return "onset" if sequence == event.onset_frame else "offset"
    return "rising" if sequence < event.apex_frame else "falling"


def _frame(image: NDArray[np.uint8], inset: int, thick: int, colour: Colour) -> None:
    height, width = image.shape[:2]
    inner = np.s_[inset : height - inset, inset : width - inset]
    part = image[inner]
    part[:thick] = part[-thick:] = colour
    part[:, :thick] = part[:, -thick:] = colour


def _dashes(width: int, height: int, thick: int) -> NDArray[np.intp]:
    """Flat pixel numbers of a dashed frame, dashes four times as long as thick."""
    y, x = np.mgrid[:height, :width]
    along_x, along_y = (x // (4 * thick)) % 2 == 0, (y // (4 * thick)) % 2 == 0
    rows, columns = (y < thick) | (y >= height - thick), (x < thick) | (x >= width - thick)
    return np.flatnonzero((rows & along_x) | (columns & along_y))
