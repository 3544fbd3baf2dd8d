"""One expression as a file to take away: MP4, GIF, or its course as CSV."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from realtime.events_file import EventLine
from realtime.video_writer import VideoWriter
from realtime.web.event_clip import EventClip

FORMATS = {"mp4": "video/mp4", "gif": "image/gif", "csv": "text/csv"}
SLOWDOWN = 4
"""MP4 and GIF run this many times slower than life: a micro-expression is over before one has looked."""
_GIF_STEP_MS = 20  # browsers show no shorter ones


def export_event(clip: EventClip, event: EventLine, kind: str, times: int) -> bytes:
    """The file's content.

    Args:
        clip: of the expression.
        event: as in the events file.
        kind: one of `FORMATS`.
        times: magnification of the picture on the right; 1 leaves it out.
    """
    if kind == "csv":
        return _course(clip, event).encode()
    pictures = side_by_side(clip, event, times)
    return _mp4(clip, pictures) if kind == "mp4" else _gif(clip, pictures)


def side_by_side(clip: EventClip, event: EventLine, times: int) -> list[NDArray[np.uint8]]:
    """Each frame as RGB uint8: as it was, and magnified beside it; a bar below says where one is."""
    stacks = [("as it was", clip.crops)] + ([(f"motion x {times}", clip.magnified(times))] if times > 1 else [])
    pictures = []
    for index, time_s in enumerate(clip.times_s):
        row = [_captioned(stack[index], says) for says, stack in stacks]
        bar = _bar(clip, event, time_s, 256 * len(row))
        pictures.append(np.vstack([np.hstack(row), bar]))
    return pictures


def _captioned(crop: NDArray[np.uint8], says: str) -> NDArray[np.uint8]:
    picture: NDArray[np.uint8] = cv2.cvtColor(crop, cv2.COLOR_GRAY2RGB)
    for colour, thick in (((0, 0, 0), 3), ((255, 255, 255), 1)):
        cv2.putText(picture, says, (8, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.5, colour, thick, cv2.LINE_AA)
    return picture


def _bar(clip: EventClip, event: EventLine, time_s: float, width: int) -> NDArray[np.uint8]:
    start_s, span_s = clip.times_s[0], max(clip.times_s[-1] - clip.times_s[0], 1e-6)

    def x(at_s: float) -> int:
        return round((width - 1) * min(max((at_s - start_s) / span_s, 0.0), 1.0))

    bar = np.full((26, width, 3), 24, np.uint8)
    colour = (245, 165, 25) if event.kind == "micro" else (86, 180, 233)
    bar[18:24, x(event.onset_s) : x(event.offset_s) + 1] = colour
    bar[15:26, x(event.apex_s)] = 255
    bar[16:26, max(x(time_s) - 1, 0) : x(time_s) + 2] = (230, 60, 60)
    text = f"{event.kind}, {event.label}   {time_s:.2f} s"
    cv2.putText(bar, text, (6, 12), cv2.FONT_HERSHEY_SIMPLEX, 0.38, (225, 230, 232), 1, cv2.LINE_AA)
    return bar


def _mp4(clip: EventClip, pictures: list[NDArray[np.uint8]]) -> bytes:
    height, width = pictures[0].shape[:2]
    with tempfile.TemporaryDirectory(prefix="glimpse-export-") as folder:
        path = Path(folder) / "event.mp4"
        writer = VideoWriter(path, width, height, clip.rate / SLOWDOWN, quality=18)
        for picture, time_s in zip(pictures, clip.times_s, strict=True):
            writer.write(picture, (time_s - clip.times_s[0]) * SLOWDOWN)
        writer.close()
        return path.read_bytes()


def _gif(clip: EventClip, pictures: list[NDArray[np.uint8]]) -> bytes:
    steps_s = np.diff([*clip.times_s, clip.times_s[-1] + 1 / clip.rate]) * SLOWDOWN
    frames = [Image.fromarray(picture).quantize(96, dither=Image.Dither.NONE) for picture in pictures]
    out = io.BytesIO()
    frames[0].save(
        out,
        "GIF",
        save_all=True,
        append_images=frames[1:],
        duration=[max(_GIF_STEP_MS, round(1000 * step_s)) for step_s in steps_s],
        loop=0,
    )
    return out.getvalue()


def _course(clip: EventClip, event: EventLine) -> str:
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(["frame", "time_s", "phase", *(f"{name}_px" for name in clip.regions)])
    for index, (time_s, motion) in enumerate(zip(clip.times_s, clip.motion, strict=True)):
        values = ["" if np.isnan(px) else f"{px:.3f}" for px in motion]
        rows.writerow([clip.first + index, f"{time_s:.4f}", phase(event, time_s), *values])
    return out.getvalue()


def phase(event: EventLine, time_s: float) -> str:
    """Where in the expression a time lies: before, rising, falling, after."""
    if time_s < event.onset_s:
        return "before"
    if time_s <= event.apex_s:
        return "rising"
    return "falling" if time_s <= event.offset_s else "after"
