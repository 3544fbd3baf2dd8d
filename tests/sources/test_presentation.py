"""Presentation times: exact where the container is right, repaired and counted where it is not."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.presentation import PresentationClock


def stamps(times: list[float | None]) -> tuple[list[float], PresentationClock]:
    clock = PresentationClock(0.04)
    return [clock.stamp(time) for time in times], clock


def test_good_stamps_are_taken_as_they_are_from_zero():
    times, clock = stamps([5.0, 5.033, 5.1, 6.5])
    assert times == pytest.approx([0.0, 0.033, 0.1, 1.5])
    assert clock.notes() == []


def test_a_missing_stamp_is_one_interval_after_the_last():
    times, clock = stamps([0.0, None, 0.08])
    assert times == pytest.approx([0.0, 0.04, 0.08])
    assert clock.notes() == ["1 missing time stamp repaired"]


def test_a_video_without_any_stamp_runs_at_its_rate():
    times, clock = stamps([None] * 4)
    assert times == pytest.approx([0.0, 0.04, 0.08, 0.12])
    assert clock.missing == 4


def test_a_duplicate_stays_before_the_next_true_stamp():
    times, clock = stamps([0.0, 0.04, 0.04, 0.08])
    assert times[3] == pytest.approx(0.08)
    assert times[1] < times[2] < times[3]
    assert clock.duplicate == 1


def test_frames_a_little_out_of_order_do_not_move_the_rest():
    times, clock = stamps([0.0, 0.04, 0.02, 0.08, 0.12])
    assert times[3:] == pytest.approx([0.08, 0.12])
    assert clock.backward == 1


def test_a_clock_that_starts_anew_goes_on_from_where_it_was():
    times, clock = stamps([10.0, 10.04, 0.0, 0.04])
    assert times == pytest.approx([0.0, 0.04, 0.08, 0.12])
    assert clock.notes() == ["1 backward time stamp repaired"]


@given(st.lists(st.one_of(st.none(), st.floats(-1e4, 1e4)), min_size=2, max_size=50))
def test_whatever_the_container_says_time_grows(times: list[float | None]):
    given_back, _ = stamps(times)
    assert given_back[0] == 0.0
    assert all(before < after for before, after in pairwise(given_back))
