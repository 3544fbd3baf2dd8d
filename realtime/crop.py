"""A face crop that holds still: it moves only when the face has drifted, so it adds no motion of its own."""

from __future__ import annotations

from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

CROP_SIZE = 256
"""Width and height of the crop, px."""

Similarity: TypeAlias = NDArray[np.float64]
"""2x3 matrix that takes frame pixels to crop pixels."""

_LEFT_EDGE, _RIGHT_EDGE, _FOREHEAD, _CHIN = 234, 454, 10, 152


def face_width(mesh: NDArray[np.float32]) -> float:
    """Distance between the cheek edges of a (468, 3) mesh, in its own unit; yaw does not shrink it."""
    return float(np.linalg.norm(mesh[_RIGHT_EDGE] - mesh[_LEFT_EDGE]))


def upright(mesh: NDArray[np.float32], width_in_crop: float) -> Similarity:
    """The similarity that sets a face upright in the middle of the crop.

    Args:
        mesh: float32 (468, 3) in frame pixels.
        width_in_crop: face width to reach, px.
    """
    across = (mesh[_RIGHT_EDGE] - mesh[_LEFT_EDGE])[:2]
    angle = np.arctan2(across[1], across[0])
    scale = width_in_crop / max(face_width(mesh), 1e-6)
    centre = (mesh[_FOREHEAD, :2] + mesh[_CHIN, :2]) / 2
    cosine, sine = scale * np.cos(angle), scale * np.sin(angle)
    rotation = np.array([[cosine, sine], [-sine, cosine]])
    shift = CROP_SIZE / 2 - rotation @ centre
    return np.column_stack([rotation, shift])


def chain(second: Similarity, first: Similarity) -> Similarity:
    """The similarity that applies `first`, then `second`."""
    linear = second[:, :2] @ first[:, :2]
    return np.column_stack([linear, second[:, :2] @ first[:, 2] + second[:, 2]])


def invert(similarity: Similarity) -> Similarity:
    """Crop pixels back to frame pixels."""
    linear = np.linalg.inv(similarity[:, :2])
    return np.column_stack([linear, -linear @ similarity[:, 2]])


def move_points(similarity: Similarity, mesh: NDArray[np.float32]) -> NDArray[np.float32]:
    """A (468, 3) mesh carried through a similarity; depth scales along."""
    scale = np.sqrt(abs(np.linalg.det(similarity[:, :2])))
    moved = np.empty_like(mesh)
    moved[:, :2] = mesh[:, :2] @ similarity[:, :2].T + similarity[:, 2]
    moved[:, 2] = mesh[:, 2] * scale
    return moved


def cut(image: NDArray[np.uint8], similarity: Similarity) -> NDArray[np.uint8]:
    """Sample the crop from a frame.

    Args:
        image: RGB uint8 (height, width, 3).
        similarity: frame pixels to crop pixels.

    Returns:
        Grey uint8 (256, 256).
    """
    scale = np.sqrt(abs(np.linalg.det(similarity[:, :2])))
    # Below half size, linear sampling skips pixels and turns fine texture into noise: sample larger, then average.
    finer = 1 if scale > 0.6 else int(np.ceil(0.8 / scale))
    matrix, size = similarity * finer, CROP_SIZE * finer
    if finer > 1:
        matrix[:, 2] += (finer - 1) / 2
    colour = cv2.warpAffine(image, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    grey = cv2.cvtColor(colour, cv2.COLOR_RGB2GRAY)
    return cv2.resize(grey, (CROP_SIZE, CROP_SIZE), interpolation=cv2.INTER_AREA) if finer > 1 else grey


def carry(crop: NDArray[np.uint8], old: Similarity, new: Similarity) -> NDArray[np.uint8]:
    """A crop cut under one similarity as it would look under another, (256, 256)."""
    if np.array_equal(old, new):
        return crop
    matrix = chain(new, invert(old))
    return cv2.warpAffine(crop, matrix, (CROP_SIZE, CROP_SIZE), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


class SteadyCrop:
    """Follows the face with a smoothed similarity, and moves the crop in rare steps.

    Args:
        width_in_crop: face width inside the crop, px.
        drift: how far any corner of the face may stray before the crop moves, crop px.
        smoothing_s: time constant of the smoothing, seconds.
    """

    def __init__(self, width_in_crop: float, drift: float, smoothing_s: float) -> None:
        self.width_in_crop = width_in_crop
        self.drift = drift
        self.smoothing_s = smoothing_s
        self.epoch = 0
        self._smooth: Similarity | None = None
        self._held: Similarity | None = None
        self._last_ns = 0

    def forget(self) -> None:
        """Start afresh at the next face."""
        self._smooth = self._held = None

    def follow(self, mesh: NDArray[np.float32], time_ns: int) -> Similarity:
        """The similarity to cut this frame's crop with; `epoch` has grown where it differs from the last."""
        wanted = upright(mesh, self.width_in_crop)
        if self._smooth is None or self._held is None:
            self._smooth = self._held = wanted
            self.epoch += 1
        else:
            step = max(time_ns - self._last_ns, 0) * 1e-9
            weight = 1.0 if self.smoothing_s == 0 else 1 - np.exp(-step / self.smoothing_s)
            self._smooth = self._smooth + weight * (wanted - self._smooth)
            if self._strayed(mesh):
                self._held = self._smooth
                self.epoch += 1
        self._last_ns = time_ns
        return self._held

    def _strayed(self, mesh: NDArray[np.float32]) -> bool:
        assert self._smooth is not None and self._held is not None
        corners = mesh[[_LEFT_EDGE, _RIGHT_EDGE, _FOREHEAD, _CHIN], :2]
        difference = self._smooth - self._held
        return bool(np.abs(corners @ difference[:, :2].T + difference[:, 2]).max() > self.drift)
