"""`--view window`: the live picture with what is found drawn over it, on this machine's own display."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import cv2
import matplotlib
import numpy as np
from numpy.typing import NDArray

from realtime.crop import CROP_SIZE, cut
from realtime.failures import UserFacingError
from realtime.frame_view import FrameView
from realtime.lettering import darken, lay, written
from realtime.live_view import LiveView
from realtime.messages import FaceTracked, FrameCaptured
from realtime.overlay import Overlay
from realtime.parcel import Parcel
from realtime.wishes import Wishes

_CROP_ZOOM = 2
_PROBE = "import cv2; cv2.namedWindow('Glimpse'); cv2.waitKey(1)"
_PROBE_S = 20.0


class Window:
    """A sink. Keys: q quits, space pauses, r takes the face as it is for neutral, c shows the aligned face.

    Args:
        title: of the window.
        wishes: where q and r go. Without it q only closes the window.
        can_reset: somebody answers to `reset`; else r is not offered.

    Raises:
        UserFacingError: there is no display that a window could be opened on.
    """

    def __init__(self, title: str, wishes: Wishes | None = None, *, can_reset: bool = False) -> None:
        check_display()
        self.closed = False
        self.paused = False
        self.shows_crop = False
        self._title = f"Glimpse: {title}"
        self._wishes = wishes
        self._can_reset = can_reset and wishes is not None
        self._live = LiveView()
        self._overlays: dict[tuple[int, int], Overlay] = {}
        self._opened = False
        self._shown: NDArray[np.uint8] | None = None

    def take(self, parcel: Parcel) -> None:
        """Take in a message; show its frame when it is about one."""
        if self.closed:
            return
        message = parcel.message
        self._live.hear(message)
        if isinstance(message, FaceTracked | FrameCaptured) and parcel.pixels is not None:
            if not self.paused:
                self._shown = self._picture(message, parcel.pixels)
                self._show()
            self._answer(cv2.waitKey(1) & 0xFF)

    def close(self) -> None:
        """Close the window. A second call does nothing."""
        if self._opened and not self.closed:
            cv2.destroyWindow(self._title)
            cv2.waitKey(1)
        self.closed = True

    def _picture(self, message: FaceTracked | FrameCaptured, frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
        view = self._live.of(message)
        if self.shows_crop and isinstance(message, FaceTracked):
            image = _enlarged_crop(message, frame)
            view.face = message.mesh()[:, :2] * np.float32(_CROP_ZOOM)
        else:
            image = np.array(frame)
        self._draw(image, view)
        return image

    def _draw(self, image: NDArray[np.uint8], view: FrameView) -> None:
        height, width = image.shape[:2]
        overlay = self._overlays.get((width, height))
        if overlay is None:
            overlay = self._overlays[width, height] = Overlay(width, height)
        overlay.draw(image, view)
        keys = written(self._keys(), round(11 * overlay.scale), (215, 222, 225), False, False)
        inset = overlay.border + 3
        darken(image, inset, height - keys.height - inset, keys.width + 8, keys.height)
        lay(image, keys, inset + 4, height - keys.height - inset)

    def _keys(self) -> str:
        keys = ["q quit", "space pause", *(["r reset neutral"] if self._can_reset else [])]
        return "   ".join([*keys, "c camera view" if self.shows_crop else "c crop view"])

    def _show(self) -> None:
        assert self._shown is not None
        if not self._opened:
            cv2.namedWindow(self._title, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL)
            cv2.resizeWindow(self._title, self._shown.shape[1], self._shown.shape[0])
            self._opened = True
        cv2.imshow(self._title, cv2.cvtColor(self._shown, cv2.COLOR_RGB2BGR))

    def _answer(self, key: int) -> None:
        shut = self._opened and cv2.getWindowProperty(self._title, cv2.WND_PROP_VISIBLE) < 1
        if key == ord("q") or shut:
            if self._wishes is not None:
                self._wishes.ask("quit")
            if not shut:
                self.close()
            self.closed = True
        elif key == ord(" "):
            self._pause()
        elif key == ord("c"):
            self.shows_crop = not self.shows_crop
        elif key == ord("r") and self._can_reset and self._wishes is not None:
            self._wishes.ask("reset")

    def _pause(self) -> None:
        """The picture stands still; the run goes on, and nothing is missed."""
        self.paused = not self.paused
        if self.paused and self._shown is not None:
            says = written("paused: space goes on", 18, bold=True)
            x, y = (self._shown.shape[1] - says.width) // 2, (self._shown.shape[0] - says.height) // 2
            darken(self._shown, x - 10, y - 6, says.width + 20, says.height + 12)
            lay(self._shown, says, x, y)
            self._show()


def check_display() -> None:
    """Find out whether a window can be opened, in a process that may die of it: Qt aborts where it finds no display.

    Raises:
        UserFacingError: none can.
    """
    # OpenCV's Qt looks for fonts in a folder that its wheel does not have, and complains for every frame.
    os.environ.setdefault("QT_QPA_FONTDIR", str(Path(matplotlib.get_data_path()) / "fonts" / "ttf"))
    advice = "run it where there is a screen, or with --view none"
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise UserFacingError(f"--view window: this machine has no display; {advice}")
    try:
        done = subprocess.run([sys.executable, "-c", _PROBE], capture_output=True, timeout=_PROBE_S, check=False)
    except subprocess.TimeoutExpired:
        raise UserFacingError(f"--view window: the display does not answer; {advice}") from None
    if done.returncode != 0:
        where = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or "of this system"
        raise UserFacingError(f"--view window: no window can be opened on the display {where}; {advice}")


def _enlarged_crop(message: FaceTracked, frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    crop = cut(frame, np.array(message.crop_from_frame).reshape(2, 3))
    size = CROP_SIZE * _CROP_ZOOM
    large = cv2.resize(crop, (size, size), interpolation=cv2.INTER_CUBIC)
    rgb: NDArray[np.uint8] = cv2.cvtColor(large, cv2.COLOR_GRAY2RGB)
    return rgb
