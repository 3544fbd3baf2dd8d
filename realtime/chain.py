"""The same stages in one process: for evaluation, archive jobs and tests."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from realtime.messages import FaceTracked
from realtime.parcel import Parcel
from realtime.person import person_of
from realtime.recognise import Recogniser
from realtime.settings import Settings
from realtime.spot import Spotter
from realtime.track import FaceTracker


class StageChain:
    """Track, spot and recognise, one after the other, without processes or sockets.

    Live and replay run the same stages in processes of their own; for the same frames both give the same events.

    Args:
        settings: as for the live pipeline.
        recogniser: built once by the caller, since loading a network takes time.
    """

    def __init__(self, settings: Settings, recogniser: Recogniser) -> None:
        self._tracker = FaceTracker(settings.track)
        self._spotter = Spotter(settings.spot, person_of(settings.spot))
        self._recogniser = recogniser
        self._crops: OrderedDict[int, NDArray[np.uint8]] = OrderedDict()
        self._faces_s = settings.transport.faces_seconds
        self._times: OrderedDict[int, int] = OrderedDict()

    def feed(self, parcel: Parcel) -> Iterator[Parcel]:
        """Put one captured frame (or the end of the stream) in; messages come out in the order of the pipeline."""
        for tracked in self._tracker.track(parcel):
            if isinstance(tracked.message, FaceTracked) and tracked.pixels is not None:
                self._keep(tracked.message, tracked.pixels)
            for spotted in self._spotter.push(tracked):
                yield from self._recogniser.recognise(spotted, self._crops.__getitem__)

    def run(self, parcels: Iterable[Parcel]) -> Iterator[Parcel]:
        """Put a whole stream through."""
        for parcel in parcels:
            yield from self.feed(parcel)

    def _keep(self, tracked: FaceTracked, crop: NDArray[np.uint8]) -> None:
        self._crops[tracked.sequence] = crop
        self._times[tracked.sequence] = tracked.captured_ns
        while tracked.captured_ns - next(iter(self._times.values())) > self._faces_s * 1e9:
            self._crops.popitem(last=False)
            self._times.popitem(last=False)
