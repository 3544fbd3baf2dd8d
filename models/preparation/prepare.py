"""One clip, from its files to everything that a system here reads."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from kernels.expression_cloud import ExpressionCloud
from kernels.face_regions import face_mask
from kernels.inputs.dense_cloud import dense_cloud
from kernels.inputs.face_areas import cut_box, part_box, patches_at, unit_box
from kernels.inputs.series import FlowSeries, eulerian, rate_of_ten, ten_frames
from kernels.inputs.small_flow import small_flow
from kernels.rigid import TooLittleSkin
from models.datasets.clip import AnnotatedClip
from models.labels import ACTION_UNITS
from models.preparation.alignment import Aligner
from models.preparation.depth_camera import with_depth_change
from models.preparation.frames import ClipUnusable, read_frames
from models.preparation.marks import Found, MarkFinder
from models.preparation.predicted_units import predict_units
from models.preparation.settings import PrepareSettings
from models.preparation.timing import timed

MEASURED_SIZE = 256
"""Height and width of the crops in which motion is measured, px: the same as live."""
SMALL = 32  # px, of eye and mouth crops (Reddy et al., 2019)


class Prepared(NamedTuple):
    """A clip's arrays by the names of docs/training.md, and how its marks came about."""

    arrays: dict[str, NDArray[Any]]
    marks: Found
    rate: float


class Preparer:
    """Prepares clips one after the other; owns a face mesh and the flow's buffers.

    Args:
        settings: what is made.
    """

    def __init__(self, settings: PrepareSettings) -> None:
        self.settings = settings
        self._aligner = Aligner(MEASURED_SIZE, settings.face_share)
        self._marks = MarkFinder(MEASURED_SIZE)
        self._cloud = ExpressionCloud(MEASURED_SIZE)
        self._series = FlowSeries(settings.size)

    def prepare(self, clip: AnnotatedClip) -> Prepared:
        """Everything about one clip.

        Raises:
            ClipUnusable: it cannot be read, shows no face, or nothing moves that could be measured.
        """
        read = read_frames(clip)
        aligned = self._aligner.align(read.images)
        grey = np.stack([cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY) for crop in aligned.crops])
        found = self._marks.find(grey, aligned.mesh, read.rate, read.apex, read.onset_marked)
        if not found.onset < found.apex <= found.offset:
            raise ClipUnusable("onset, apex and offset do not follow each other")
        span = slice(found.onset, found.offset + 1)
        depth = [clip.depth[(clip.onset or 0) + at * read.stride] for at in found[:2]] if clip.depth else []
        arrays = self._measured(depth, grey, aligned.mesh, found)
        arrays |= self._pictures(aligned.crops[span], aligned.mesh, read.rate, arrays["predicted_units"])
        arrays |= self._flows(grey[span], found.apex - found.onset, aligned.mesh, read.rate)
        arrays["units"] = unit_targets(clip.action_units)
        return Prepared(arrays, found, read.rate)

    def _measured(
        self, depth: list[Path], grey: NDArray[np.uint8], mesh: NDArray[np.float32], found: Found
    ) -> dict[str, NDArray[Any]]:
        width = float(np.linalg.norm(mesh[454] - mesh[234]))
        try:
            measured = self._cloud.measure(grey[found.onset], grey[found.apex], mesh, width)
        except TooLittleSkin as error:
            raise ClipUnusable(str(error)) from None
        small = small_flow(measured, mesh)
        dense = dense_cloud(measured, mesh, width, self.settings.dense_points)
        if depth:
            before, after = (self._depth(str(file)) for file in depth)
            dense = with_depth_change(dense, before, after, mesh, width)
        return {
            "frame_landmarks": (mesh / MEASURED_SIZE).astype(np.float32),
            "landmarks": small.landmarks,
            "flow": small.flow,
            "flow_onset_apex": measured.residual.astype(np.float16),
            "clouds": measured.cloud.astype(np.float32),
            "dense_clouds": dense.astype(np.float16),
            "predicted_units": predict_units(measured.cloud),
        }

    def _depth(self, file: str) -> NDArray[np.float32]:
        image = cv2.imread(file, cv2.IMREAD_UNCHANGED)
        if image is None or image.ndim != 2:
            raise ClipUnusable(f"{file} is no depth image of one channel")
        return self._aligner.cut_like_last(image.astype(np.float32))

    def _pictures(
        self, crops: NDArray[np.uint8], mesh: NDArray[np.float32], rate: float, predicted: NDArray[np.float32]
    ) -> dict[str, NDArray[Any]]:
        size = self.settings.size
        small = np.stack([cv2.resize(crop, (size, size), interpolation=cv2.INTER_AREA) for crop in crops])
        frames = timed(small, self.settings, rate)
        oval = face_mask(mesh, MEASURED_SIZE, MEASURED_SIZE).astype(np.float32)
        landmarks = mesh / MEASURED_SIZE
        names = [name for name, chance in zip(ACTION_UNITS, predicted, strict=True) if chance >= 0.5]
        return {
            "frames": frames,
            "oval": (cv2.resize(oval, (size, size), interpolation=cv2.INTER_AREA) >= 0.5).astype(np.uint8),
            "eyes": _grey_box(frames, part_box("eyes", landmarks)),
            "mouth": _grey_box(frames, part_box("mouth", landmarks)),
            "unit_region": _resized(cut_box(frames, unit_box(names, landmarks)), size),
        }

    def _flows(
        self, grey: NDArray[np.uint8], apex: int, mesh: NDArray[np.float32], rate: float
    ) -> dict[str, NDArray[Any]]:
        size = self.settings.size
        ten = ten_frames(grey, apex)
        small = np.stack([cv2.resize(frame, (size, size), interpolation=cv2.INTER_AREA) for frame in ten])
        magnified = eulerian(small, rate_of_ten(len(grey), rate), self.settings.alpha)
        consecutive = self._series.consecutive(magnified)
        return {
            "flow_consecutive": consecutive.astype(np.float16),
            "flow_cumulative": self._series.cumulative(magnified).astype(np.float16),
            "patches": patches_at(consecutive, mesh / MEASURED_SIZE).astype(np.float16),
        }


def unit_targets(codes: str) -> NDArray[np.int8]:
    """Which of `models.labels.ACTION_UNITS` a sheet's codes name, either side; int8 (17,), all -1 for no codes."""
    numbers = {f"AU{number}" for number in re.findall(r"\d+", codes)}
    if not numbers:
        return np.full(len(ACTION_UNITS), -1, np.int8)
    return np.array([name in numbers for name in ACTION_UNITS], np.int8)


def _resized(clip: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    return np.stack([cv2.resize(frame, (size, size), interpolation=cv2.INTER_AREA) for frame in clip])


def _grey_box(frames: NDArray[np.uint8], box: tuple[float, float, float, float]) -> NDArray[np.uint8]:
    cut = cut_box(frames, box)
    return np.stack([cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in _resized(cut, SMALL)])
