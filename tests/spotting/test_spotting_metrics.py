"""The spotting protocol on cases that can be counted by hand."""

from __future__ import annotations

import pytest

from models.spotting_metrics import Interval, match, overlap, score_clips


def micro(onset, offset, decided=None):
    return Interval("micro", onset, (onset + offset) / 2, offset, decided_s=decided)


def macro(onset, offset):
    return Interval("macro", onset, (onset + offset) / 2, offset)


def test_overlap():
    assert overlap(micro(0, 1), micro(0, 1)) == 1
    assert overlap(micro(0, 1), micro(0.5, 1.5)) == pytest.approx(1 / 3)
    assert overlap(micro(0, 1), micro(2, 3)) == 0


def test_each_true_event_is_claimed_once():
    assert match([micro(0, 1)], [micro(0, 0.9), micro(0.05, 1)]) == [(0, 1)]


def test_counts_errors_and_false_alarms():
    truth = [micro(1, 1.4), micro(5, 5.4), macro(8, 10)]
    found = [micro(1.02, 1.42, decided=1.5), micro(3, 3.3), macro(8, 9.5)]
    scores = score_clips([(truth, found, 30.0)])
    assert (scores["micro"].hits, scores["micro"].true, scores["micro"].found) == (1, 2, 2)
    assert scores["micro"].f1 == pytest.approx(0.5)
    assert scores["macro"].f1 == 1
    assert scores["overall"].f1 == pytest.approx(2 * 2 / 6)
    assert scores["overall"].false_alarms_per_minute == pytest.approx(2)
    assert scores["micro"].onset_ms == pytest.approx([20])
    assert scores["micro"].delay_ms == pytest.approx([100])


def test_a_micro_told_as_macro_is_a_miss_and_a_false_alarm():
    scores = score_clips([([micro(1, 1.4)], [macro(1, 1.4)], 60.0)])
    assert scores["overall"].hits == 0
    assert scores["macro"].false_alarms_per_minute == 1


def test_pooled_over_clips_not_averaged():
    clips = [([micro(1, 1.4)] * 1, [micro(1, 1.4)], 10.0), ([micro(i, i + 0.4) for i in range(9)], [], 10.0)]
    assert score_clips(clips)["micro"].f1 == pytest.approx(2 * 1 / (10 + 1))
