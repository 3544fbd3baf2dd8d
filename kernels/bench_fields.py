"""The flow protocol's truth: face crops, displacements like those of facial actions, and what a camera does to them.

Part of the benchmark, not of the kernels: it may use OpenCV, scikit-image and PyAV, where it needs them.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

SIZE = 224
MOVING = 0.25
"""A pixel moves where its true displacement is longer than this, px."""
_PORTRAIT_BOX = (170, 60, 116)  # left, top, size of the face in scikit-image's portrait, px
_LARGEST_SHARE = 0.25  # of the shorter side of a still that the cascade must see as a face
_SMALLEST_FACE = 64  # px; further faces in a picture


class Pair(NamedTuple):
    """Two frames and the truth between them."""

    before: NDArray[np.uint8]  # (224, 224)
    after: NDArray[np.uint8]  # (224, 224)
    truth: NDArray[np.float32]  # (224, 224, 2), px


def portrait() -> NDArray[np.float32]:
    """The face of scikit-image's public-domain portrait, grey float32 (224, 224)."""
    import cv2
    from skimage.data import astronaut

    left, top, size = _PORTRAIT_BOX
    face = cv2.cvtColor(astronaut(), cv2.COLOR_RGB2GRAY)[top : top + size, left : left + size]
    return np.asarray(cv2.resize(face, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC), np.float32)


def portrait_mesh() -> NDArray[np.float32]:
    """The face mesh of `portrait()`, float32 (468, 3), px of the crop."""
    mesh = np.loadtxt(Path(__file__).with_name("bench_mesh.csv"), np.float32, delimiter=",", skiprows=2)
    left, top, size = _PORTRAIT_BOX
    scale = SIZE / size
    mesh[:, :2] = (mesh[:, :2] - (left, top) + 0.5) * scale - 0.5
    mesh[:, 2] *= scale
    return mesh


class Faces(NamedTuple):
    """Grey float32 (224, 224) each."""

    tuned: list[NDArray[np.float32]]
    """Those over which the presets were tuned: of each picture the largest, where it fills a quarter of the height."""
    held_out: list[NDArray[np.float32]]
    """All others: nothing was ever chosen by them."""


def faces(folder: Path) -> Faces:
    """The faces in the stills and in the videos' first frames of a folder."""
    import cv2

    finder = cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_default.xml"))
    found = Faces([], [])
    for file in sorted(folder.iterdir()):
        if file.suffix.lower() in (".jpg", ".jpeg", ".png"):
            image = cv2.imread(str(file))
        elif file.suffix.lower() in (".mp4", ".mov", ".avi"):
            image = cv2.VideoCapture(str(file)).read()[1]
        else:
            continue
        if image is None:
            continue
        grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        boxes = finder.detectMultiScale(grey, 1.1, 8, minSize=(_SMALLEST_FACE, _SMALLEST_FACE))
        for rank, (x, y, size, _) in enumerate(sorted(boxes, key=lambda box: -box[2])):
            crop = grey[y : y + size, x : x + size]
            method = cv2.INTER_AREA if size > SIZE else cv2.INTER_CUBIC
            part = found.tuned if rank == 0 and size >= _LARGEST_SHARE * min(grey.shape) else found.held_out
            part.append(np.asarray(cv2.resize(crop, (SIZE, SIZE), interpolation=method), np.float32))
    return found


def smooth_field(random: np.random.Generator, peak: float) -> NDArray[np.float32]:
    """A few Gaussian pulls inside the face, scaled to `peak` px at their strongest; float32 (224, 224, 2)."""
    y, x = np.mgrid[:SIZE, :SIZE].astype(np.float32)
    field = np.zeros((SIZE, SIZE, 2), np.float32)
    for _ in range(random.integers(2, 6)):
        centre = random.uniform(0.15 * SIZE, 0.85 * SIZE, 2)
        spread = random.uniform(0.06, 0.16, 2) * SIZE
        tilt, direction = random.uniform(0, np.pi), random.uniform(0, 2 * np.pi)
        along = (x - centre[0]) * np.cos(tilt) + (y - centre[1]) * np.sin(tilt)
        across = (y - centre[1]) * np.cos(tilt) - (x - centre[0]) * np.sin(tilt)
        pull = random.uniform(0.4, 1) * np.exp(-0.5 * ((along / spread[0]) ** 2 + (across / spread[1]) ** 2))
        field += (pull[..., None] * [np.cos(direction), np.sin(direction)]).astype(np.float32)
    return field * np.float32(peak / np.linalg.norm(field, axis=2).max())


