import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.motion_trace import MotionTrace


def trace_of(times_s, motion, capacity=64):
    trace = MotionTrace(2, capacity)
    for time_s, moved in zip(times_s, motion, strict=True):
        trace.add(time_s, (moved, 2 * moved), 0.5)
    return trace


@settings(deadline=None, max_examples=40)
@given(
    peaks=st.lists(st.floats(0, 30, width=32), min_size=2, max_size=400),
    fps=st.sampled_from([5.0, 30.0, 200.0]),
    columns=st.integers(1, 100),
)
def test_peaks_are_kept_however_much_is_joined(peaks, fps, columns):
    times = 3.0 + np.arange(len(peaks)) / fps
    trace = trace_of(times, peaks)
    got_times, motion, least = trace.columns(columns)
    seen = ~np.isnan(least)
    assert seen.sum() <= columns
    assert np.nanmax(motion[:, 0]) == max(peaks) and np.nanmax(motion[:, 1]) == pytest.approx(2 * max(peaks))
    stretches = int((times[-1] - times[0]) / trace.stretch_s) + 1
    column_s = -(-stretches // columns) * trace.stretch_s
    assert column_s <= max(2.1 * (times[-1] - times[0]) * (1 / columns + 2 / 64), 0.1), "no coarser than it must be"
    assert abs(got_times[int(np.nanargmax(motion[:, 0]))] - times[int(np.argmax(peaks))]) <= column_s / 2 + 1e-6
    assert (np.diff(got_times) >= 0).all()


def test_memory_is_bounded():
    trace = trace_of(np.arange(20_000) / 30, np.ones(20_000), capacity=100)
    assert trace._most.shape == (100, 2)
    assert len(trace.columns(10_000)[0]) <= 100


def test_short_sessions_keep_every_sample():
    times = np.arange(100) / 30
    got, motion, _ = trace_of(times, np.arange(100), capacity=2400).columns(900)
    assert len(got) == 100 and list(motion[:, 0]) == list(range(100))
    np.testing.assert_allclose(got, times, atol=0.01)


def test_gaps_are_not_bridged():
    times = [*np.arange(30) / 30, *(4 + np.arange(30) / 30)]
    _, motion, least = trace_of(times, np.ones(60), capacity=2400).columns(900)
    assert np.isnan(least).sum() == 1 and np.isnan(motion[30]).all()


def test_nothing_measured():
    times, motion, least = MotionTrace(3).columns(10)
    assert times.shape == (0,) and motion.shape == (0, 3) and least.shape == (0,)
