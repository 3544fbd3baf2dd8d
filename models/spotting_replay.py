"""Detectors on stored traces: the same decisions as in the stream, in a moment."""

from __future__ import annotations

from collections.abc import Callable

from models.spotting_metrics import Interval
from realtime.occurrence import Detector, Occurrence
from realtime.person import Person
from realtime.sample_trace import SampleTrace
from realtime.settings import SpotSettings
from realtime.spot import make_detector


def events_on_trace(
    trace: SampleTrace,
    settings: SpotSettings,
    person: Person | None = None,
    make: Callable[[SpotSettings], Detector] = make_detector,
) -> list[Interval]:
    """What a spotter with these settings tells about a recording.

    Args:
        trace: of the recording.
        settings: of the spotter.
        person: what is known of the person.
        make: builds the detector; by default the one that the settings name.

    Returns:
        Final events, with the time at which each was decided.
    """
    return [interval for interval, found in told_on_trace(trace, settings, person, make) if found.state != "held"]


def told_on_trace(
    trace: SampleTrace,
    settings: SpotSettings,
    person: Person | None = None,
    make: Callable[[SpotSettings], Detector] = make_detector,
) -> list[tuple[Interval, Occurrence]]:
    """All that is told, announcements of held expressions too."""
    detector = make(settings)
    if person is not None:
        detector.expect(person)
    told: list[tuple[Interval, Occurrence]] = []
    last_s: float | None = None
    for sample in trace.samples():
        if last_s is not None and sample.time_s - last_s > settings.longest_gap:
            told += _told(detector.finish(), last_s)
            detector.reset()
        told += _told(detector.push(sample), sample.time_s)
        last_s = sample.time_s
    if last_s is not None:
        told += _told(detector.finish(), last_s)
    return told


def _told(found: list[Occurrence], now_s: float) -> list[tuple[Interval, Occurrence]]:
    return [(Interval(one.kind, one.onset_s, one.apex_s, one.offset_s, "", now_s), one) for one in found]
