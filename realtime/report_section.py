"""One recording's part of the report, gathered message by message."""

from __future__ import annotations

import math
from bisect import insort
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from realtime.event_pictures import EventPictures, event_pictures
from realtime.mesh_regions import mesh_regions
from realtime.messages import (
    EndOfStream,
    ExpressionRecognised,
    FaceFound,
    FaceLost,
    FrameCaptured,
    MotionMeasured,
    WindowReset,
)
from realtime.motion_trace import MotionTrace
from realtime.parcel import Parcel
from realtime.timeline_picture import Timeline, draw_timeline

if TYPE_CHECKING:
    from realtime.summary import Summary

_MOST_REMARKS = 200


@dataclass
class Card:
    """One expression, and its pictures unless they were left out."""

    event: ExpressionRecognised
    pictures: EventPictures | None


class Section:
    """What the report says of one recording.

    Args:
        source: its name.
        says: what it delivered.
    """

    def __init__(self, source: str, says: str) -> None:
        self.source = source
        self.says = says
        self.cards: list[Card] = []
        self.faceless: list[tuple[float, float, str]] = []
        self.resets: list[tuple[float, str]] = []
        self.summary: Summary | None = None
        self.reason = ""
        self.end_s = 0.0
        self.face_seen = False
        self._trace = MotionTrace(len(mesh_regions()))
        self._alone_since: tuple[float, str] | None = None

    def take(self, parcel: Parcel) -> Card | None:
        """Take in one message; a verdict's card is given back, so that its pictures can be weighed."""
        message = parcel.message
        if isinstance(message, MotionMeasured):
            self._see(message.presentation_s)
            self._trace.add(message.presentation_s, message.motion, message.noise)
        elif isinstance(message, FrameCaptured):
            self._see(message.presentation_s)
            if self._alone_since is None:
                self._alone_since = (message.presentation_s, "")
        elif isinstance(message, FaceFound):
            self.face_seen = True
            self._end_absence(message.presentation_s)
        elif isinstance(message, FaceLost):
            self._alone_since = (message.presentation_s, message.reason)
        elif isinstance(message, WindowReset):
            if len(self.resets) < _MOST_REMARKS:
                self.resets.append((message.presentation_s, message.reason))
        elif isinstance(message, EndOfStream):
            self.reason = message.reason
            self._end_absence(self.end_s)
        elif isinstance(message, ExpressionRecognised):
            self._see(message.offset_s)
            self.face_seen = True
            card = Card(message, None if parcel.pixels is None else event_pictures(parcel.pixels))
            insort(self.cards, card, key=lambda known: known.event.onset_s)
            return card
        return None

    def timeline(self, columns: int) -> Timeline | None:
        """The picture over time; None when nothing was seen."""
        if self.end_s <= 0:
            return None
        events = [card.event for card in self.cards]
        return draw_timeline(self._trace, events, self.faceless, self.resets, self.end_s, columns)

    @property
    def latencies(self) -> dict[str, float]:
        """Percentiles of the time from offset frame to verdict, ms; empty without events."""
        values = [card.event.latency_ms for card in self.cards if math.isfinite(card.event.latency_ms)]
        return {f"{p} %": float(np.percentile(values, p)) for p in (50, 90, 99)} if values else {}

    @property
    def micro(self) -> int:
        """How many micro-expressions."""
        return sum(card.event.kind == "micro" for card in self.cards)

    @property
    def macro(self) -> int:
        """How many macro-expressions."""
        return sum(card.event.kind == "macro" for card in self.cards)

    def _see(self, time_s: float) -> None:
        self.end_s = max(self.end_s, time_s)

    def _end_absence(self, time_s: float) -> None:
        if self._alone_since is not None:
            since_s, why = self._alone_since
            if len(self.faceless) < _MOST_REMARKS and time_s > since_s:
                self.faceless.append((since_s, time_s, why))
        self._alone_since = None