def cut_field(random: np.random.Generator, peak: float) -> NDArray[np.float32]:
    """A smooth field on one side of a line through its strongest point, nothing on the other, within 3 px."""
    field = smooth_field(random, peak)
    strongest = np.unravel_index(np.linalg.norm(field, axis=2).argmax(), (SIZE, SIZE))
    y, x = np.mgrid[:SIZE, :SIZE].astype(np.float32)
    angle = random.uniform(0, 2 * np.pi)
    # The line stands a little off the strongest point, so that most of the motion stays.
    side = (x - strongest[1]) * np.cos(angle) + (y - strongest[0]) * np.sin(angle) + 5
    return field * np.clip(side / 3 + 0.5, 0, 1)[..., None].astype(np.float32)


def pairs(
    stills: list[NDArray[np.float32]],
    count: int,
    *,
    cut: bool = False,
    light: float = 0.0,
    seed: int = 1,
    splines: bool = False,
) -> Iterator[Pair]:
    """Pairs of frames with known displacement.

    The earlier frame is the later one sampled at x + truth by cubic interpolation, so the truth is exact; then both get
    their own Gaussian noise of 2 grey levels and are rounded to bytes.

    Args:
        stills: float32 (224, 224) each, taken in turn.
        count: how many pairs.
        cut: fields cut by a line.
        light: gain and offset of the later frame change by this share (offset: of 255 grey levels), sign at random.
        seed: of the random generator.
        splines: sample by cubic splines instead of OpenCV's cubic kernel, which rounds places to 1/32 px.
    """
    random = np.random.default_rng(seed)
    for index in range(count):
        peak = random.uniform(0.5, 3)
        truth = cut_field(random, peak) if cut else smooth_field(random, peak)
        after = stills[index % len(stills)]
        before = warped(after, truth, splines)
        sign = random.choice([-1, 1], 2)
        after = after * (1 + light * sign[0]) + 255 * light * sign[1]
        noisy = [image + random.normal(0, 2, image.shape) for image in (before, after)]
        earlier, later = (np.clip(np.rint(image), 0, 255).astype(np.uint8) for image in noisy)
        yield Pair(earlier, later, truth)


def warped(after: NDArray[np.float32], truth: NDArray[np.float32], splines: bool) -> NDArray[np.float32]:
    """`after` sampled at x + truth, by cubic splines or by OpenCV's cubic kernel."""
    import cv2
    from scipy.ndimage import map_coordinates

    y, x = np.mgrid[: after.shape[0], : after.shape[1]].astype(np.float32)
    from_x, from_y = x + truth[..., 0], y + truth[..., 1]
    if splines:
        return np.asarray(map_coordinates(after, [from_y, from_x], order=3, mode="mirror"), np.float32)
    found = cv2.remap(after, from_x, from_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
    return np.asarray(found, np.float32)


def compressed(pair: Pair) -> Pair:
    """The same pair after H.264 (x264, constant rate factor 23, no B-frames), `after` coded from `before`."""
    import av

    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as out:
        stream = out.add_stream("libx264", rate=30, options={"crf": "23", "preset": "medium", "bf": "0"})
        stream.width = stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        for image in (pair.before, pair.before, pair.after):
            frame = av.VideoFrame.from_ndarray(np.repeat(image[..., None], 3, axis=2), format="rgb24")
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    file.seek(0)
    with av.open(file) as source:
        frames = [frame.to_ndarray(format="gray") for frame in source.decode(video=0)]
    return Pair(frames[1], frames[2], pair.truth)
