"""What is told, when the probabilities are known."""

from __future__ import annotations

import numpy as np
import pytest

from realtime.settings import SpotSettings
from realtime.spot_decision import Moment, SpotDecision

STEP = 1 / 60
SETTINGS = SpotSettings(threshold=0.5)


def bump(t, middle, height=0.9, width=0.03):
    return height * float(np.exp(-(((t - middle) / width) ** 2) / 2))


def run(seconds, micro=(), macro_end=(), lasting=None, settings=SETTINGS):
    """`micro`: (onset, apex, offset, height); `macro_end`: (onset, apex, offset)."""
    decision = SpotDecision(settings)
    told = []
    for t in np.arange(0, seconds, STEP):
        heights = [bump(t, e[2] + 0.08, e[3]) for e in micro] or [0.0]
        nearest = micro[int(np.argmax(heights))][:3] if micro else (t, t, t)
        ended = max([bump(t, e[2] + 0.08) for e in macro_end] or [0.0])
        bounds = macro_end[0] if macro_end else (t, t, t)
        under_way = lasting(t) if lasting else 0.0
        moment = Moment(float(t), max(heights), ended, under_way, nearest, bounds)
        told += [(float(t), one) for one in decision.push(moment)]
    told += [(seconds, one) for one in decision.finish(seconds)]
    return told


def test_a_micro_expression_is_told_once_within_the_time_allowed():
    ((now, told),) = run(4, [(1.0, 1.2, 1.4, 0.9)])
    assert (told.kind, told.state) == ("micro", "over")
    assert (told.onset_s, told.apex_s, told.offset_s) == (1.0, 1.2, 1.4)
    assert now - told.offset_s <= 0.15
    assert told.confidence == pytest.approx(0.9, abs=0.05)


def test_the_threshold_is_the_operating_point():
    events = [(1.0, 1.2, 1.4, 0.9), (2.0, 2.2, 2.4, 0.6)]
    told = [len(run(4, events, settings=SpotSettings(threshold=t))) for t in (0.5, 0.7, 0.95)]
    assert told == [2, 1, 0]


def test_events_close_together_are_kept_apart():
    told = run(4, [(1.0, 1.1, 1.25, 0.9), (1.3, 1.45, 1.6, 0.9)])
    assert [one.onset_s for _, one in told] == [1.0, 1.3]


def test_what_overlaps_the_last_one_is_the_same():
    told = run(4, [(1.0, 1.1, 1.30, 0.9), (1.02, 1.2, 1.45, 0.9)])
    assert len(told) == 1


def test_a_held_expression_is_announced_and_closed_once():
    def under_way(t):
        return 0.9 if 1.5 < t < 3.1 else 0.0

    told = run(6, macro_end=[(1.0, 1.3, 3.0)], lasting=under_way)
    assert [one.state for _, one in told] == ["held", "released"]
    (announced, held), (closed, released) = told
    assert announced - held.onset_s <= 0.7 and held.onset_s == 1.0
    assert released.onset_s == 1.0 and released.offset_s == pytest.approx(3.0)
    assert closed - 3.0 <= 0.2


def test_a_held_expression_that_fades_without_an_end_is_closed():
    told = run(6, macro_end=[(1.0, 1.3, 99.0)], lasting=lambda t: 0.9 if 1.5 < t < 3.0 else 0.0)
    assert [one.state for _, one in told] == ["held", "released"]
    assert told[1][1].offset_s == pytest.approx(3.0, abs=0.05)


def test_a_face_held_for_longer_has_become_the_new_neutral():
    told = run(14, macro_end=[(1.0, 1.3, 99.0)], lasting=lambda t: 0.9 if t > 1.5 else 0.0)
    first = next(one for _, one in told if one.state == "released")
    assert first.offset_s == pytest.approx(1.0 + SETTINGS.longest_event, abs=0.1)


def test_a_micro_expression_during_a_held_one_is_told_too():
    told = run(6, [(2.0, 2.2, 2.4, 0.9)], [(1.0, 1.3, 4.0)], lambda t: 0.9 if 1.5 < t < 4.1 else 0.0)
    assert [(one.kind, one.state) for _, one in told] == [("macro", "held"), ("micro", "over"), ("macro", "released")]


def test_a_macro_expression_that_was_not_announced_is_told_at_its_end():
    ((_, told),) = run(4, macro_end=[(1.0, 1.3, 1.7)])
    assert (told.kind, told.state, told.onset_s) == ("macro", "over", 1.0)


def test_an_open_expression_is_closed_where_the_stream_stops():
    told = run(2.5, macro_end=[(1.0, 1.3, 99.0)], lasting=lambda t: 0.9 if t > 1.5 else 0.0)
    assert [one.state for _, one in told] == ["held", "released"]
    assert told[1][1].offset_s == pytest.approx(2.5)


def test_a_flicker_of_probability_announces_nothing():
    assert run(4, lasting=lambda t: 0.9 if 1.5 < t < 1.53 else 0.0, macro_end=[(1.0, 1.2, 99.0)]) == []


def test_what_goes_on_after_its_end_was_told_is_not_told_again():
    told = run(6, macro_end=[(1.0, 1.3, 3.0)], lasting=lambda t: 0.9 if 1.5 < t < 4.5 else 0.0)
    assert [one.state for _, one in told] == ["held", "released"]
