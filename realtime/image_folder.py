"""A folder of images as a video, in natural order of their names."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.source import Frame, SourceError

IMAGES = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp"})
"""Endings that are taken for images; other files in the folder are passed over."""


class ImageFolder:
    """A `Source`: `img2.jpg` comes before `img10.jpg`.

    Args:
        folder: holds images of one size.
        fps: rate at which they were taken, frames per second.

    Raises:
        SourceError: no image in it, or the first cannot be read.
    """

    def __init__(self, folder: Path, fps: float) -> None:
        if not fps > 0:
            raise SourceError(f"{folder}: a folder of images needs a frame rate above zero, not {fps:g}")
        self._files = images_in(folder)
        if not self._files:
            raise SourceError(f"{folder}: no image in this folder; it takes {', '.join(sorted(IMAGES))}")
        self.fps = fps
        self.height, self.width = read_image(self._files[0]).shape[:2]
        count = len(self._files)
        self.says = f"{folder.name}: {count} image{'s' * (count > 1)} of {self.width}x{self.height}, {fps:.6g} frames/s"

    def __iter__(self) -> Iterator[Frame]:
        for number, file in enumerate(self._files):
            image = read_image(file)
            if image.shape[:2] != (self.height, self.width):
                raise SourceError(
                    f"{file}: is {image.shape[1]}x{image.shape[0]}, the images before it {self.width}x{self.height}; "
                    "make them one size, or take it out of the folder"
                )
            time_s = number / self.fps
            yield Frame(image, round(time_s * 1e9), time.monotonic_ns(), time_s)

    def notes(self) -> list[str]:
        """Nothing: images have no stamps that could be wrong."""
        return []

    def close(self) -> None:
        """Nothing is held open."""


def images_in(folder: Path) -> list[Path]:
    """The images of a folder in natural order of their names."""
    return sorted((file for file in folder.iterdir() if file.suffix.lower() in IMAGES), key=_natural)


def _natural(file: Path) -> tuple[list[tuple[int, str]], str]:
    parts = re.split(r"(\d+)", file.name.lower())
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts], file.name


def read_image(file: Path) -> NDArray[np.uint8]:
    """RGB uint8 (height, width, 3).

    Raises:
        SourceError: it cannot be read as an image.
    """
    try:
        data = np.frombuffer(file.read_bytes(), np.uint8)
        image = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    except (OSError, cv2.error):
        image = None
    if image is None:
        raise SourceError(f"{file}: cannot be read as an image; repair it, or take it out of the folder")
    rgb: NDArray[np.uint8] = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
    return rgb
