"""Settings from four places, and unknown keys refused where they stand."""

from __future__ import annotations

import pytest

from realtime.settings import SettingsError, load_settings


@pytest.fixture(autouse=True)
def an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_later_places_win(tmp_path, monkeypatch):
    assert load_settings().spot.noise_factor == 5.0
    (tmp_path / "glimpse.toml").write_text("[spot]\nnoise_factor = 6\nleast_motion = 0.5\n")
    assert load_settings().spot.noise_factor == 6
    monkeypatch.setenv("GLIMPSE_SPOT__NOISE_FACTOR", "7")
    assert load_settings().spot.noise_factor == 7
    settings = load_settings(flags={"spot": {"noise_factor": 8}})
    assert settings.spot.noise_factor == 8
    assert settings.spot.least_motion == 0.5, "flags must not wipe the file's other keys"


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("[spot]\nnoise_factor = 5\nnoise_faktor = 6\n", 3, "unknown key"),
        ("# a comment\n\n[sport]\nnoise_factor = 5\n", 3, "unknown key"),
        ("[track]\nsmallest_face = 5\n", 2, "greater than or equal to 20"),
        ("[track]\nmost_faces = 'many'\n", 2, "integer"),
    ],
)
def test_a_bad_key_is_refused_with_its_line(tmp_path, text, line, says):
    (tmp_path / "glimpse.toml").write_text(text)
    with pytest.raises(SettingsError, match=says) as caught:
        load_settings()
    assert f"glimpse.toml:{line}:" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_broken_toml_and_missing_file(tmp_path):
    with pytest.raises(SettingsError, match="no such settings file"):
        load_settings(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("[spot\n")
    with pytest.raises(SettingsError, match=r"bad\.toml"):
        load_settings(tmp_path / "bad.toml")


def test_an_unknown_variable_is_refused_by_name(monkeypatch):
    monkeypatch.setenv("GLIMPSE_SPOT__NOISE_FAKTOR", "7")
    with pytest.raises(SettingsError, match="GLIMPSE_SPOT__NOISE_FAKTOR"):
        load_settings()


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("GLIMPSE_CAMERA__WIDTH", "wide", "GLIMPSE_CAMERA__WIDTH: .*integer"),
        ("glimpse_camera__width", "wide", "glimpse_camera__width: .*integer"),
        ("GLIMPSE_CAMERA", '{"width": 1}', "GLIMPSE_CAMERA: camera.width: .*160"),
        ("GLIMPSE_CAMERA", "3", "GLIMPSE_CAMERA: "),
        ("GLIMPSE_CAMERA", "wide", 'field "camera".*written as JSON'),
    ],
)
def test_a_bad_value_in_a_variable_is_named(monkeypatch, variable, value, says):
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=f"^environment.*{says}"):
        load_settings()
