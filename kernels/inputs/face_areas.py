"""Boxes and patches of the face that published systems cut out, on the 468-vertex mesh.

The papers give them on the 68 landmarks of dlib; the vertices here lie at the same places. "Left" and "right" are the
subject's; landmarks are fractions of the picture.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Box = tuple[float, float, float, float]
"""Left, top, right, bottom, fractions of the picture."""

BROWS = (70, 63, 105, 66, 107, 336, 296, 334, 293, 300)
"""dlib's 17 to 26: the subject's right brow from outside, then the left from inside."""
MOUTH = (
    *(61, 40, 37, 0, 267, 270, 291, 321, 314, 17, 84, 91),
    *(78, 81, 13, 311, 308, 402, 14, 178),
)
"""dlib's 48 to 67: outer lips from the right corner over the upper lip, then inner lips."""
_MIRRORED_BROWS = tuple(range(9, -1, -1))
_MIRRORED_MOUTH = (6, 5, 4, 3, 2, 1, 0, 11, 10, 9, 8, 7, 16, 15, 14, 13, 12, 19, 18, 17)
MIRRORED_PATCHES = (*_MIRRORED_BROWS, *(10 + index for index in _MIRRORED_MOUTH))

_RIGHT_EYE, _LEFT_EYE = (33, 133, 159, 145), (263, 362, 386, 374)
_RIGHT_CORNER, _LEFT_CORNER = (61,), (291,)
_EYES = (33, 133, 159, 145, 263, 362, 386, 374)
_CHEEKS = (50, 205, 207, 280, 425, 427, 129, 358, 116, 345)

_UNIT_PARTS: tuple[tuple[frozenset[str], tuple[int, ...]], ...] = (
    (frozenset({"AU4", "AU5", "AU7", "AU43"}), (*BROWS, *_EYES)),
    (frozenset({"AU10", "AU12", "AU14", "AU15", "AU17"}), (*MOUTH, 152, 200)),
    (frozenset({"AU1", "AU2"}), BROWS),
    (frozenset({"AU6", "AU9"}), _CHEEKS),
)
WHOLE: Box = (0.0, 0.0, 1.0, 1.0)


def unit_box(units: Iterable[str], landmarks: NDArray[np.floating[Any]]) -> Box:
    """Smallest box over the parts of all given action units, with a margin of a tenth; the whole face for others.

    Args:
        units: such as AU12.
        landmarks: (468, 3), fractions of the picture.
    """
    wanted = set(units)
    vertices = [vertex for names, part in _UNIT_PARTS if names & wanted for vertex in part]
    return _box(landmarks, vertices) if vertices else WHOLE


def part_box(part: Literal["eyes", "mouth"], landmarks: NDArray[np.floating[Any]]) -> Box:
    """Box of eyes and brows, or of the mouth."""
    return _box(landmarks, (*BROWS, *_EYES) if part == "eyes" else MOUTH)


def _box(landmarks: NDArray[np.floating[Any]], vertices: Iterable[int]) -> Box:
    points = landmarks[list(vertices), :2]
    low, high = points.min(axis=0), points.max(axis=0)
    margin = 0.1 * float((high - low).max())
    (left, top), (right, bottom) = np.clip(low - margin, 0, 1), np.clip(high + margin, 0, 1)
    return float(left), float(top), float(right), float(bottom)


def cut_box(clip: NDArray[Any], box: Box) -> NDArray[Any]:
    """The box of a clip (T, H, W) or (T, H, W, 3); at least four pixels each way."""
    height, width = clip.shape[1:3]
    left, top = min(int(box[0] * width), width - 4), min(int(box[1] * height), height - 4)
    right, bottom = max(round(box[2] * width), left + 4), max(round(box[3] * height), top + 4)
    return clip[:, top:bottom, left:right]


def four_areas(flow: NDArray[np.float32], landmarks: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Squares of half the picture around eyes and lip corners, set side by side (Wang et al., 2023).

    Args:
        flow: (N, C, H, W), H and W even.
        landmarks: (N, 468, 3), fractions of the picture.

    Returns:
        (N, C, H, W): upper left the eye on the picture's left (the subject's right), lower left that lip corner.
    """
    count, _, height, width = flow.shape
    out = np.empty_like(flow)
    tall, wide = height // 2, width // 2
    quadrants = ((0, 0, _RIGHT_EYE), (0, wide, _LEFT_EYE), (tall, 0, _RIGHT_CORNER), (tall, wide, _LEFT_CORNER))
    for n in range(count):
        for top, left, vertices in quadrants:
            x, y = landmarks[n, list(vertices), :2].mean(axis=0)
            from_left = int(np.clip(round(float(x) * width - wide / 2), 0, width - wide))
            from_top = int(np.clip(round(float(y) * height - tall / 2), 0, height - tall))
            out[n, :, top : top + tall, left : left + wide] = flow[
                n, :, from_top : from_top + tall, from_left : from_left + wide
            ]
    return out


def patches_at(flows: NDArray[np.float32], landmarks: NDArray[np.floating[Any]], size: int = 7) -> NDArray[np.float32]:
    """Flow around ten brow and twenty mouth landmarks.

    Args:
        flows: (F, H, W, 2), px.
        landmarks: (468, 3), fractions of the picture.
        size: height and width of a patch, px, odd.

    Returns:
        float32 (30, F, 2, size, size); beyond the picture its border is repeated.
    """
    count, height, width, _ = flows.shape
    reach = size // 2
    steps = np.arange(-reach, reach + 1)
    centre = np.round(landmarks[[*BROWS, *MOUTH], :2] * [width, height]).astype(int)
    columns = np.clip(centre[:, :1] + steps, 0, width - 1)
    rows = np.clip(centre[:, 1:] + steps, 0, height - 1)
    cut = flows[:, rows[:, :, None], columns[:, None, :]]  # (F, 30, size, size, 2)
    return np.ascontiguousarray(cut.transpose(1, 0, 4, 2, 3), np.float32).reshape(len(centre), count, 2, size, size)
