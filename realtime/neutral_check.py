"""Does a face begin in the neutral position that was measured on this person? What it holds then is taken for rest."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from realtime.mesh_regions import mesh_regions
from realtime.messages import FaceTracked
from realtime.neutral_shape import Places, displaced, places, turn_between, turned_like
from realtime.person import Person

_LOOK_S = 0.5  # the mesh jitters: places are medians over this long
_FEWEST = 5
_FARTHEST = 4.5  # px at 224 px face width; swaying heads alone move lips and chin in the mesh by up to 3
_MOST_TURN = 12.0  # degrees from the pose in which the person was measured: further away the mesh bends
_WIDTH = 224.0


class Departure(NamedTuple):
    """The region that lies furthest from its neutral place."""

    region: str
    distance: float  # px at 224 px face width


class NeutralCheck:
    """Looks once, at the beginning of each window.

    Args:
        person: whose face it should be.
    """

    def __init__(self, person: Person) -> None:
        self._neutral = person.places()
        self._began_s: float | None = None
        self._seen: list[Places] = []
        self._done = False

    def forget(self) -> None:
        """A new window: look again."""
        self._began_s = None
        self._seen.clear()
        self._done = False

    def see(self, tracked: FaceTracked) -> Departure | None:
        """One frame; the finding after half a second, if the face is not neutral."""
        if self._done:
            return None
        time_s = tracked.captured_ns * 1e-9
        if self._began_s is None:
            self._began_s = time_s
        self._seen.append(places(tracked.mesh()))
        if time_s - self._began_s < _LOOK_S or len(self._seen) < _FEWEST:
            return None
        self._done = True
        model = self._seen[len(self._seen) // 2]
        usual = np.median([turned_like(one, model) for one in self._seen], axis=0)
        self._seen.clear()
        if turn_between(usual, self._neutral) > _MOST_TURN:
            return None
        away = displaced(usual, self._neutral) * _WIDTH
        furthest = int(np.argmax(away))
        if away[furthest] < _FARTHEST:
            return None
        return Departure(list(mesh_regions())[furthest], round(float(away[furthest]), 1))
