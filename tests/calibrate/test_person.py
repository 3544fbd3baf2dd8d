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

from calibrate.person import measure_person
from kernels.face_regions import MOTION_REGIONS
from models.simulator.builtin_clip import make_builtin_clip
from realtime import person as store
from realtime.disturbance import BLINKS, MOVES
from realtime.failures import UserFacingError
from realtime.source import open_source

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
