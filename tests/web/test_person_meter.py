"""The wizard's meter on the built-in clip, without a browser."""

from __future__ import annotations

import pytest

from realtime.messages import FaceTracked, FrameCaptured
from realtime.parcel import Parcel
from realtime.person import load_person
from realtime.settings import Settings
from realtime.source import SourceSpec
from realtime.track import FaceTracker
from realtime.web.person_meter import PersonMeter


@pytest.fixture(scope="module")
def seen(clip):
    """The clip's first three seconds: a blink at 1.3 s, and else rest until 2.6 s."""
    source = SourceSpec(str(clip)).open()
    tracker = FaceTracker(Settings().track)
    parcels = []
    for number, frame in enumerate(source):
        message = FrameCaptured(
            source="clip",
            sequence=number,
            captured_ns=frame.captured_ns,
            grabbed_ns=0,
            epoch=0,
            width=640,
            height=480,
            presentation_s=frame.presentation_s,
        )
        for tracked, _ in tracker.track(Parcel(message, frame.image)):
            if isinstance(tracked, FaceTracked | FrameCaptured):
                parcels.append((tracked, frame.image))
        if number == 90:
            break
    source.close()
    return parcels


def watch(meter, parcels):
    return [quiet for message, image in parcels if (quiet := meter.see(message, image)) is not None]


def test_a_person_at_rest_is_kept(seen, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    told = watch(PersonMeter("Eileen", "camera 0", wanted_s=1.2), seen)
    last = next(quiet for quiet in told if quiet.done or quiet.failed)
    assert last.done and "Eileen is known now" in last.outcome
    assert any("blink" in quiet.disturbed_by and quiet.advice for quiet in told), "the blink was told"
    assert [quiet.collected_s for quiet in told] == sorted(quiet.collected_s for quiet in told)
    person = load_person("Eileen")
    assert person.source == "camera 0" and all(0 < px < 2 for px in person.noise.values())


def test_a_face_that_is_not_there_is_told_and_nothing_is_kept(seen, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    image = seen[0][1] * 0
    nobody = [
        (
            FrameCaptured(
                source="clip",
                sequence=number,
                captured_ns=number * 33_333_333,
                grabbed_ns=0,
                epoch=0,
                width=640,
                height=480,
            ),
            image,
        )
        for number in range(120)
    ]
    told = watch(PersonMeter("Eileen", "camera 0", wanted_s=1.0), nobody)
    assert "no face" in told[0].disturbed_by
    assert told[-1].failed and "quiet seconds" in told[-1].outcome
    assert not list(tmp_path.rglob("*.json"))


def test_a_name_that_cannot_be_a_file_is_refused_at_once(seen):
    (told,) = watch(PersonMeter("../evil", "camera 0"), seen[:1])
    assert told.failed and "cannot be a person's name" in told.outcome
