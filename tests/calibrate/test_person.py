"""A person's neutral face: what is learned, what is refused, what is kept, and that it is used."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from still_camera import PORTRAIT, StillCamera

from calibrate.camera import captured
from calibrate.person import measure_person
from kernels.face_regions import MOTION_REGIONS
from models.simulator.builtin_clip import make_builtin_clip
from realtime import person as store
from realtime.disturbance import BLINKS, MOVES
from realtime.failures import UserFacingError
from realtime.messages import FaceTracked, MotionMeasured
from realtime.neutral_check import NeutralCheck
from realtime.settings import Settings
from realtime.source import open_source
from realtime.spot import Spotter
from realtime.track import FaceTracker

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def own_data(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "data" / "glimpse" / "persons"


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return make_builtin_clip(tmp_path_factory.mktemp("clip"))


@pytest.fixture(scope="module")
def anna(clip):
    source = open_source(str(clip.video))
    try:
        return measure_person(source, "anna", 4.0)
    finally:
        source.close()


def calibrate(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "calibrate", "person", *map(str, words)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, env=dict(os.environ))


def refused(run: subprocess.CompletedProcess[str], *says: str) -> None:
    assert run.returncode == 1, run.stdout
    assert run.stderr.startswith("glimpse: ") and run.stderr.count("\n") == 1, run.stderr
    for word in says:
        assert word in run.stderr


def test_rest_is_kept_and_blinks_and_expressions_are_left_out(anna):
    person = anna.person
    assert 4.0 <= person.quiet_s < 4.3
    assert set(person.noise) == set(MOTION_REGIONS)
    assert all(0.03 <= value < 0.3 for value in person.noise.values()), "a face at rest under little grain"
    assert 0.3 < person.eye_opening < 0.4
    by_time = dict(zip(anna.time_s.round(2), anna.disturbed, strict=True))
    assert by_time[1.43] == BLINKS, "the clip's first blink"
    assert by_time[2.8] == MOVES, "the clip's first expression"
    inside = [(1.3, 1.66), (2.6, 3.0), (4.2, 4.63)]
    for begin, end in inside:
        share = ((anna.rest_s > begin) & (anna.rest_s < end)).mean()
        assert share < 0.03, "what moves teaches nothing"


def test_more_grain_gives_more_noise():
    low, high = (measure_person(StillCamera(noise=grain), "x", 3.0).person for grain in (1.0, 14.0))
    assert np.mean(list(high.noise.values())) > 1.5 * np.mean(list(low.noise.values()))


@pytest.mark.parametrize(
    ("picture", "says"),
    [
        (np.full((480, 480, 3), 90.0), "there is no face"),
        (PORTRAIT * 0.22, "too dark"),
        (np.pad(PORTRAIT[::4, ::4], ((80, 80), (80, 80), (0, 0)), mode="edge"), "too small"),
        (np.concatenate([PORTRAIT, PORTRAIT], axis=1), "several faces"),
    ],
    ids=["nobody", "dark", "small", "two"],
)
def test_a_picture_that_teaches_nothing_is_refused_with_the_reason(picture, says):
    with pytest.raises(UserFacingError, match=says) as refusal:
        measure_person(StillCamera(picture=picture, seconds=3.0), "x", 2.0)
    assert "\n" not in str(refusal.value)


def test_a_source_that_ends_too_early_is_refused():
    with pytest.raises(UserFacingError, match=r"only 1\.\d of 10 quiet seconds.*ended too early"):
        measure_person(StillCamera(seconds=1.5), "x", 10.0)


def test_what_is_kept_is_private_and_comes_back(anna, own_data):
    file = store.save_person(anna.person)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(own_data.stat().st_mode) == 0o700
    assert store.load_person("anna") == anna.person
    assert len(file.read_bytes()) < 4000, "figures, no picture"
    store.save_person(anna.person)
    assert [entry.name for entry in own_data.iterdir()] == ["anna.json"], "nothing half-written is left"
    store.forget_person("anna")
    assert store.known_persons() == []


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".x", "x" * 61, "a\0b", "a\nb"])
def test_names_that_are_no_file_names(name):
    with pytest.raises(UserFacingError, match="cannot be a person's name"):
        store.load_person(name)


def test_names_in_any_script(anna):
    import msgspec

    store.save_person(msgspec.structs.replace(anna.person, name="Żółć 2"))
    assert store.known_persons() == ["Żółć 2"]


def test_a_damaged_file_is_one_line(anna, own_data):
    file = store.save_person(anna.person)
    good = json.loads(file.read_text())
    for bad in (
        b"",
        b"{",
        json.dumps(good | {"schema": 2}).encode(),
        json.dumps(good | {"extra": 1}).encode(),
        json.dumps(good | {"eye_opening": -1}).encode(),
        json.dumps(good | {"noise": {"brow": 1.0}}).encode(),
        json.dumps(good | {"neutral": []}).encode(),
    ):
        file.write_bytes(bad)
        with pytest.raises(UserFacingError, match="measure again") as refusal:
            store.load_person("anna")
        assert "\n" not in str(refusal.value)


def test_the_command_learns_lists_and_forgets(tmp_path, clip, own_data):
    words = (clip.video, "--name", "anna", "--seconds", "2")
    run = calibrate(*words, "--json", tmp_path / "a" / "p.json", "--picture", tmp_path / "p.png")
    assert run.returncode == 0, run.stderr
    assert str(own_data / "anna.json") in run.stdout.replace("\n", "") and "No picture" in run.stdout
    assert json.loads((tmp_path / "a" / "p.json").read_text())["name"] == "anna"
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")
    assert "anna" in calibrate("--list").stdout
    refused(calibrate("--forget", "bob"), "bob", "there are anna")
    assert calibrate("--forget", "anna").returncode == 0
    assert not (own_data / "anna.json").exists()
    refused(calibrate("--forget", "anna"), "nobody was measured")


def test_the_command_refuses_before_it_measures(tmp_path):
    refused(calibrate("/nowhere.mp4", "--name", "x"), "no such file")
    refused(calibrate("/nowhere.mp4"), "--name")
    (tmp_path / "file").touch()
    refused(calibrate("/nowhere.mp4", "--name", "x", "--json", tmp_path / "file" / "x.json"), "cannot be written")


@pytest.fixture(scope="module")
def faces(clip):
    """Every tracked face of the clip."""
    source = open_source(str(clip.video))
    tracker = FaceTracker(Settings().track)
    parcels = (parcel for n, frame in enumerate(source) for parcel in tracker.track(captured(n, frame, source)))
    return [parcel for parcel in parcels if isinstance(parcel.message, FaceTracked)]


def departures(person, faces, begin, end):
    check = NeutralCheck(person)
    seen = [check.see(face.message) for face in faces if begin <= face.message.presentation_s < end]
    return [one for one in seen if one is not None]


def test_a_face_that_begins_with_a_smile_is_not_neutral(anna, faces):
    (away,) = departures(anna.person, faces, 9.3, 10.2)
    assert away.region.startswith(("mouth_corner", "lip", "cheek")) and away.distance > 4.5


@pytest.mark.parametrize("begin", [0.0, 1.0, 3.2, 4.7, 6.1, 7.6])
def test_sway_blinks_and_small_expressions_are_neutral_enough(anna, faces, begin):
    assert departures(anna.person, faces, begin, begin + 0.9) == []


def test_the_spotter_begins_with_what_is_known(anna, faces):
    """A face whose eyes are half closed from the first frame on: only with the person it is known that they are."""
    blinking = [face for face in faces if 1.40 <= face.message.presentation_s < 1.50]
    openness = {}
    for person in (None, anna.person):
        spotter = Spotter(Settings().spot, person)
        told = [parcel.message for face in blinking for parcel in spotter.push(face)]
        openness[person is None] = min(one.eyes_open for one in told if isinstance(one, MotionMeasured))
    assert openness[False] < 0.8 < openness[True] + 0.15
    assert openness[False] < openness[True]


def test_a_replay_uses_the_person(anna, clip, tmp_path):
    store.save_person(anna.person)
    run = glimpse("replay", clip.video, "--out", tmp_path / "out", "--person", "anna")
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("Person: anna, measured ")
    refused(glimpse("replay", clip.video, "--out", tmp_path / "out", "--person", "bob"), "bob", "there are anna")
    refused(glimpse("replay", clip.video, "--out", tmp_path / "out", GLIMPSE_SPOT__PERSON="bob"), "there are anna")


def glimpse(*words: object, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "run_camera.py"), *map(str, words)]
    env = os.environ | {"COLUMNS": "200"} | environment
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=240)
