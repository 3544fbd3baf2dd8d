"""What was measured in every frame, written down as it comes: one CSV row per frame, for `export --format openface`."""

from __future__ import annotations

import csv
from pathlib import Path

from realtime.failures import UserFacingError
from realtime.mesh_regions import mesh_regions
from realtime.messages import FaceTracked, FrameCaptured, MotionMeasured
from realtime.parcel import Parcel

REGION_COLUMNS = tuple(f"motion_{name}" for name in mesh_regions())
"""Motion of each region from its neutral place, px at 224 px face width."""
MEASURED = ("least_motion", "eyes_open", "event_open")
FACE_COLUMNS = ("face_width", "sharpness", "head_yaw", "head_pitch", "head_roll")
COLUMNS = ("frame", "face_id", "timestamp", "confidence", "success", *FACE_COLUMNS, *MEASURED, *REGION_COLUMNS)
"""In the file's order; see docs/exports.md."""


class FramesFile:
    """A sink. A frame without a face has a row too, with `success` 0 and nothing measured.

    Args:
        path: CSV file to write; an older one is replaced.

    Raises:
        UserFacingError: it cannot be written; so do `take` and `close`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._row: dict[str, float | int] = {}
        try:
            self._file = path.open("w", newline="", encoding="utf-8")
            self._writer = csv.DictWriter(self._file, COLUMNS, restval="")
            self._writer.writeheader()
        except OSError as error:
            raise UserFacingError(f"{path}: cannot be written: {error.strerror}") from None

    def take(self, parcel: Parcel) -> None:
        """Take in one message; a row is written when the next frame comes."""
        message = parcel.message
        if isinstance(message, FrameCaptured):
            self._begin(message.sequence, message.presentation_s)
            self._row |= {"confidence": 0, "success": 0}
        elif isinstance(message, FaceTracked):
            self._begin(message.sequence, message.presentation_s)
            self._row |= _face(message)
        elif isinstance(message, MotionMeasured) and self._row.get("frame") == message.sequence + 1:
            self._row |= _motion(message)

    def close(self) -> None:
        """Write the last row and finish. A second call does nothing."""
        if self._file.closed:
            return
        try:
            self._flush()
        finally:
            self._finish()

    def _finish(self) -> None:
        try:
            self._file.close()
        except OSError as error:
            raise self._full(error) from None

    def _full(self, error: OSError) -> UserFacingError:
        return UserFacingError(f"{self._path}: cannot be written: {error.strerror}; make room")

    def _begin(self, sequence: int, presentation_s: float) -> None:
        self._flush()
        # Frames count from 1 here, as in OpenFace's files.
        self._row = {"frame": sequence + 1, "face_id": 0, "timestamp": round(presentation_s, 4)}

    def _flush(self) -> None:
        if not self._row:
            return
        try:
            self._writer.writerow(self._row)
        except OSError as error:
            raise self._full(error) from None
        self._row = {}


def _face(tracked: FaceTracked) -> dict[str, float | int]:
    quality = tracked.quality
    return {
        "confidence": round(1 - min(max(quality.occluded, 0.0), 1.0), 3),
        "success": 0,  # until its motion is measured
        "face_width": round(quality.face_width, 1),
        "sharpness": round(quality.sharpness, 2),
        "head_yaw": round(quality.yaw, 2),
        "head_pitch": round(quality.pitch, 2),
        "head_roll": round(quality.roll, 2),
    }


def _motion(measured: MotionMeasured) -> dict[str, float | int]:
    found: dict[str, float | int] = {
        "success": 1,
        "least_motion": round(measured.noise, 4),
        "eyes_open": round(measured.eyes_open, 3),
        "event_open": int(measured.active),
    }
    motions = zip(REGION_COLUMNS, measured.motion, strict=True)
    return found | {name: round(motion, 4) for name, motion in motions}
