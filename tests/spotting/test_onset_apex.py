"""The decision against motions whose onset, apex and offset are known exactly."""

from __future__ import annotations

import numpy as np
import pytest
from motions import REGIONS, pulse, still_face

from realtime.onset_apex import ExpressionDetector, Occurrence
from realtime.settings import SpotSettings

BELIEVED = np.ones(REGIONS, bool)


def run(t, motion, believed=None) -> list[tuple[float, Occurrence]]:
    detector = ExpressionDetector(SpotSettings(), [True] * REGIONS)
    out = []
    for i, time_s in enumerate(t):
        mask = BELIEVED if believed is None else believed[i]
        out += [(time_s, found) for found in detector.push(time_s, motion[i], mask)]
    return out + [(t[-1], found) for found in detector.finish()]


def with_event(fps, onset, apex, offset, amplitude, *, held=0.0, seconds=6.0, region=3):
    t, motion = still_face(fps, seconds)
    motion[:, region : region + 2, 1] += (amplitude * pulse(t, onset, apex, offset, held))[:, None]
    return t, motion


@pytest.mark.parametrize("fps", [30, 60, 200])
@pytest.mark.parametrize("amplitude", [1.0, 2.5])
def test_a_micro_expression_is_found_where_it_is(fps, amplitude):
    t, motion = with_event(fps, 3.0, 3.18, 3.4, amplitude)
    ((decided, found),) = run(t, motion)
    assert found.kind == "micro" and found.state == "over"
    assert found.onset_s == pytest.approx(3.0, abs=0.05)
    assert found.apex_s == pytest.approx(3.18, abs=0.03)
    assert found.offset_s == pytest.approx(3.4, abs=0.06)
    assert np.argmax(found.regions) in (3, 4)
    assert found.regions.max() == pytest.approx(amplitude, rel=0.2)
    assert decided <= 3.4 + 0.15


def test_a_held_expression_is_announced_as_macro_and_closed_once():
    t, motion = with_event(30, 3.0, 3.3, 3.7, 4.0, held=1.5, seconds=8)
    (announced, opened), (_, closed) = run(t, motion)
    assert opened.state == "held" and announced <= 3.0 + 0.8
    assert closed.state == "released" and closed.kind == "macro"
    assert closed.offset_s == pytest.approx(5.2, abs=0.15)
    assert closed.apex_s == pytest.approx(3.3, abs=0.12), "the first plateau, not its end"


@pytest.mark.parametrize("seed", range(5))
def test_a_still_face_gives_nothing(seed):
    t, motion = still_face(30, 60, seed=seed)
    assert run(t, motion) == []


def test_a_noisy_camera_does_not_fire():
    t, motion = still_face(30, 60, noise=0.4)
    assert run(t, motion) == []


def test_two_events_stay_two():
    t, motion = with_event(30, 2.0, 2.15, 2.35, 1.5, seconds=6)
    motion[:, 8, 0] += 1.5 * pulse(t, 3.0, 3.2, 3.4)
    found = [occurrence for _, occurrence in run(t, motion)]
    assert [round(f.onset_s) for f in found] == [2, 3]
    assert [int(np.argmax(f.regions)) in (3, 4) for f in found] == [True, False]


def test_what_is_not_believed_opens_nothing():
    t, motion = with_event(30, 3.0, 3.15, 3.35, 2.5)
    believed = np.ones((len(t), REGIONS), bool)
    believed[(t > 2.8) & (t < 3.6), 3:5] = False
    assert run(t, motion, believed) == []


def test_disbelief_in_hindsight_takes_an_open_event_back():
    t, motion = with_event(30, 3.0, 3.15, 3.35, 2.5)
    detector = ExpressionDetector(SpotSettings(), [True] * REGIONS)
    gone = np.zeros(REGIONS, bool)
    gone[3:5] = True
    found = []
    for time_s, sample in zip(t, motion, strict=True):
        late = 3.15 < time_s < 3.5
        if late:
            detector.disbelieve(2.9, gone)
        found += detector.push(time_s, sample, ~gone if late else BELIEVED)
    assert found == []


def test_memory_is_bounded():
    t, motion = still_face(200, 30)
    detector = ExpressionDetector(SpotSettings(), [True] * REGIONS)
    lengths = []
    for time_s, sample in zip(t, motion, strict=True):
        detector.push(time_s, sample, BELIEVED)
        lengths.append(len(detector.history))
    assert max(lengths) <= 200 * (SpotSettings().longest_event + 2.1)


def test_an_expression_open_at_the_end_is_told():
    t, motion = with_event(30, 3.0, 3.2, 3.5, 3.0, held=10.0, seconds=4.5)
    *_, (_, last) = run(t, motion)
    assert last.state == "released" and last.kind == "macro" and last.onset_s == pytest.approx(3.0, abs=0.05)


def test_a_micro_expression_is_found_on_a_held_smile():
    t, motion = with_event(30, 2.0, 2.4, 2.9, 5.0, held=3.0, seconds=8)
    motion[:, 0:2, 1] -= (1.5 * pulse(t, 4.0, 4.2, 4.4))[:, None]
    found = [occurrence for _, occurrence in run(t, motion)]
    assert [(f.kind, f.state) for f in found] == [("macro", "held"), ("micro", "over"), ("macro", "released")]
    assert found[1].onset_s == pytest.approx(4.0, abs=0.05)
    assert found[2].offset_s == pytest.approx(5.9, abs=0.2)


def test_a_face_that_stays_as_it_is_has_a_new_neutral():
    settings = SpotSettings()
    t, motion = with_event(30, 2.0, 2.4, 2.9, 5.0, held=30, seconds=12)
    *_, (told, last) = run(t, motion)
    assert last.state == "released"
    assert told == pytest.approx(2.0 + settings.longest_event, abs=0.2)


def test_slow_drift_is_no_expression():
    t, motion = still_face(30, 20)
    motion[:, :, 0] += np.clip((t - 5) * 0.5, 0, 3)[:, None]
    assert run(t, motion) == []
