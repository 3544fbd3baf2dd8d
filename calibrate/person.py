"""Ten quiet seconds of one person: what of the trembling and of the eyes is theirs, for `--person NAME`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibrate.camera import captured
from realtime.crop import face_width
from realtime.disturbance import SEVERAL
from realtime.face_mesh import FaceMesh
from realtime.messages import FaceTracked
from realtime.person import Person, checked_name
from realtime.person_quiet import Quiet, QuietFace
from realtime.settings import Settings
from realtime.source import Frame, Source, redact
from realtime.track import FaceTracker

PATIENCE = 3.0
"""Times the quiet seconds, after which the watching ends."""

_MOST_FACES = 4
_LOOK_AROUND_S = 1.0
_SMALLEST_OTHER = 0.4  # of the largest face's width: smaller ones hang on the wall or sit far behind
_SMALLEST_TOLD = 30.0  # px: a face too small to learn from is told apart from none


@dataclass(frozen=True)
class PersonMeasurement:
    """The person, and the series behind the figures."""

    person: Person
    time_s: NDArray[np.float64]  # (frames,)
    disturbed: list[str]  # (frames,) empty at rest
    rest_s: NDArray[np.float64]  # (samples,) of the frames that were learned from
    opening: NDArray[np.float64]  # (samples,) eye aspect ratio
    motion: NDArray[np.float64]  # (samples, regions, 2) px at 224 px face width


def measure_person(
    source: Source,
    name: str,
    seconds: float = 10.0,
    settings: Settings | None = None,
    on_frame: Callable[[Quiet], None] = lambda quiet: None,
) -> PersonMeasurement:
    """Watch a source until somebody has rested for long enough before it.

    Args:
        source: open.
        name: of the person.
        seconds: of rest to collect; the watching ends after `PATIENCE` times as many on the source's clock.
        settings: of the tracker.
        on_frame: told how far it has come.

    Raises:
        UserFacingError: the name cannot be used, or the face did not rest for long enough: what disturbed it, and
            what helps; one line.
    """
    checked_name(name)
    settings = settings or Settings()
    tracker = FaceTracker(settings.track.model_copy(update={"smallest_face": _SMALLEST_TOLD}))
    quiet, bystanders = QuietFace(seconds), Bystanders()
    quiet.warm()
    times: list[float] = []
    disturbed: list[str] = []
    try:
        for sequence, frame in enumerate(source):
            times.append(frame.captured_ns * 1e-9)
            now = _watch(quiet, tracker, bystanders, source, sequence, frame)
            disturbed.append(now.disturbed_by)
            on_frame(now)
            if now.done or times[-1] - times[0] > PATIENCE * seconds:
                break
    finally:
        bystanders.close()
    return PersonMeasurement(
        quiet.person(name, redact(source.says)),
        np.array(times),
        disturbed,
        np.array([sample.time_s for sample in quiet.kept]),
        np.array([sample.opening for sample in quiet.kept]),
        np.array([sample.position for sample in quiet.kept]),
    )


class Bystanders:
    """Looks now and then whether more than one face is in the picture."""

    def __init__(self) -> None:
        self._mesh = FaceMesh(still=True, most_faces=_MOST_FACES)
        self._looked_s = -np.inf
        self._there = False

    def there(self, frame: Frame) -> bool:
        """Somebody else is there, as large as one who sits beside."""
        time_s = frame.captured_ns * 1e-9
        if time_s - self._looked_s >= _LOOK_AROUND_S:
            self._looked_s = time_s
            widths = sorted(map(face_width, self._mesh.fit(frame.image)))
            self._there = len(widths) > 1 and widths[-2] > _SMALLEST_OTHER * widths[-1]
        return self._there

    def close(self) -> None:
        """Free the models."""
        self._mesh.close()


def _watch(
    quiet: QuietFace, tracker: FaceTracker, bystanders: Bystanders, source: Source, sequence: int, frame: Frame
) -> Quiet:
    if bystanders.there(frame):
        return quiet.miss(frame.captured_ns * 1e-9, SEVERAL)
    for message, crop in tracker.track(captured(sequence, frame, source)):
        if isinstance(message, FaceTracked) and crop is not None:
            return quiet.take(message, crop)
    return quiet.miss(frame.captured_ns * 1e-9)
