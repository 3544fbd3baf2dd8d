"""What lies between a face and its crop: light that changes, sensor noise, blur, small pictures and compression."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray


class CaptureSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How bad cameras are."""

    noise: float = 3.0  # median standard deviation of the sensor's noise, grey levels
    flicker: float = 4.0  # change of light between two frames, grey levels
    smallest: float = 0.4  # the face in the camera's frame may be this much smaller than in the crop
    compressed: float = 0.6  # share of compressed videos


class Camera(NamedTuple):
    """One camera's faults, the same for all frames of an event."""

    noise: float
    flicker: float
    shrink: float
    blur: float
    quality: int  # JPEG, 0 for none


def draw_camera(settings: CaptureSettings, random: np.random.Generator) -> Camera:
    """A camera, good or bad."""
    compressed = random.random() < settings.compressed
    return Camera(
        noise=float(settings.noise * np.exp(random.normal(0, 0.6))),
        flicker=float(abs(random.normal(0, settings.flicker))),
        shrink=float(random.uniform(settings.smallest, 1.0)) if random.random() < 0.5 else 1.0,
        blur=float(random.uniform(0, 0.8)),
        quality=int(random.integers(35, 95)) if compressed else 0,
    )


def photograph(frame: NDArray[np.uint8], camera: Camera, random: np.random.Generator) -> NDArray[np.uint8]:
    """A rendered RGB frame (H, W, 3) as a grey crop (H, W) from this camera."""
    height, width = frame.shape[:2]
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(np.float32)
    blur = camera.blur * random.uniform(0.6, 1.4)
    if blur > 0.25:
        grey = cv2.GaussianBlur(grey, (0, 0), blur)
    columns, rows = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
    offset, across, down = random.normal(0, camera.flicker, 3)
    grey = grey * (1 + random.normal(0, camera.flicker / 128)) + offset + across * columns + down * rows
    if camera.shrink < 1:
        size = (round(width * camera.shrink), round(height * camera.shrink))
        grey = cv2.resize(grey.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    grey = grey + random.normal(0, camera.noise, grey.shape)
    small = np.clip(grey, 0, 255).astype(np.uint8)
    if camera.quality:
        _, code = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, camera.quality])
        small = np.asarray(cv2.imdecode(code, cv2.IMREAD_GRAYSCALE), np.uint8)
    if camera.shrink < 1:
        small = np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
    return np.asarray(small, np.uint8)
