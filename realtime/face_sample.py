"""What is known about a face in one frame, as numbers: all that a decision about expressions rests on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kernels.face_regions import MOTION_REGIONS
from realtime.blink import eye_opening
from realtime.messages import FaceTracked
from realtime.motion_meter import MotionMeter

_INNER_LIPS = ((81, 178), (13, 14), (311, 402))  # upper and lower, on the 468-vertex mesh
_MOUTH_CORNERS = (61, 291)
_CALM_S = 0.25
_CALM = 0.35  # px at 224 px face width, net motion of a region within `_CALM_S`: more and something is under way


@dataclass(frozen=True)
class FaceSample:
    """One frame. Lengths in px at 224 px face width."""

    time_s: float  # source clock
    regions: NDArray[np.float64]  # (regions, 2) position, head motion taken out
    residual: float  # what is left of the head's motion on still skin, RMS
    head: NDArray[np.float64]  # (6,) path of the head: right, down, px; growth; roll, yaw, pitch, rad
    eyes: float  # eye aspect ratio of the mesh, mean of both
    mouth: float  # inner lips' gap over the mouth's width
    light: float  # mean grey level of the crop
    occluded: float  # 0 to 1, see `Quality`


def mouth_opening(mesh: NDArray[np.float32]) -> float:
    """Gap between the inner lips over the width of the mouth, of a (468, 3) mesh."""
    upper, lower = np.array(_INNER_LIPS).T
    gap = np.linalg.norm(mesh[upper, :2] - mesh[lower, :2], axis=1).mean()
    return float(gap / max(float(np.linalg.norm(mesh[_MOUTH_CORNERS[0], :2] - mesh[_MOUTH_CORNERS[1], :2])), 1e-6))


class SampleMeter:
    """Turns tracked faces into samples, and decides by itself when the neutral reference is renewed.

    Renewal rests on the measurement alone, not on what is believed to be an expression: the same frames give the same
    samples whatever judges them, live, in a replay, or from a stored trace.

    Args:
        renewal_s: a reference older than this is renewed at the next calm moment.
        remove_head: take the head's own motion out (False for ablation).
    """

    def __init__(self, renewal_s: float, remove_head: bool = True) -> None:
        self.renewal_s = renewal_s
        self._meter = MotionMeter(remove_head)
        self._renewed_s = 0.0
        self._recent: list[tuple[float, NDArray[np.float64]]] = []

    def warm(self) -> None:
        """Compile what must be compiled before the first frame comes."""
        self._meter.warm()

    def forget(self) -> None:
        """Take the next frame as reference."""
        self._meter.forget()
        self._recent.clear()

    def measure(self, tracked: FaceTracked, crop: NDArray[np.uint8]) -> FaceSample:
        """Measure one frame.

        Args:
            tracked: where the face is.
            crop: grey uint8 (256, 256).

        Raises:
            TooLittleSkin: the head's motion cannot be told.
        """
        time_s = tracked.captured_ns * 1e-9
        motion = self._meter.measure(tracked, crop)
        if not self._recent:
            self._renewed_s = time_s
        self._recent.append((time_s, motion.regions))
        while self._recent[0][0] < time_s - _CALM_S:
            del self._recent[0]
        if motion.far or (time_s - self._renewed_s > self.renewal_s and self._calm(motion.regions)):
            self._meter.renew()
            self._renewed_s = time_s
        mesh = tracked.mesh()
        light = float(crop[::4, ::4].mean())
        return FaceSample(
            time_s,
            motion.regions,
            motion.noise,
            motion.head,
            eye_opening(mesh),
            mouth_opening(mesh),
            light,
            tracked.quality.occluded,
        )

    def _calm(self, regions: NDArray[np.float64]) -> bool:
        assert len(MOTION_REGIONS) == len(regions)
        travel = np.sqrt(((regions - self._recent[0][1]) ** 2).sum(axis=1))
        return bool(travel.max() < _CALM)
