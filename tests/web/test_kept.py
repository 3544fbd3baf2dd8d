"""Which runs are found in a folder, and the routes that show them, without a browser."""

from __future__ import annotations

import http.client
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import cv2
import msgspec
import numpy as np
import pytest
from message_streams import verdict

from realtime.events_file import event_line
from realtime.noted_source import note_source
from realtime.source import SourceError
from realtime.video_writer import VideoWriter
from realtime.web.kept import kept_runs
from realtime.web.kept_video import KeptVideo
from realtime.web.server import PageServer
from realtime.web.session_routes import session_routes

LINE = msgspec.json.encode(event_line(verdict())) + b"\n"


def events(folder: Path, name: str = "events.jsonl", lines: bytes = LINE) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(lines)
    return folder / name


def film(path: Path, frames: int, begins_s: float = 0.0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = VideoWriter(path, 64, 48, 30.0)
    for number in range(frames):
        writer.write(np.full((48, 64, 3), 5 * number, np.uint8), begins_s + number / 30)
    writer.close()
    return path


@contextmanager
def pages(out: Path) -> Iterator:
    """Asks for the pages of a folder: gives status, the file's name that is proposed, and what was answered."""
    with PageServer("sessions.html", 0, lambda hub: session_routes(out)) as server:

        def ask(path: str) -> tuple[int, str, bytes]:
            line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
            line.request("GET", quote(path), headers={"Cookie": f"glimpse-{server.port}={server.url.split('=')[1]}"})
            answer = line.getresponse()
            return answer.status, answer.getheader("content-disposition", ""), answer.read()

        yield ask


def test_a_session_of_several_sources_is_found_source_by_source(tmp_path):
    for session in ("2026-01-01_10-00-00", "2026-01-02_10-00-00"):
        for source in ("camera-0", "camera-1"):
            events(tmp_path / session / source)
    events(tmp_path / "2026-01-03_10-00-00")
    events(tmp_path / ".session-x")
    assert {run.name for run in kept_runs(tmp_path)} == {
        *(f"2026-01-0{day}_10-00-00 camera-{number}" for day in (1, 2) for number in (0, 1)),
        "2026-01-03_10-00-00",
    }


def test_replays_of_one_name_are_told_apart(tmp_path, monkeypatch):
    for out in ("anna", "interview"):
        events(tmp_path / out, "interview.events.jsonl")
    events(tmp_path / "interview")
    names = [run.name for run in kept_runs(tmp_path)]
    assert sorted(names) == ["anna interview", "interview", "interview (2)"]
    monkeypatch.chdir(tmp_path / "anna")
    assert [run.name for run in kept_runs(Path())] == ["interview"]
    monkeypatch.chdir(tmp_path / "interview")
    assert sorted(run.name for run in kept_runs(Path())) == ["interview", "interview (2)"]


def test_only_the_cameras_own_run_has_the_cameras_times(tmp_path):
    recording = film(tmp_path / "recording.mp4", 5, begins_s=0.5)
    events(tmp_path)
    note_source(events(tmp_path, "recording.events.jsonl"), recording, 30.0)
    live = {run.name: run.live for run in kept_runs(tmp_path)}
    assert live == {tmp_path.name: True, "recording": False}
    with pages(tmp_path) as ask:
        told = {name: json.loads(ask(f"/session/{name}/session.json")[2])["times_s"][0] for name in live}
    assert told == {tmp_path.name: 0.5, "recording": 0.0}


def test_images_come_in_the_order_and_at_the_rate_of_their_replay(tmp_path):
    images = tmp_path / "images"
    images.mkdir()
    for number in range(12):
        cv2.imwrite(str(images / f"{number}.png"), np.full((48, 64, 3), 10 * number, np.uint8))
    note_source(events(tmp_path / "out", "images.events.jsonl"), images, 200.0)
    (run,) = kept_runs(tmp_path / "out")
    video = KeptVideo(run.video, run.image_fps)
    assert [int(video.frame(number).mean()) for number in range(12)] == [10 * number for number in range(12)]
    assert video.times_s == pytest.approx([number / 200 for number in range(12)])


def test_a_frame_that_cannot_be_decoded_is_refused_and_the_others_are_shown(tmp_path):
    whole = film(tmp_path / "whole.mp4", 40)
    data = bytearray(whole.read_bytes())
    start = data.index(b"mdat") + 8
    data[start + 300 :] = bytes(len(data) - start - 300)
    (tmp_path / "recording.mp4").write_bytes(data)
    events(tmp_path)
    video = KeptVideo(tmp_path / "recording.mp4")
    with pytest.raises(SourceError, match="frame 39 cannot be decoded"):
        video.frame(39)
    with pages(tmp_path) as ask:
        assert ask(f"/session/{tmp_path.name}/frame/39.jpg")[0] == 404
    video.close()
    with pytest.raises(SourceError, match="closed"):
        video.frame(0)


def test_a_session_that_has_grown_is_shown_whole(tmp_path):
    events(tmp_path)
    film(tmp_path / "recording.mp4", 5)
    address = f"/session/{tmp_path.name}"
    with pages(tmp_path) as ask:
        assert len(json.loads(ask(f"{address}/session.json")[2])["times_s"]) == 5
        film(tmp_path / "recording.mp4", 9)
        assert len(json.loads(ask(f"{address}/session.json")[2])["times_s"]) == 9
        assert ask(f"{address}/frame/8.jpg")[0] == 200


def test_an_expression_of_a_session_with_any_name_can_be_taken_away(clip, tmp_path):
    onset_s = 2.6
    line = event_line(verdict(onset_s=onset_s, apex_s=onset_s + 0.2, offset_s=onset_s + 0.4))
    folder = tmp_path / "Анна"
    events(folder, lines=msgspec.json.encode(line) + b"\n")
    shutil.copy(clip, folder / "recording.mp4")
    with pages(tmp_path) as ask:
        status, named, content = ask("/session/Анна/event/0/export.csv")
    assert status == 200 and content.startswith(b"frame,time_s,phase")
    assert named == 'attachment; filename="____-1-positive.csv"'
