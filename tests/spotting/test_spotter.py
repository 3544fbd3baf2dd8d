"""The spotter on rendered faces: what it says at gaps, losses and ends."""

from __future__ import annotations

import numpy as np
import pytest

from models.simulator.builtin_clip import HEIGHT, WIDTH, builtin_stage
from models.simulator.head import FaceState
from models.simulator.portrait import builtin_portrait
from realtime.messages import (
    EndOfStream,
    ExpressionSpotted,
    FaceLost,
    FaceTracked,
    FrameCaptured,
    MotionMeasured,
    WindowReset,
)
from realtime.parcel import Parcel
from realtime.settings import Settings
from realtime.spot import Spotter
from realtime.track import FaceTracker

FPS = 30


@pytest.fixture(scope="module")
def stage():
    return builtin_stage(builtin_portrait())


def smile(t: float) -> FaceState:
    rise = np.clip((t - 1.2) / 0.2, 0, 1) * np.clip((1.7 - t) / 0.3, 0, 1)
    return FaceState({"AU12": 0.2 * float(rise)})


@pytest.fixture(scope="module")
def tracked(stage) -> list[Parcel]:
    """Two and a half seconds of a still face that smiles for a moment, tracked."""
    rng = np.random.default_rng(3)
    tracker = FaceTracker(Settings().track)
    parcels = []
    for sequence in range(int(2.5 * FPS)):
        time_s = sequence / FPS
        grain = rng.normal(0, 1.5, (HEIGHT, WIDTH, 3))
        image = (stage.render(smile(time_s)) + grain).clip(0, 255).astype(np.uint8)
        times = {"captured_ns": int(time_s * 1e9), "grabbed_ns": int(time_s * 1e9), "presentation_s": time_s}
        frame = FrameCaptured(source="t", sequence=sequence, epoch=0, width=WIDTH, height=HEIGHT, **times)
        parcels += tracker.track(Parcel(frame, image))
    return parcels


def end(parcels: list[Parcel]) -> Parcel:
    last = parcels[-1].message
    return Parcel(
        EndOfStream(
            source="t",
            sequence=last.sequence,
            captured_ns=last.captured_ns,
            grabbed_ns=last.grabbed_ns,
            epoch=0,
            reason="the source ended",
        )
    )


def push_all(parcels: list[Parcel]) -> list:
    spotter = Spotter(Settings().spot)
    return [out.message for parcel in parcels for out in spotter.push(parcel)]


def of(kind: type, messages: list) -> list:
    return [m for m in messages if isinstance(m, kind)]


def test_a_moment_of_a_smile_is_spotted_once_and_every_frame_is_measured(tracked):
    messages = push_all([*tracked, end(tracked)])
    (spotted,) = of(ExpressionSpotted, messages)
    assert spotted.kind == "micro"
    assert spotted.onset_s == pytest.approx(1.2, abs=0.08)
    assert spotted.apex_s == pytest.approx(1.4, abs=0.08)
    assert any(name.startswith("mouth_corner") for name in spotted.regions)
    assert spotted.onset.sequence < spotted.apex.sequence < spotted.offset_sequence
    assert len(of(MotionMeasured, messages)) == len(of(FaceTracked, [p.message for p in tracked]))


def test_every_message_is_passed_on_in_order(tracked):
    stream = [*tracked, end(tracked)]
    given = [p.message for p in stream]
    passed = [m for m in push_all(stream) if any(m is g for g in given)]
    assert passed == given


def test_a_gap_resets_the_window_and_is_not_bridged(tracked):
    inside = [p for p in tracked if not 1.25 < p.message.captured_ns * 1e-9 < 1.6]
    messages = push_all([*inside, end(tracked)])
    (reset,) = of(WindowReset, messages)
    assert "ms without a frame" in reset.reason
    assert not [s for s in of(ExpressionSpotted, messages) if s.onset_s < 1.3 < s.offset_s]


def test_a_lost_face_closes_the_window(tracked):
    half = [p for p in tracked if p.message.captured_ns * 1e-9 < 0.8]
    last = half[-1].message
    lost = FaceLost(
        source="t",
        sequence=last.sequence + 1,
        captured_ns=last.captured_ns + 33_000_000,
        grabbed_ns=0,
        epoch=0,
        presentation_s=0.83,
        reason="gone",
    )
    messages = push_all([*half, Parcel(lost)])
    assert [type(m) for m in messages[-2:]] == [WindowReset, FaceLost]
    assert messages[-2].reason == "gone"


def test_backward_and_repeated_stamps_are_not_measured(tracked):
    doubled = [p for parcel in tracked[:20] for p in (parcel, parcel)]
    messages = push_all(doubled)
    assert len(of(MotionMeasured, messages)) == len(of(FaceTracked, [p.message for p in tracked[:20]]))
