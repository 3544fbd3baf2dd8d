"""The face around one expression, held still, as it was and magnified; and how its regions moved."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from kernels.magnify import magnify_eulerian
from realtime.crop import carry
from realtime.events_file import EventLine
from realtime.mesh_regions import mesh_regions
from realtime.messages import FaceTracked, FrameCaptured, MotionMeasured
from realtime.parcel import Parcel
from realtime.settings import Settings
from realtime.spot import Spotter
from realtime.track import FaceTracker
from realtime.web.kept_video import KeptVideo

MAGNIFICATIONS = (5, 10)
_AROUND_S = 0.4  # shown before the onset and after the offset
_RUN_IN_S = 1.2  # seen before that, so that tracker and spotter have settled
_LONGEST_S = 8.0
_BAND_HZ = (0.8, 10.0)
_SHORTEST_PX = 24.0  # of a face 184 px wide: shorter waves magnified as much would ring


@dataclass
class EventClip:
    """What the viewer shows beside the video.

    Attributes:
        first: number of the first frame.
        times_s: of each frame, presentation time.
        crops: grey uint8 (T, 256, 256), all cut alike.
        motion: px at 224 px face width, (T, regions), NaN where nothing was measured.
        rate: frames per second.
    """

    first: int
    times_s: list[float]
    crops: NDArray[np.uint8]
    motion: NDArray[np.float64]
    rate: float
    _magnified: dict[int, NDArray[np.uint8]] = field(default_factory=dict)

    @property
    def regions(self) -> tuple[str, ...]:
        """Names of the columns of `motion`."""
        return tuple(mesh_regions())

    def magnified(self, times: int) -> NDArray[np.uint8]:
        """The crops with their motion so many times as large, uint8 (T, 256, 256); 1 gives them as they are.

        Eulerian magnification, `kernels.magnify`: motion to and fro between 0.8 and 10 Hz.
        """
        if times == 1:
            return self.crops
        if times not in self._magnified:
            low, high = _BAND_HZ
            larger = magnify_eulerian(
                self.crops,
                self.rate,
                alpha=times - 1.0,
                low=low,
                high=min(high, 0.45 * self.rate),
                shortest=_SHORTEST_PX,
            )
            self._magnified[times] = np.clip(np.rint(larger), 0, 255).astype(np.uint8)
        return self._magnified[times]


def event_clip(video: KeptVideo, event: EventLine, settings: Settings | None = None) -> EventClip:
    """Follow the face through the frames around an expression.

    Args:
        video: in which it was found.
        event: as in the events file.
        settings: of tracker and spotter.

    Raises:
        LookupError: no face is followed there.
    """
    settings = settings or Settings()
    end_s = min(event.offset_s, event.onset_s + _LONGEST_S) + _AROUND_S
    times = video.times_s
    start, first, last = (
        int(np.searchsorted(times, wanted))
        for wanted in (event.onset_s - _AROUND_S - _RUN_IN_S, event.onset_s - _AROUND_S, end_s)
    )
    tracker, spotter = FaceTracker(settings.track), Spotter(settings.spot)
    tracked: dict[int, tuple[FaceTracked, NDArray[np.uint8]]] = {}
    measured: dict[int, tuple[float, ...]] = {}
    for number in range(start, min(last + 1, len(times))):
        for message, crop in tracker.track(_captured(video, number)):
            if not isinstance(message, FaceTracked) or crop is None:
                continue
            tracked[number] = (message, crop)
            for out, _ in spotter.push(Parcel(message, crop)):
                if isinstance(out, MotionMeasured):
                    measured[number] = out.motion
    shown = [number for number in sorted(tracked) if number >= first]
    if len(shown) < 2:
        raise LookupError("no face is followed around this expression")
    middle = min(shown, key=lambda number: abs(times[number] - event.apex_s))
    alike = _similarity(tracked[middle][0])
    empty = (np.nan,) * len(mesh_regions())
    return EventClip(
        first=shown[0],
        times_s=[times[number] for number in shown],
        crops=np.stack([carry(tracked[number][1], _similarity(tracked[number][0]), alike) for number in shown]),
        motion=np.array([measured.get(number, empty) for number in shown]),
        rate=video.fps,
    )


def _captured(video: KeptVideo, number: int) -> Parcel:
    image = video.frame(number)
    time_s = video.times_s[number]
    message = FrameCaptured(
        source="kept",
        sequence=number,
        captured_ns=round(time_s * 1e9),
        grabbed_ns=0,
        epoch=0,
        width=image.shape[1],
        height=image.shape[0],
        presentation_s=time_s,
    )
    return Parcel(message, image)


def _similarity(message: FaceTracked) -> NDArray[np.float64]:
    return np.array(message.crop_from_frame).reshape(2, 3)
