"""The report of a ten-minute session: light, and open before one looks up."""

from __future__ import annotations

import time

import pytest
from message_streams import REGIONS, some_evidence, verdict

from realtime.messages import EndOfStream, FaceFound, MotionMeasured
from realtime.parcel import Parcel
from realtime.report import Report

MINUTES, FPS, EVENTS = 10, 30, 120


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "report.html"
    made = Report(path)
    made.begin("a long interview", "640x480, 30 frames/s")
    stamp = {"source": "interview.mp4", "captured_ns": 0, "grabbed_ns": 0, "epoch": 0}
    made.take(Parcel(FaceFound(**stamp, sequence=0, presentation_s=0.0)))
    evidence = [some_evidence(seed) for seed in range(4)]
    for number in range(MINUTES * 60 * FPS):
        motion = tuple(0.2 + 0.1 * ((number * 7 + region * 13) % 11) / 11 for region in range(REGIONS))
        measured = MotionMeasured(
            **stamp, sequence=number, presentation_s=number / FPS, motion=motion, noise=0.6, eyes_open=1.0, active=False
        )
        made.take(Parcel(measured))
    for event in range(EVENTS):
        onset = 60 + event * (MINUTES * 60 * FPS - 200) // EVENTS
        made.take(Parcel(verdict(event + 1, onset, onset + 12), evidence[event % 4]))
    made.take(Parcel(EndOfStream(**stamp, sequence=MINUTES * 60 * FPS - 1, reason="the source ended")))
    made.end()
    return made.close()


def test_it_weighs_less_than_ten_megabytes(report):
    assert report.stat().st_size < 10_000_000


def test_it_opens_with_every_expression_in_it(report, browser):
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    before_s = time.perf_counter()
    page.goto(report.as_uri(), wait_until="load")
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    took_s = time.perf_counter() - before_s
    print(f"report of {MINUTES} minutes: {report.stat().st_size / 1e6:.1f} MB, open after {took_s:.2f} s")
    assert page.locator("article").count() == EVENTS
    page.close()
