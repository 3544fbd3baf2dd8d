"""Onset, apex and offset where nobody marked them, from the motion of the skin."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kernels.face_regions import depth_map, region_labels, stable_skin
from kernels.flow import FlowEstimator
from kernels.region_motion import region_motion
from kernels.rigid import RigidMotion

HALF_S = 0.2
"""Onset and offset lie this far from the apex where none is marked: micro-expressions rise in 0.1 to 0.3 s."""
LOOKS = 40
"""Frames that are looked at for an apex, evenly spaced."""
_BLINKERS = (4, 5)  # eyelids in MOTION_REGIONS: they would win every contest


class Found(NamedTuple):
    """Places in the clip."""

    onset: int
    apex: int
    offset: int
    how: str  # "annotated", or what was found


class MarkFinder:
    """Finds what was not marked; owns its flow.

    Args:
        size: of the grey crops, px.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._flow = FlowEstimator(size, size, "tracking")
        self._rigid = RigidMotion(size, size)

    def find(
        self,
        crops: NDArray[np.uint8],
        mesh: NDArray[np.float32],
        rate: float,
        apex: int | None,
        onset_marked: bool,
    ) -> Found:
        """Complete the marks of one clip.

        Args:
            crops: grey uint8 (T, size, size), from onset to offset, or a whole recording without marks.
            mesh: float32 (468, 3), px of the crops.
            rate: frames per second.
            apex: its place where it is marked.
            onset_marked: whether the clip begins at a marked onset; then only the apex may be missing.
        """
        last = len(crops) - 1
        if onset_marked and apex is not None:
            return Found(0, apex, last, "annotated")
        if onset_marked:
            return Found(0, self._peak(crops, mesh, 0), last, "apex found")
        half = max(round(HALF_S * rate), 1)
        if last <= 5 * half:
            return Found(0, self._peak(crops, mesh, 0) if apex is None else apex, last, "whole clip, apex found")
        peak = self._peak(crops, mesh, half)
        return Found(max(peak - half, 0), peak, min(peak + half, last), "all found")

    def _peak(self, crops: NDArray[np.uint8], mesh: NDArray[np.float32], back: int) -> int:
        """Where regions move most against the first frame, or against both frames `back` before and after.

        Both, for the end of an expression differs from its apex as much as the apex from the onset.
        """
        labels = region_labels(mesh, self.size, self.size)
        depth, stable = depth_map(mesh, self.size, self.size), stable_skin(mesh, self.size, self.size)
        regions = int(labels.max()) + 1
        best, at = -1.0, max(len(crops) // 2, 1)
        for place in np.unique(np.linspace(1, len(crops) - 1, LOOKS).astype(int)).tolist():
            others = (max(place - back, 0), min(place + back, len(crops) - 1)) if back else (0,)
            strengths = []
            for other in others:
                flow = self._flow.estimate(crops[other], crops[place])
                moved = np.linalg.norm(
                    region_motion(self._rigid.remove(flow, depth, stable).residual, labels, regions), axis=1
                )
                moved[list(_BLINKERS)] = 0
                strengths.append(float(np.sort(moved)[-3:].mean()))
            strength = min(strengths)
            if strength > best:
                best, at = strength, place
        return at
