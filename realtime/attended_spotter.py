"""The `spot` stage with an ear for the viewer: thresholds and the neutral reference change while it runs."""

from __future__ import annotations

from pydantic import ValidationError

from realtime.parcel import Parcel
from realtime.person import Person
from realtime.settings import SpotSettings
from realtime.spot import Spotter
from realtime.wishes import Wishes


class AttendedSpotter:
    """A `Spotter` that obeys wishes between two frames. A wish for a setting that does not exist, or a value that it
    cannot have, changes nothing.

    Args:
        settings: to begin with.
        wishes: where `reset` and `spot` are asked; a spotter started anew obeys all that were asked before.
        person: who is watched, if it is known.
    """

    def __init__(self, settings: SpotSettings, wishes: Wishes, person: Person | None = None) -> None:
        self._spotter = Spotter(settings, person)
        self._wishes = wishes

    def warm(self) -> None:
        """Compile what must be compiled before the first frame comes."""
        self._spotter.warm()

    def count_from(self, last: int) -> None:
        """See `Spotter.count_from`."""
        self._spotter.count_from(last)

    def push(self, parcel: Parcel) -> list[Parcel]:
        """Obey, then spot; see `Spotter.push`."""
        out: list[Parcel] = []
        for asked in self._wishes.asked():
            if asked.wish == "reset":
                out += self._spotter.start_anew(parcel.message)
            elif asked.wish == "spot":
                self._set(asked.name, asked.value)
        return [*out, *self._spotter.push(parcel)]

    def _set(self, key: str, value: float) -> None:
        now = self._spotter.settings.model_dump()
        if key in now:
            try:
                self._spotter.adjust(SpotSettings(**(now | {key: value})))
            except ValidationError:
                return
