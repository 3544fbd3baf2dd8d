"""Whole recordings: people, cameras, and the command that writes them."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from models.__main__ import app
from models.simulator.face_frame import face_width
from models.simulator.head import FaceState
from models.simulator.identity import draw_shape, draw_skin, mirrored
from models.simulator.lighting import Light
from models.simulator.neutral import CLOSED, mouth_opening, neutral_mesh
from models.simulator.occlusion import GlassesGlare, Hand
from models.simulator.portrait import Portrait, load_portraits
from models.simulator.recording import draw_recording, frame_size
from models.simulator.sensor import Sensor
from models.simulator.simulate import SimulationPlan, simulate_all
from models.simulator.truth import read_truth

RUN = CliRunner()


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[SimulationPlan, list[Path]]:
    plan = SimulationPlan(tmp_path_factory.mktemp("sim"), clips=2, seconds=6.0, fps=30.0, seed=8, face_px=120.0)
    return plan, simulate_all(plan, 2)


def test_recordings_repeat_by_seed_however_many_processes(written, tmp_path: Path):
    plan, videos = written
    again = SimulationPlan(tmp_path, plan.clips, plan.seconds, plan.fps, plan.seed, plan.face_px)
    for first, second in zip(videos, simulate_all(again, 1), strict=True):
        assert first.read_bytes() == second.read_bytes()
        assert first.with_suffix(".truth.csv").read_text() == second.with_suffix(".truth.csv").read_text()
    assert videos[0].read_bytes() != videos[1].read_bytes()


def test_truth_frames_agree_with_presentation_times(written):
    _, videos = written
    for video in videos:
        with av.open(str(video)) as container:
            stamps = np.array([float(frame.pts * frame.time_base) for frame in container.decode(video=0)])
        assert stamps[0] == 0
        assert (np.diff(stamps) > 0).all()
        for row in read_truth(video.with_suffix(".truth.csv")):
            assert row.clip == video.name
            assert stamps[row.onset_frame] > row.onset_s - 1e-3
            assert stamps[row.onset_frame - 1] <= row.onset_s + 1e-3
            assert stamps[row.offset_frame] >= row.offset_s - 1e-3


def test_variable_frame_rate_reaches_the_file(portrait: Portrait, tmp_path: Path):
    from models.simulator.video_writer import VideoWriter

    stamps = [0.0, 0.0331, 0.0702, 0.2004, 0.2311]
    with VideoWriter(tmp_path / "v.mp4", 64, 48, 30) as video:
        for at_s in stamps:
            video.write(np.zeros((48, 64, 3), np.uint8), at_s)
    with av.open(str(tmp_path / "v.mp4")) as container:
        read = [float(frame.pts * frame.time_base) for frame in container.decode(video=0)]
    np.testing.assert_allclose(read, stamps, atol=2e-5)


@pytest.mark.parametrize("face_px", [100.0, 224.0, 500.0])
def test_face_has_the_wanted_width(portrait: Portrait, face_px: float):
    recording = draw_recording([portrait], 5.0, 30.0, np.random.default_rng(1), face_px=face_px)
    assert face_width(recording.renderer.mesh(FaceState())) == pytest.approx(face_px, rel=0.02)
    mesh = recording.renderer.mesh(FaceState())
    assert (mesh[:, :2] > 0).all()
    assert (mesh[:, :2] < frame_size(face_px)).all()


def test_people_differ_in_shape_and_skin(portrait: Portrait):
    placed = portrait.placed(320, 320, 200)
    shapes = [draw_shape(placed.mesh, np.random.default_rng(seed)) for seed in range(4)]
    for first, second in pairwise(shapes):
        apart = np.linalg.norm((first - second)[:, :2], axis=1)
        assert apart.mean() > 2.0
        assert mouth_opening(first) < 2 * CLOSED
    skins = [draw_skin(placed.image, placed.mesh, np.random.default_rng(seed)).mean((0, 1)) for seed in range(4)]
    assert np.std(skins, axis=0).min() > 3


def test_mirrored_portrait_carries_its_mesh(portrait: Portrait):
    twice = mirrored(mirrored(portrait))
    np.testing.assert_array_equal(twice.image, portrait.image)
    np.testing.assert_allclose(twice.mesh, portrait.mesh, atol=1e-3)
    once = mirrored(portrait)
    assert once.mesh[234, 0] < once.mesh[454, 0]  # the subject's right stays on the image's left


def test_smiling_portrait_is_brought_to_rest(portrait: Portrait):
    assert mouth_opening(portrait.mesh) > 3 * CLOSED  # she smiles and shows her teeth
    rest = neutral_mesh(portrait.mesh)
    assert mouth_opening(rest) < CLOSED
    corners = [61, 291]
    assert (rest[corners, 1] > portrait.mesh[corners, 1] + 1).all()
    np.testing.assert_array_equal(neutral_mesh(rest), rest)


def test_sensor_noise_has_the_stated_strength():
    grey = np.full((200, 300, 3), 100, np.uint8)
    sensor = Sensor(grey.shape, np.random.default_rng(0), read=2.0, shot=0.05)
    first, second = sensor.record(grey).astype(float), sensor.record(grey).astype(float)
    assert first.std() == pytest.approx(3.0, rel=0.03)
    assert first.mean() == pytest.approx(100, abs=0.1)
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.02


def test_light_scales_and_slopes():
    grey = np.full((100, 200, 3), 100, np.uint8)
    lit = Sensor(grey.shape, np.random.default_rng(0), read=0.0).record(grey, Light(1.1, across=0.2)).astype(float)
    assert lit.mean() == pytest.approx(110, abs=0.7)
    assert lit[:, -10:].mean() - lit[:, :10].mean() == pytest.approx(19, abs=1.5)


def test_hand_hides_the_chin_only_while_it_is_there(stage):
    mesh, clean = stage.mesh(FaceState()), stage.render(FaceState())
    hand = Hand(1.0, 3.0, (0.0, 0.1), (180.0, 140.0, 120.0), 10.0)
    chin = mesh[152].round().astype(int)
    for at_s, hides in ((0.9, False), (2.0, True), (3.1, False)):
        frame = clean.copy()
        hand.draw(frame, mesh, at_s)
        assert bool((frame[chin[1] - 20, chin[0]] != clean[chin[1] - 20, chin[0]]).any()) == hides
    assert (frame == clean).all()


def test_glare_lies_on_the_glasses(stage):
    mesh, clean = stage.mesh(FaceState()), stage.render(FaceState())
    frame = clean.copy()
    GlassesGlare(1, (0.0, 0.0), 0.05, 0.8).draw(frame, mesh, 0.0)
    changed = np.argwhere((frame.astype(int) - clean).sum(2) > 30)[:, ::-1]
    assert len(changed) > 50
    eye = mesh[[362, 263], :2].mean(0)
    assert np.linalg.norm(changed.mean(0) - eye) < 0.15 * 224


def test_folder_of_portraits(portrait: Portrait, tmp_path: Path):
    for name in ("a.png", "b.jpg"):
        cv2.imwrite(str(tmp_path / name), cv2.cvtColor(portrait.image, cv2.COLOR_RGB2BGR))
    (tmp_path / "notes.txt").write_text("no picture")
    loaded = load_portraits(tmp_path)
    assert [one.name for one in loaded] == ["a.png", "b.jpg"]
    assert np.abs(loaded[0].mesh - portrait.mesh)[:, :2].mean() < 0.5


def test_largest_of_several_faces_is_taken(shared_data: Path):
    (chosen,) = load_portraits(shared_data / "clips" / "single_face.jpg")
    assert face_width(chosen.mesh) > 50


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--clips", "0"], "--clips must be at least 1"),
        (["--seconds", "1"], "--seconds must be at least 3"),
        (["--fps", "0"], "--fps must lie between 1 and 500"),
        (["--face-width", "20"], "--face-width must lie between 100 and 500 px"),
        (["--seed", "-1"], "--seed must not be negative"),
        (["--faces", "/nowhere"], "does not exist: give a portrait or a folder"),
    ],
)
def test_bad_arguments_give_one_clear_line(tmp_path: Path, arguments: list[str], complaint: str):
    result = RUN.invoke(app, ["simulate", "--out", str(tmp_path / "out"), *arguments])
    assert result.exit_code == 2
    said = [line for line in result.output.splitlines() if complaint in line]
    assert len(said) == 1
    assert "Traceback" not in result.output


def test_picture_without_a_face_is_named(tmp_path: Path):
    cv2.imwrite(str(tmp_path / "wall.png"), np.full((200, 200, 3), 128, np.uint8))
    (tmp_path / "torn.png").write_text("nothing")
    for name, complaint in (("wall.png", "no face found in wall.png"), ("torn.png", "cannot read")):
        result = RUN.invoke(app, ["simulate", "--out", str(tmp_path / "out"), "--faces", str(tmp_path / name)])
        assert result.exit_code == 2
        assert complaint in result.output
    with pytest.raises(ValueError, match="no picture in"):
        load_portraits(tmp_path / "out")


def test_command_writes_video_truth_and_conditions(tmp_path: Path):
    arguments = ["--clips", "1", "--seconds", "3", "--fps", "15", "--face-width", "100", "--processes", "1"]
    result = RUN.invoke(app, ["simulate", "--out", str(tmp_path), *arguments])
    assert result.exit_code == 0, result.output
    endings = {path.name.split(".", 1)[1] for path in tmp_path.iterdir()}
    assert endings == {"mp4", "truth.csv", "conditions.json"}
