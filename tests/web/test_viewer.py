"""The viewer of recorded sessions: in Chromium, and what it hands out to take away."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
from page_program import ROOT, Program, looks_well
from PIL import Image

from realtime.source import SourceError
from realtime.video_file import VideoFile
from realtime.web.event_clip import event_clip
from realtime.web.event_export import export_event
from realtime.web.kept import kept_runs
from realtime.web.kept_video import KeptVideo

pytestmark = pytest.mark.timeout(280)


@pytest.fixture(scope="module")
def replayed(clip, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("replayed")
    film = shutil.copy(clip, out.parent / "interview.mp4")
    run = subprocess.run(
        [sys.executable, str(ROOT / "run_camera.py"), "replay", film, "--out", str(out)], capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    return out


@pytest.fixture(scope="module")
def video(replayed):
    one = KeptVideo(kept_runs(replayed)[0].video)
    yield one
    one.close()


@pytest.fixture(scope="module")
def events(replayed):
    return kept_runs(replayed)[0].events()


@pytest.fixture(scope="module")
def smile(video, events):
    """The clip around the micro-expression that lifts the corners of the mouth."""
    event = next(one for one in events if one.kind == "micro" and one.label == "positive")
    return event_clip(video, event), event


def test_a_replay_is_found_with_its_video_and_report(replayed):
    (run,) = kept_runs(replayed)
    assert run.name == "interview" and run.report is not None and not run.marked
    assert run.video is not None and run.video.name == "interview.mp4"
    assert [event.kind for event in run.events()].count("micro") >= 2


def test_without_the_original_the_annotated_video_is_shown(replayed, tmp_path):
    moved = Path(shutil.copytree(replayed, tmp_path / "moved"))
    (moved / ".interview.source").write_text("/nowhere/interview.mp4\n")
    (run,) = kept_runs(moved)
    assert run.marked and run.video == moved / "interview.annotated.mp4"
    run.video.unlink()
    assert kept_runs(moved)[0].video is None


def test_frames_are_the_same_in_any_order(video, replayed):
    in_order = {}
    source = VideoFile(kept_runs(replayed)[0].video)
    for number, frame in enumerate(source):
        if number in (0, 57, 58, 200, 374):
            in_order[number] = (frame.image, frame.presentation_s)
    source.close()
    assert len(video.times_s) == 375 and abs(video.fps - 30) < 0.01
    for number in (374, 0, 200, 58, 57, 200):
        image, time_s = in_order[number]
        assert np.array_equal(video.frame(number), image), number
        assert abs(video.times_s[number] - time_s) < 1e-3
    with pytest.raises(IndexError):
        video.frame(375)


def test_what_is_no_video_is_refused(tmp_path):
    (tmp_path / "film.mp4").write_bytes(b"no film")
    with pytest.raises(SourceError):
        KeptVideo(tmp_path / "film.mp4")


def test_magnified_motion_is_larger_and_a_still_face_stays_still(smile):
    clip, event = smile
    apex = int(np.argmin(np.abs(np.array(clip.times_s) - event.apex_s)))
    onset = int(np.argmin(np.abs(np.array(clip.times_s) - event.onset_s)))
    mouth = np.s_[140:190, 70:180]

    def change(stack) -> float:
        return float(np.abs(stack[apex][mouth].astype(float) - stack[onset][mouth]).mean())

    plain, five, ten = (change(clip.magnified(times)) for times in (1, 5, 10))
    assert 1.2 * plain < five and 1.3 * five < ten, "the head turns too, slowly, and is not magnified"
    assert clip.crops.shape == (len(clip.times_s), 256, 256) == clip.magnified(10).shape


def test_the_course_says_which_regions_moved(smile):
    clip, event = smile
    rows = list(csv.DictReader(io.StringIO(export_event(clip, event, "csv", 1).decode())))
    assert [row["phase"] for row in rows] == sorted(
        (row["phase"] for row in rows), key=["before", "rising", "falling", "after"].index
    )
    corner = np.array([float(row["mouth_corner_left_px"] or "nan") for row in rows])
    peak = rows[int(np.nanargmax(corner))]
    assert abs(float(peak["time_s"]) - event.apex_s) < 0.1 and np.nanmax(corner) > 0.5
    assert int(rows[0]["frame"]) == clip.first and abs(float(rows[0]["time_s"]) - clip.first / 30) < 0.01


def test_mp4_and_gif_show_both_pictures_four_times_slower(smile):
    clip, event = smile
    with av.open(io.BytesIO(export_event(clip, event, "mp4", 10))) as film:
        stream = film.streams.video[0]
        frames = [frame.time for frame in film.decode(stream)]
        assert (stream.width, stream.height) == (512, 282)
    assert len(frames) == len(clip.times_s)
    assert abs(frames[-1] - 4 * (clip.times_s[-1] - clip.times_s[0])) < 0.05
    gif = Image.open(io.BytesIO(export_event(clip, event, "gif", 5)))
    assert gif.size == (512, 282) and gif.n_frames == len(clip.times_s)
    assert Image.open(io.BytesIO(export_event(clip, event, "gif", 1))).size == (256, 282)


def test_the_viewer_scrubs_magnifies_and_exports(replayed, browser):
    program = Program("view", str(replayed), env={})
    errors: list[str] = []
    page = browser.new_page(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.goto(program.url)
    page.click("#sessions a >> nth=0")
    page.wait_for_selector("#beside[data-ready='0x10']", timeout=90_000)
    looks_well(page, "viewer", whole=True)
    where = page.inner_text("#where")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert int(page.inner_text("#where").split()[1]) == int(where.split()[1]) + 2
    page.keyboard.press("n")
    page.wait_for_selector("#beside[data-ready='1x10']", timeout=60_000)
    page.keyboard.press("5")
    page.wait_for_selector("#beside[data-ready='1x5']", timeout=60_000)
    with page.expect_download() as taken:
        page.click("#as-csv")
    assert taken.value.suggested_filename == "interview-2-positive.csv"
    page.select_option("#speed", "1")
    page.click("#play")
    page.wait_for_timeout(700)
    page.click("#play")
    assert int(page.inner_text("#where").split()[1]) > int(where.split()[1]) + 3, "it plays"
    page.click("#report")
    page.wait_for_selector("article")
    looks_well(page, "report", whole=True)
    page.close()
    assert program.stop() == 130 and not errors, errors


def test_a_folder_without_sessions_is_told_in_one_line(tmp_path):
    run = subprocess.run(
        [sys.executable, str(ROOT / "run_camera.py"), "view", str(tmp_path)], capture_output=True, text=True
    )
    assert run.returncode == 1 and run.stderr.count("\n") == 1 and "holds no events file" in run.stderr
