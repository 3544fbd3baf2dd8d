"""Small stages that check what reaches them. They stand in for the slow ones in tests of what lies between stages."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from realtime.failures import UserFacingError
from realtime.messages import (
    EndOfStream,
    ExpressionRecognised,
    ExpressionSpotted,
    FaceFound,
    FaceLost,
    FaceTracked,
    FrameCaptured,
    Message,
    MotionMeasured,
    Quality,
    stamp,
)
from realtime.parcel import Parcel
from realtime.source import Frame, SourceError
from realtime.stop_signals import StopWanted

EVIDENCE = np.dtype([("crop", np.uint8, (4, 4)), ("score", np.float32)])
EVENT_EVERY = 50
END = -2
FACELESS = range(100, 140)


@dataclass(frozen=True)
class Fault:
    """What goes wrong, in which stage, at which frame; and what else."""

    stage: str = ""
    kind: str = ""  # raise, mendable, kill, hang, exit, enough, slow; build: cannot be built, build-...: breaks there
    at: int = 0
    marks: str = ""  # file that grows by one byte each time it goes wrong; without it, it always does
    times: int = 1  # as often it goes wrong, at this frame or, after a restart, later
    others: tuple[Fault, ...] = ()

    def strike(self, stage: str, sequence: int) -> None:
        for other in self.others:
            other.strike(stage, sequence)
        if self.stage != stage:
            return
        if self.kind == "slow":
            time.sleep(0.02)
        if sequence == self.at or (self.marks and sequence > self.at >= 0):
            self._break(self.kind)

    def _break(self, kind: str) -> None:
        if self.marks:
            with Path(self.marks).open("ab") as marks:
                if marks.tell() >= self.times:
                    return
                marks.write(b"x")
        if kind == "raise":
            raise RuntimeError("the fake broke\nsecond line")
        if kind == "mendable":
            raise UserFacingError("plug it in again")
        if kind == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if kind == "hang":
            time.sleep(3600)
        if kind == "enough":
            raise StopWanted
        if kind == "exit":
            os._exit(3)

    def strike_end(self, stage: str, message: Message) -> None:
        if isinstance(message, EndOfStream):
            self.strike(stage, END)

    def strike_build(self, stage: str) -> None:
        for other in self.others:
            other.strike_build(stage)
        if (self.stage, self.kind) == (stage, "build"):
            raise UserFacingError(f"{stage} cannot be built")
        if self.stage == stage and self.kind.startswith("build-"):
            self._break(self.kind.removeprefix("build-"))


def number_of(message: Message) -> int:
    """Of the frame a message is about, as its source counted; after a restart, not its sequence."""
    return message.captured_ns // 5_000_000


def _started(fault: Fault) -> Path:
    return Path(f"{fault.marks}.started") if fault.marks else Path(os.devnull)


class NumberedSource:
    """Frames that carry their own number in their pixels."""

    def __init__(
        self, count: int, fps: float, breaks_off: bool, fault: Fault, size: tuple[int, int], resume: bool = False
    ) -> None:
        fault.strike_build("capture")
        self.width, self.height = size
        self.fps = fps or 200.0
        self.says = f"{count} numbered frames"
        self._count, self._pause_s, self._breaks_off, self._fault = count, 1 / fps if fps else 0.0, breaks_off, fault
        self._resume = resume

    def __iter__(self) -> Iterator[Frame]:
        start_ns, first = time.monotonic_ns(), 0
        if self._resume:  # a camera does not wait for whoever reads it
            start_ns = int(_started(self._fault).read_text())
            first = round((time.monotonic_ns() - start_ns) * 1e-9 / self._pause_s)
        elif self._pause_s:
            _started(self._fault).write_text(str(start_ns))
        for number in range(first, self._count):
            self._fault.strike("capture", number)
            due_ns = start_ns + round(number * self._pause_s * 1e9)
            time.sleep(max(0, due_ns - time.monotonic_ns()) * 1e-9)
            image = np.empty((self.height, self.width, 3), np.uint8)
            image[:] = number % 251
            yield Frame(image, number * 5_000_000, time.monotonic_ns(), number / 200)
        if self._breaks_off:
            raise SourceError("the numbers ran out")

    def notes(self) -> list[str]:
        return ["numbers were odd"]

    def close(self) -> None:
        self._fault.strike("capture", END)


class NumberTracker:
    def __init__(self, fault: Fault) -> None:
        fault.strike_build("track")
        self._fault = fault
        self._face = False

    def track(self, parcel: Parcel) -> list[Parcel]:
        frame, image = parcel
        self._fault.strike_end("track", frame)
        if not isinstance(frame, FrameCaptured):
            return [parcel]
        self._fault.strike("track", frame.sequence)
        assert image is not None
        assert (image == number_of(frame) % 251).all(), "torn or wrong frame"
        if frame.sequence in FACELESS:
            lost = FaceLost(**stamp(frame), presentation_s=frame.presentation_s, reason="faceless")
            was, self._face = self._face, False
            return [*([Parcel(lost)] if was else []), Parcel(frame)]
        found = [] if self._face else [Parcel(FaceFound(**stamp(frame), presentation_s=frame.presentation_s))]
        self._face = True
        tracked = FaceTracked(
            **stamp(frame),
            presentation_s=frame.presentation_s,
            crop_epoch=0,
            crop_from_frame=(1, 0, 0, 0, 1, 0),
            landmarks=bytes(5616),
            face_width=184.0,
            quality=Quality(1, 1, 1, 1, 1, 1),
        )
        return [*found, Parcel(tracked, np.full((256, 256), number_of(frame) % 251, np.uint8))]


class NumberSpotter:
    def __init__(self, fault: Fault) -> None:
        fault.strike_build("spot")
        self._fault = fault
        self._seen: list[FaceTracked] = []
        self._last = -1

    def push(self, parcel: Parcel) -> list[Parcel]:
        message, crop = parcel
        self._fault.strike_end("spot", message)
        if not isinstance(message, FaceTracked):
            return [parcel]
        self._fault.strike("spot", message.sequence)
        assert crop is not None
        assert (crop == number_of(message) % 251).all(), "torn or wrong crop"
        self._seen = [*self._seen[-40:], message]
        motion = MotionMeasured(
            **stamp(message),
            presentation_s=message.presentation_s,
            motion=(0.0,) * 15,
            noise=0.1,
            eyes_open=1,
            active=False,
        )
        out = [Parcel(message), Parcel(motion)]
        before, self._last = self._last, message.sequence
        # Where the frame itself was dropped, the next one does.
        if before >= 0 and (message.sequence + 1) // EVENT_EVERY > (before + 1) // EVENT_EVERY:
            spotted = ExpressionSpotted(
                **stamp(message),
                event=(message.sequence + 1) // EVENT_EVERY,
                kind="micro",
                onset=self._seen[0],
                apex=self._seen[len(self._seen) // 2],
                offset_sequence=message.sequence,
                onset_s=0,
                apex_s=0,
                offset_s=0,
                offset_grabbed_ns=0,
                regions={},
                strength=1,
                score=1,
            )
            out.append(Parcel(spotted))
        return out


class NumberRecogniser:
    def __init__(self, fault: Fault) -> None:
        fault.strike_build("recognise")
        self._fault = fault

    def recognise(self, parcel: Parcel, crops: Callable[[int], np.ndarray]) -> list[Parcel]:
        message = parcel.message
        self._fault.strike("recognise", message.sequence)
        self._fault.strike_end("recognise", message)
        if not isinstance(message, ExpressionSpotted):
            return [parcel]
        onset = crops(message.onset.sequence)
        assert (onset == number_of(message.onset) % 251).all(), "torn or wrong onset"
        evidence = np.zeros((), EVIDENCE)
        evidence["crop"], evidence["score"] = onset[:4, :4], message.event
        verdict = ExpressionRecognised(
            **stamp(message),
            event=message.event,
            kind="micro",
            onset_s=number_of(message.onset),
            apex_s=0,
            offset_s=0,
            onset_frame=message.onset.sequence,
            apex_frame=message.apex.sequence,
            offset_frame=message.offset_sequence,
            label="positive",
            probabilities={},
            action_units={},
            regions={},
            strength=1,
            spot_score=1,
            latency_ms=0,
            model="fake",
        )
        return [Parcel(verdict, evidence)]


class LineSink:
    """Writes a line for each message, at once, and a last one when it is closed."""

    def __init__(self, file: Path, fault: Fault, resume: bool = False) -> None:
        fault.strike_build("publish")
        self._fault = fault
        self._file = file.open("a" if resume else "w", buffering=1)

    def take(self, parcel: Parcel) -> None:
        message, pixels = parcel
        self._fault.strike("publish", message.sequence)
        note = ""
        if isinstance(message, ExpressionRecognised):
            assert pixels is not None
            assert float(pixels["score"]) == message.event
            assert (pixels["crop"] == message.onset_s % 251).all()
            note = f" event {message.event}"
        if isinstance(message, EndOfStream):
            note = f" {message.reason}"
        self._file.write(f"{type(message).__name__} {message.sequence}{note}\n")

    def close(self) -> None:
        self._fault.strike("publish", END)
        self._file.write("closed\n")
        self._file.close()
