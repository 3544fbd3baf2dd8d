"""How far each region of the face has moved since it was neutral, head motion taken out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kernels.face_regions import MOTION_REGIONS, depth_map, region_labels, stable_skin
from kernels.flow import FlowEstimator
from kernels.region_motion import region_motion
from kernels.rigid import RigidMotion
from realtime.crop import CROP_SIZE, Similarity, carry
from realtime.messages import FaceTracked

REFERENCE_WIDTH = 224.0
"""Motions are given in pixels of a face this wide, whatever its size in the picture."""

_FAR = 2.2  # px in the crop, mean over all pixels: flow from a reference further away than this loses precision


@dataclass(frozen=True)
class FaceMotion:
    """Motion of one frame against the neutral face."""

    regions: NDArray[np.float64]  # (regions, 2) px at 224 px face width
    noise: float  # RMS of what is left on still skin, same unit
    head: NDArray[np.float64]  # (6,) path of the head: right, down, same unit; growth; roll, yaw, pitch, rad
    far: bool  # the head has moved so far from the reference that it should be renewed


class MotionMeter:
    """Measures against a reference crop, and carries positions over when the reference is renewed.

    Cumulative flow from a reference is far steadier than flow from frame to frame, whose errors add up; so the
    reference is kept as long as the pose allows.

    Args:
        remove_head: take the head's own motion out (False for ablation).
    """

    def __init__(self, remove_head: bool = True) -> None:
        self._remove_head = remove_head
        self._flow = FlowEstimator(CROP_SIZE, CROP_SIZE, preset="tracking")
        self._rigid = RigidMotion(CROP_SIZE, CROP_SIZE)
        self._reference: NDArray[np.uint8] | None = None
        self._reference_similarity: Similarity = np.eye(2, 3)
        self._crop: NDArray[np.uint8] | None = None
        self._similarity: Similarity = np.eye(2, 3)
        self._epoch = -1
        self._carried = np.zeros((len(MOTION_REGIONS), 2))
        self._position = np.zeros((len(MOTION_REGIONS), 2))
        self._head = np.zeros(6)
        self._pose: NDArray[np.float64] | None = None

    def warm(self) -> None:
        """Compile what must be compiled before the first frame comes."""
        self._flow.warm()

    def forget(self) -> None:
        """Take the next frame as reference, at position zero."""
        self._reference = None
        self._carried[:] = 0

    def renew(self) -> None:
        """Take the last frame as the new reference; positions go on from where they are."""
        if self._crop is not None:
            self._set_reference(self._crop)
            self._carried = self._position.copy()

    def measure(self, tracked: FaceTracked, crop: NDArray[np.uint8]) -> FaceMotion:
        """Measure one frame.

        Args:
            tracked: where the face is.
            crop: grey uint8 (256, 256).
        """
        similarity = np.array(tracked.crop_from_frame).reshape(2, 3)
        if tracked.crop_epoch != self._epoch or self._reference is None:
            self._move(tracked, similarity)
        self._crop = crop
        if self._reference is None:
            self._set_reference(crop)
            self._position = self._carried.copy()
            return FaceMotion(self._position, 0.0, self._head, far=False)
        flow = self._flow.to(crop)
        fit = self._rigid.remove(flow, self._depth, self._stable)
        scale = REFERENCE_WIDTH / tracked.face_width
        moved = region_motion(fit.residual if self._remove_head else flow, self._labels, len(MOTION_REGIONS)) * scale
        self._position = self._carried + moved
        self._follow_head(fit.motion, scale)
        return FaceMotion(self._position, fit.noise * scale, self._head, far=bool(np.abs(flow).mean() > _FAR))

    def _follow_head(self, pose: NDArray[np.float64], scale: float) -> None:
        """Add up what the head did since the last frame; where the crop moved, one step of the path is not known."""
        if self._pose is not None:
            self._head = self._head + (pose - self._pose) * (scale, scale, 1, 1, 1, 1)
        self._pose = pose

    def _move(self, tracked: FaceTracked, similarity: Similarity) -> None:
        """The crop has moved: bring the reference and the maps along."""
        if self._reference is not None:
            # Always from the crop as it was cut: carried again and again it would blur.
            self._flow.set_reference(carry(self._reference, self._reference_similarity, similarity))
            self._pose = None
        self._similarity, self._epoch = similarity, tracked.crop_epoch
        mesh = tracked.mesh()
        self._labels = region_labels(mesh, CROP_SIZE, CROP_SIZE, regions="motion")
        self._depth = depth_map(mesh, CROP_SIZE, CROP_SIZE)
        self._stable = stable_skin(mesh, CROP_SIZE, CROP_SIZE)

    def _set_reference(self, crop: NDArray[np.uint8]) -> None:
        self._reference, self._reference_similarity = crop.copy(), self._similarity
        self._flow.set_reference(self._reference)
        self._pose = np.zeros(6)
