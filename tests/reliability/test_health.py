"""Health says what is true: every way of not being well has its reason."""

from __future__ import annotations

from dataclasses import replace

import pytest
from run_states import NAME, NOW_NS, PASSWORD, stage, state, with_stage

from realtime.health import health, judge


def test_a_run_that_is_well_is_ok_and_tells_what_it_uses():
    found = health([state()], NOW_NS)
    assert (found["status"], found["reasons"]) == ("ok", [])
    (source,) = found["sources"]
    assert source["network"] == "cloud 0123 (onnxruntime, cpu, float32)"
    assert source["last_frame_age_s"] == 0.02
    assert source["frames_per_s"] == 29.9
    assert source["stages"]["track"]["frames_lost_before_it"] == 4
    assert source["stages"]["publish"]["last_frame_age_s"] is None


@pytest.mark.parametrize(
    ("sick", "status", "why"),
    [
        (state(phase="STARTING"), "starting", "being made ready"),
        (with_stage("capture", stage("capture", sink=True)), "starting", "no frame has come yet"),
        (with_stage("capture", stage("capture", age_s=9)), "failing", "the last frame is 9.0 s old"),
        (state(lost="broke off"), "failing", "the source is lost: broke off"),
        (state(phase="FAILED", failure="spot failed: X"), "failing", "spot failed: X"),
        (state(phase="STOPPED"), "stopped", "has ended"),
        (state(at_ns=NOW_NS - 9_000_000_000), "failing", "nothing is known of it for 9 s"),
        (with_stage("track", stage("track", phase="RESTARTING")), "degraded", "track is being started again"),
        (with_stage("spot", stage("spot", age_s=4)), "degraded", "spot is 4.0 s behind the source"),
        (with_stage("spot", replace(stage("spot"), one_in=2)), "degraded", "spot looks at one frame in 2"),
    ],
)
def test_what_is_wrong_is_said(sick, status: str, why: str):
    found, reasons = judge(sick, NOW_NS)
    assert found == status
    assert any(why in reason for reason in reasons)


def test_the_worst_source_decides_and_is_named():
    found = health([state(), state(source="camera 1", lost="unplugged")], NOW_NS)
    assert found["status"] == "failing"
    assert found["reasons"] == ["camera 1: the source is lost: unplugged"]
    assert health([])["status"] == "starting"


def test_credentials_do_not_come_through():
    leaky = state(says=f"rtsp://me:{PASSWORD}@10.0.0.2/s: 640x480", lost=f"http://cam/v?pwd={PASSWORD} broke off")
    assert PASSWORD not in str(health([leaky], NOW_NS))
    assert NAME in str(health([leaky], NOW_NS))
