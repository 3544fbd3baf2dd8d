"""What a soak should find: the expressions that an undisturbed replay of its clip shows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from realtime.messages import EndOfStream, ExpressionRecognised, FrameCaptured
from realtime.parcel import Parcel
from realtime.pipeline import build_recogniser
from realtime.settings import Settings
from realtime.soak_tally import Span
from realtime.video_file import VideoFile


def length_of(clip: Path) -> tuple[int, float]:
    """Frames of a clip, and frames per second.

    Raises:
        SourceError: it cannot be read.
    """
    video = VideoFile(clip)
    count = sum(1 for _ in video)
    video.close()
    return count, video.fps


def undisturbed(clip: Path, frames: int, fps: float, settings: Settings) -> list[Span]:
    """What a run finds in the second of two rounds: the face jumps where the first ends."""
    from realtime.chain import StageChain

    chain = StageChain(settings, build_recogniser(settings))
    clip_s = frames / fps
    spans = []
    for out in chain.run(_two_rounds(clip, frames, fps)):
        event = out.message
        if isinstance(event, ExpressionRecognised) and event.onset_s >= clip_s:
            spans.append(Span(event.onset_s, event.apex_s, event.offset_s).shifted(-clip_s))
    return spans


def _two_rounds(clip: Path, frames: int, fps: float) -> Iterator[Parcel]:
    number = 0
    for _ in range(2):
        video = VideoFile(clip)
        for frame in video:
            now_ns = round(number * 1e9 / fps)
            yield Parcel(
                FrameCaptured(
                    source=clip.name,
                    sequence=number,
                    captured_ns=now_ns,
                    grabbed_ns=now_ns,
                    epoch=0,
                    width=video.width,
                    height=video.height,
                    presentation_s=number / fps,
                ),
                frame.image,
            )
            number += 1
        video.close()
    yield Parcel(
        EndOfStream(
            source=clip.name, sequence=number - 1, captured_ns=now_ns, grabbed_ns=now_ns, epoch=0, reason="the end"
        )
    )
