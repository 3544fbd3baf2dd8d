"""What a camera delivers, and the smallest motion that can be seen through it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from kernels.rigid import TooLittleSkin
from realtime.failures import UserFacingError
from realtime.messages import FaceTracked, FrameCaptured
from realtime.motion_meter import REFERENCE_WIDTH, MotionMeter
from realtime.parcel import Parcel
from realtime.settings import Settings, SpotSettings
from realtime.source import Frame, Source
from realtime.track import FaceTracker

_FEWEST_FACES = 20


class CameraReport(msgspec.Struct, frozen=True):
    """Figures of one look through a camera."""

    source: str
    frames: int
    faces: int  # frames in which the face was tracked
    rate: float  # delivered frames per second, median
    jitter_ms: float  # 95th percentile of the deviation of the frame interval from its median
    longest_gap_ms: float
    face_width: float  # in the frame, px, median
    brightness: float  # of the face, grey levels, mean
    drift: float  # brightness, grey levels from first to last second
    flicker: float  # brightness, standard deviation after slow drift is taken out, grey levels
    noise: float  # of one pixel from frame to frame, grey levels
    sharpness: float  # standard deviation of the crop's Laplacian, grey levels
    motion_noise: float  # of one region's motion on a face at rest, px at 224 px face width
    least_motion: float  # smallest motion that stands out from noise, same unit
    least_motion_px: float  # the same in pixels of this picture
    shortest_ms: float  # shortest rise from onset to apex that three frames still catch, and the spotter believes
    advice: list[str]

    def lines(self) -> list[str]:
        """For a person."""
        return [
            f"{self.source}: {self.frames} frames, a face in {self.faces}",
            f"rate {self.rate:.1f} frames/s, jitter {self.jitter_ms:.1f} ms, longest gap {self.longest_gap_ms:.0f} ms",
            f"face {self.face_width:.0f} px wide, sharpness {self.sharpness:.1f}, noise {self.noise:.1f} grey levels",
            f"light {self.brightness:.0f} grey levels, drift {self.drift:+.1f}, flicker {self.flicker:.2f}",
            f"motions under {self.least_motion_px:.2f} px ({self.least_motion:.2f} px at 224 px face width) "
            f"and {self.shortest_ms:.0f} ms will be missed",
            *(f"advice: {line}" for line in self.advice),
        ]


@dataclass(frozen=True)
class CameraMeasurement:
    """The report, and the series it was made from."""

    report: CameraReport
    time_s: NDArray[np.float64]  # (frames,)
    face_s: NDArray[np.float64]  # (faces,) when a face was tracked
    light: NDArray[np.float64]  # (faces,) grey levels
    motion: NDArray[np.float64]  # (faces, regions) px at 224 px face width


def measure_camera(source: Source, seconds: float, settings: Settings | None = None) -> CameraMeasurement:
    """Look through a source for a while.

    Args:
        source: open; somebody sits still before it.
        seconds: on the source's clock.
        settings: thresholds that the smallest visible motion is derived from.

    Raises:
        UserFacingError: no face was tracked for long enough.
    """
    settings = settings or Settings()
    tracker, meter = FaceTracker(settings.track), MotionMeter()
    times: list[float] = []
    faces: list[FaceTracked] = []
    motions: list[NDArray[np.float64]] = []
    light: list[float] = []
    grain: list[float] = []
    before: NDArray[np.int16] | None = None
    for sequence, frame in enumerate(source):
        times.append(frame.captured_ns * 1e-9)
        for tracked in tracker.track(captured(sequence, frame, source)):
            if not isinstance(tracked.message, FaceTracked) or tracked.pixels is None:
                continue
            crop = tracked.pixels[64:192, 64:192].astype(np.int16)
            if before is not None and faces and tracked.message.crop_epoch == faces[-1].crop_epoch:
                # Most pixels of a quiet face change by noise alone; whole grey levels have no fine median.
                grain.append(float(np.abs(crop - before).mean()) * np.sqrt(np.pi / 2) / np.sqrt(2))
            before = crop
            try:
                motion = meter.measure(tracked.message, tracked.pixels)
            except TooLittleSkin:
                meter.forget()
                continue
            if motion.far:
                meter.renew()
            faces.append(tracked.message)
            light.append(float(crop.mean()))
            motions.append(motion.regions.copy())
        if times[-1] - times[0] >= seconds:
            break
    if len(faces) < _FEWEST_FACES:
        raise UserFacingError(
            f"a face was seen in {len(faces)} of {len(times)} frames; sit before the camera, in light"
        )
    moved = np.array(motions)
    report = _report(source.says, np.array(times), faces, moved, np.array(light), np.array(grain), settings.spot)
    face_s = np.array([face.captured_ns * 1e-9 for face in faces])
    return CameraMeasurement(report, np.array(times), face_s, np.array(light), np.sqrt((moved**2).sum(axis=-1)))


def captured(sequence: int, frame: Frame, source: Source) -> Parcel:
    """A frame of an open source as the tracker takes it."""
    stamps = FrameCaptured(
        source="camera",
        sequence=sequence,
        captured_ns=frame.captured_ns,
        grabbed_ns=frame.grabbed_ns,
        epoch=0,
        width=source.width,
        height=source.height,
        presentation_s=frame.presentation_s,
    )
    return Parcel(stamps, frame.image)


def _report(
    says: str,
    times: NDArray[np.float64],
    faces: list[FaceTracked],
    motion: NDArray[np.float64],
    light: NDArray[np.float64],
    grain: NDArray[np.float64],
    spot: SpotSettings,
) -> CameraReport:
    intervals = np.diff(times)
    step = float(np.median(intervals))
    second = max(int(1 / step), 1)
    slow = cv2.blur(light.reshape(-1, 1), (1, second), borderType=cv2.BORDER_REFLECT).ravel()
    # Differences between neighbours: slow sway is no noise.
    motion_noise = float(np.median(np.abs(np.diff(motion, axis=0))) * 1.4826 / np.sqrt(2))
    least = max(spot.least_motion, spot.noise_factor * motion_noise)
    widths = [face.quality.face_width for face in faces]
    figures = {
        "rate": 1 / step,
        "jitter_ms": 1000 * float(np.percentile(np.abs(intervals - step), 95)),
        "longest_gap_ms": 1000 * float(intervals.max()),
        "face_width": float(np.median(widths)),
        "brightness": float(light.mean()),
        "drift": float(light[-second:].mean() - light[:second].mean()),
        "flicker": float((light - slow).std()),
        "noise": float(np.median(grain)) if len(grain) else 0.0,
        "sharpness": float(np.median([face.quality.sharpness for face in faces])),
        "motion_noise": motion_noise,
        "least_motion": least,
        "least_motion_px": least * float(np.median(widths)) / REFERENCE_WIDTH,
        # A rise takes about half of an event.
        "shortest_ms": max(3000 * step, 500 * spot.shortest_event),
    }
    return CameraReport(
        source=says, frames=len(times), faces=len(faces), advice=_advice(figures, len(faces) / len(times)), **figures
    )


def _advice(figures: dict[str, float], tracked: float) -> list[str]:
    """What would help, the most useful first."""
    rules = [
        (tracked < 0.9, f"the face was tracked in {100 * tracked:.0f} % of the frames only: face the camera"),
        (figures["rate"] < 25, "the rate is low: more light lets most cameras keep 30 frames/s; close other programs"),
        (figures["face_width"] < 150, "the face is small: sit closer or zoom in until it is 200 px wide"),
        (figures["brightness"] < 60, "the face is dark: put a lamp in front, not behind"),
        (figures["brightness"] > 215, "the face is overexposed: less light, or lock the exposure"),
        (abs(figures["drift"]) > 8, "the exposure drifts: lock exposure and white balance"),
        (figures["flicker"] > 1.5, "the light flickers: set the camera to your mains frequency, or use daylight"),
        (figures["noise"] > 4, "the picture is noisy: more light"),
        (figures["sharpness"] < 5, "the picture is soft: clean the lens and focus on the face"),
        (figures["longest_gap_ms"] > 150, "frames are lost: use a faster port or a smaller picture"),
    ]
    return [text for applies, text in rules if applies]
