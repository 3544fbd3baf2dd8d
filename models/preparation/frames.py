"""The frames of an annotated clip, from images or from a video."""

from __future__ import annotations

from typing import NamedTuple

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from models.datasets.clip import AnnotatedClip

LONGEST = 1000
"""Frames of one clip that are read; of longer folders every second, third ... frame; longer videos are refused."""


class ClipUnusable(ValueError):
    """A clip cannot be prepared; the message says why."""


class Frames(NamedTuple):
    """Frames from onset to offset, with the marks as places in them."""

    images: list[NDArray[np.uint8]]  # RGB
    rate: float  # frames per second
    apex: int | None
    onset_marked: bool
    stride: int = 1  # frames of the recording per frame here


def read_frames(clip: AnnotatedClip) -> Frames:
    """Read what lies between onset and offset; the whole clip where they are not marked.

    Raises:
        ClipUnusable: an unreadable file, or fewer than three frames.
    """
    first, last = clip.onset or 0, clip.offset
    stride = 1
    if clip.is_video:
        images, rate = _video(clip, first, last)
    else:
        files = clip.frames[first : None if last is None else last + 1]
        stride = max(-(-len(files) // LONGEST), 1)
        images, rate = [_image(str(file)) for file in files[::stride]], clip.fps / stride
    if len(images) < 3:
        raise ClipUnusable(f"only {len(images)} frames between onset and offset")
    if any(image.shape != images[0].shape for image in images):
        raise ClipUnusable("its frames differ in size")
    apex = None if clip.apex is None else min((clip.apex - first) // stride, len(images) - 1)
    return Frames(images, rate, apex if apex is None or apex > 0 else None, clip.onset is not None, stride)


def _image(file: str) -> NDArray[np.uint8]:
    image = cv2.imread(file, cv2.IMREAD_COLOR)
    if image is None:
        raise ClipUnusable(f"{file} cannot be read as an image")
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


def _video(clip: AnnotatedClip, first: int, last: int | None) -> tuple[list[NDArray[np.uint8]], float]:
    images = []
    try:
        with av.open(str(clip.frames[0])) as container:
            stream = container.streams.video[0]
            rate = float(stream.average_rate or clip.fps)
            for at, frame in enumerate(container.decode(stream)):
                if last is not None and at > last:
                    break
                if at >= first:
                    images.append(np.asarray(frame.to_ndarray(format="rgb24"), np.uint8))
                if len(images) > LONGEST:
                    raise ClipUnusable(f"more than {LONGEST} frames in one expression: mark onset and offset")
    except (av.error.FFmpegError, IndexError, OSError) as error:
        raise ClipUnusable(f"{clip.frames[0]} cannot be read as a video ({error})") from None
    return images, rate
