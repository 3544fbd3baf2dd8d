"""The tracks of the last seconds, found again by time."""

from __future__ import annotations

from bisect import bisect_left

from realtime.messages import FaceTracked


class TrackMemory:
    """Keeps FaceTracked messages for `span_s` seconds.

    Args:
        span_s: how long a track is kept, seconds.
    """

    def __init__(self, span_s: float) -> None:
        self.span_s = span_s
        self._times: list[float] = []
        self._tracks: list[FaceTracked] = []

    def clear(self) -> None:
        """Forget all."""
        self._times.clear()
        self._tracks.clear()

    def keep(self, time_s: float, track: FaceTracked) -> None:
        """Add the newest track; times must grow."""
        self._times.append(time_s)
        self._tracks.append(track)
        stale = bisect_left(self._times, time_s - self.span_s)
        # Deleting from the front costs the whole list, so it is done in batches.
        if stale > 256 or stale == len(self._times) - 1:
            del self._times[:stale], self._tracks[:stale]

    def nearest(self, time_s: float) -> FaceTracked:
        """The track closest to a time.

        Raises:
            IndexError: nothing has been kept.
        """
        index = bisect_left(self._times, time_s)
        if index == len(self._times):
            return self._tracks[-1]
        if index > 0 and time_s - self._times[index - 1] < self._times[index] - time_s:
            index -= 1
        return self._tracks[index]
