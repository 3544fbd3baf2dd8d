"""Small videos whose frames are known."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

SIZE = (160, 120)


def numbered(number: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    """A picture whose brightness tells its number, with a bright left upper corner."""
    image = np.full((size[1], size[0], 3), 20 + 4 * (number % 50), np.uint8)
    image[: size[1] // 4, : size[0] // 4] = 250
    return image


def number_in(image: np.ndarray) -> int:
    return round((float(image[-20:, -20:].mean()) - 20) / 4)


def write_clip(
    path: Path,
    count: int = 40,
    fps: int = 30,
    size: tuple[int, int] = SIZE,
    stamps: list[int] | None = None,
    codec: str = "libx264",
    noise: bool = False,
    options: dict[str, str] | None = None,
) -> Path:
    """Write `count` numbered frames; `stamps` are presentation times in milliseconds where they are not even."""
    rng = np.random.default_rng(3)
    with av.open(str(path), "w", options=options or {}) as container:
        stream = container.add_stream(codec, rate=fps)
        stream.width, stream.height = size
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        tick = Fraction(1, 1000) if stamps else Fraction(1, fps)
        stream.codec_context.time_base = tick
        stream.codec_context.max_b_frames = 0
        for number in range(count):
            image = rng.integers(0, 255, (size[1], size[0], 3), np.uint8) if noise else numbered(number, size)
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.time_base = tick
            frame.pts = stamps[number] if stamps else number
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def write_sound(path: Path) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=16000)
        for start in range(0, 16000, 1024):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 16000, start
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def turn(path: Path) -> Path:
    """Mark an mp4 as filmed upright on a phone: to be shown a quarter turn clockwise."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 40
    matrix = (0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30)
    for place, value in enumerate(matrix):
        data[at + 4 * place : at + 4 * place + 4] = value.to_bytes(4, "big", signed=True)
    path.write_bytes(data)
    return path
