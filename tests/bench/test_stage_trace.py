"""What a traced stage writes is what a bench reads."""

from __future__ import annotations

import time

from realtime.messages import EndOfStream, FaceLost
from realtime.parcel import Parcel
from realtime.stage_trace import read_trace, traced

STAMP = {"source": "test", "captured_ns": 0, "epoch": 0}


def test_times_enclose_the_work(tmp_path):
    file = tmp_path / "stage.csv"

    def work(parcel):
        time.sleep(0.02)
        return [parcel]

    method = traced(work, file)
    grabbed_ns = time.monotonic_ns()
    lost = FaceLost(**STAMP, sequence=7, grabbed_ns=grabbed_ns, presentation_s=0.0, reason="gone")
    assert method(Parcel(lost)) == [Parcel(lost)]
    method(Parcel(EndOfStream(**STAMP, sequence=8, grabbed_ns=grabbed_ns, reason="over")))
    first, last = read_trace(file)
    assert (first.kind, first.sequence, first.grabbed_ns) == ("FaceLost", 7, grabbed_ns)
    assert grabbed_ns <= first.taken_ns <= first.done_ns - 20_000_000 <= last.done_ns
    assert last.kind == "EndOfStream"


def test_without_a_file_nothing_is_wrapped():
    assert traced(len, None) is len


def test_a_stage_that_took_nothing_left_no_trace(tmp_path):
    assert list(read_trace(tmp_path / "none.csv")) == []
