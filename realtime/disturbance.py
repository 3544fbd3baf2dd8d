"""Why a moment of somebody who shall look neutral does not count as rest."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kernels.face_regions import MOTION_REGIONS
from realtime.blink import eye_opening
from realtime.messages import FaceTracked
from realtime.motion_meter import FaceMotion

NARROWEST_FACE = 90.0
"""Faces narrower than this in the frame show too little to learn from, px."""

BLINKS = "the eyes blink or are closed"
MOVES = "the face moves"
HEAD = "the head moves"
NOBODY = "there is no face"
SEVERAL = "several faces are in the picture"
SMALL = "the face is too small"
DARK = "the face is too dark"
GLARE = "the face is overexposed"
ADVICE = {
    BLINKS: "blink before it begins, then look ahead",
    MOVES: "relax the face and do not speak",
    HEAD: "lean back and hold still",
    NOBODY: "sit before the camera, in light, and face it",
    SEVERAL: "be alone in the picture",
    SMALL: f"sit closer: at least {NARROWEST_FACE:.0f} px wide, better 200",
    DARK: "put a lamp in front, not behind",
    GLARE: "use less light, or lock the exposure",
}
"""What helps against each."""

_LOOK_BACK_S = 0.5
_MOST_TURN = 4.0  # degrees within the look-back
_MOST_SHIFT = 0.08  # face widths within the look-back
_MOST_UNREST = 1.0  # px at 224 px face width left on still skin: the fit cannot follow the head
_MOST_MOTION = 0.7  # px at 224 px face width from where the region was throughout the look-back
_MOST_NOISE = 6.0  # and this many times what the region trembles from frame to frame
_OPEN = 0.8  # share of the usual opening below which the lids are moving
_OPENINGS = 300  # frames from which the usual opening is taken
_DARKEST, _BRIGHTEST = 40.0, 225.0  # grey levels of the face
_FACE = np.array([not name.startswith("eyelid") for name in MOTION_REGIONS])


class _Moment(NamedTuple):
    time_s: float
    turn: NDArray[np.float64]  # (3,) degrees
    place: NDArray[np.float64]  # (2,) of the face in the frame, face widths
    position: NDArray[np.float64]  # (regions, 2) px at 224 px face width


class DisturbanceGuard:
    """Judges one frame after the other; memory is bounded."""

    def __init__(self) -> None:
        self._recent: deque[_Moment] = deque()
        self._openings: deque[float] = deque(maxlen=_OPENINGS)

    def forget(self) -> None:
        """The face was away: what was before says nothing any more."""
        self._recent.clear()

    def judge(self, tracked: FaceTracked, crop: NDArray[np.uint8], motion: FaceMotion) -> str:
        """What disturbs in this frame, empty when nothing does.

        Args:
            tracked: where the face is.
            crop: grey uint8 (256, 256).
            motion: of its regions.
        """
        self._remember(tracked, motion)
        opening = eye_opening(tracked.mesh())
        self._openings.append(opening)
        brightness = float(crop[64:192, 64:192].mean())
        reasons = (
            (tracked.quality.face_width < NARROWEST_FACE, SMALL),
            (brightness < _DARKEST, DARK),
            (brightness > _BRIGHTEST, GLARE),
            (motion.noise > _MOST_UNREST or self._head_moves(), HEAD),
            (opening < _OPEN * float(np.percentile(self._openings, 80)), BLINKS),
            (self._face_moves(), MOVES),
        )
        return next((reason for applies, reason in reasons if applies), "")

    def _remember(self, tracked: FaceTracked, motion: FaceMotion) -> None:
        quality = tracked.quality
        to_crop = np.array(tracked.crop_from_frame).reshape(2, 3)
        middle = np.linalg.solve(to_crop[:, :2], tracked.mesh()[:, :2].mean(axis=0) - to_crop[:, 2])
        turn = np.array([quality.yaw, quality.pitch, quality.roll])
        self._recent.append(_Moment(tracked.captured_ns * 1e-9, turn, middle / quality.face_width, motion.regions))
        while self._recent[0].time_s < self._recent[-1].time_s - _LOOK_BACK_S:
            self._recent.popleft()

    def _head_moves(self) -> bool:
        # Halves are compared, since the mesh of a single frame jitters; blinks tip it, so the median is taken.
        middle = len(self._recent) // 2
        if middle < 2:
            return False
        moments = list(self._recent)
        turns = np.array([moment.turn for moment in moments])
        spots = np.array([moment.place for moment in moments])
        turned = np.abs(np.median(turns[middle:], axis=0) - np.median(turns[:middle], axis=0)).max()
        shifted = np.linalg.norm(np.median(spots[middle:], axis=0) - np.median(spots[:middle], axis=0))
        # The halves lie half a look-back apart.
        return bool(2 * turned > _MOST_TURN or 2 * shifted > _MOST_SHIFT)

    def _face_moves(self) -> bool:
        if len(self._recent) < 3:
            return False
        positions = np.array([moment.position for moment in self._recent])[:, _FACE]
        tremble = np.median(np.abs(np.diff(positions, axis=0)), axis=(0, 2)) * 1.4826 / np.sqrt(2)
        away = np.linalg.norm(positions[-1] - np.median(positions, axis=0), axis=1)
        return bool((away > np.maximum(_MOST_MOTION, _MOST_NOISE * tremble)).any())
