"""The store: what is in it, that it goes on where it stopped, and that models read it."""

from __future__ import annotations

import cv2
import h5py
import numpy as np
import pytest
from typer.testing import CliRunner

from kernels.inputs.series import ten_frames
from models.__main__ import app
from models.datasets.clip import AnnotatedClip
from models.datasets.miniature import Miniature, write_miniature
from models.datasets.readers import find
from models.labels import ACTION_UNITS
from models.preparation.depth_camera import with_depth_change
from models.preparation.frames import ClipUnusable, read_frames
from models.preparation.marks import MarkFinder
from models.preparation.prepare import unit_targets
from models.preparation.samples import read
from models.preparation.settings import PrepareSettings
from models.preparation.store import Column, StoreError, is_there, read_contents
from models.preparation.timing import timed
from models.preparation.work import prepare_all
from models.systems.catalogue import SYSTEMS

SETTINGS = PrepareSettings(frames=18, size=64)


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "casme2"
    write_miniature(folder, "casme2", Miniature(subjects=2, events=3, frames=20, size=160))
    return folder


@pytest.fixture(scope="module")
def store(tree, tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    clips = find(f"casme2:{tree}").clips
    prepare_all(clips, SETTINGS, folder, [f"casme2:{tree}"], "a test")
    return folder


def test_every_clip_holds_every_field(store, tree):
    contents = read_contents(store)
    assert len(contents.clips) == 6 and not contents.failed and contents.data == [f"casme2:{tree}"]
    assert {entry.marks for entry in contents.clips} == {"annotated"}
    shapes = {
        "frame_landmarks": (468, 3), "frames": (18, 64, 64, 3), "oval": (64, 64), "landmarks": (468, 3),
        "flow": (28, 28, 3), "flow_onset_apex": (256, 256, 2), "flow_consecutive": (9, 64, 64, 2),
        "flow_cumulative": (9, 64, 64, 2), "clouds": (8, 128, 6), "dense_clouds": (8, 1024, 6),
        "patches": (30, 9, 2, 7, 7), "units": (17,), "predicted_units": (17,), "eyes": (18, 32, 32),
        "mouth": (18, 32, 32), "unit_region": (18, 64, 64, 3),
    }  # fmt: skip
    for entry in contents.clips:
        with h5py.File(store / entry.file) as clip:
            assert {name: clip[name].shape for name in clip} == shapes
            assert clip.attrs["subject"] == entry.subject and clip.attrs["rate"] == 200
            assert 0.3 < clip["oval"][()].mean() < 0.8
            assert np.isfinite(clip["flow_onset_apex"][()]).all()
            named = {f"AU{code.lstrip('LR')}" for code in entry.action_units.split("+")}
            assert {name for name, one in zip(ACTION_UNITS, clip["units"], strict=True) if one == 1} == named & set(
                ACTION_UNITS
            )


def test_the_expression_moves_the_skin_more_than_nothing_does(store):
    for entry in read_contents(store).clips:
        with h5py.File(store / entry.file) as clip:
            moved = np.linalg.norm(clip["flow_onset_apex"][()].astype(np.float32), axis=2)
            assert 0.5 < np.percentile(moved, 99.5) < 8, entry.name
            fast = np.linalg.norm(clip["dense_clouds"][()].astype(np.float32)[..., 3:5], axis=2)
            assert (np.diff(fast[:, :200], axis=1) <= 1e-2).all()  # fastest first; float16; small regions repeat


def test_a_second_run_does_nothing_and_a_changed_one_does_it_all(store, tree):
    clips = find(f"casme2:{tree}").clips
    said: list[tuple[int, int]] = []
    stamps = {file: file.stat().st_mtime_ns for file in store.rglob("*.h5")}
    prepare_all(clips, SETTINGS, store, ["again"], "a test", advanced=lambda done, total: said.append((done, total)))
    assert said == [(6, 6)]
    assert {file: file.stat().st_mtime_ns for file in store.rglob("*.h5")} == stamps
    one = next(iter(stamps))
    with h5py.File(one) as clip:
        made_by, source = clip.attrs["recipe"], clip.attrs["source"]
    assert is_there(one, made_by, source) and not is_there(one, made_by.replace("18", "19"), source)
    one.unlink()
    said.clear()
    prepare_all(clips, SETTINGS, store, ["again"], "a test", advanced=lambda done, total: said.append((done, total)))
    assert said == [(5, 6), (6, 6)] and one.is_file()
    one.write_bytes(b"half a file")
    assert not is_there(one, made_by, source)
    prepare_all(clips, SETTINGS, store, ["again"], "a test")
    assert is_there(one, made_by, source)


def test_every_system_reads_the_store(store):
    lines: list[str] = []
    samples = read(str(store), lines.append)
    assert len(samples) == 6 and sorted(set(samples.label.tolist())) == [0, 1, 2]
    assert "6 clips of 2 subjects" in lines[0]
    for name, system in SYSTEMS.items():
        made = system.make(3, False)
        arrays = made.view.read(samples.inputs.take(np.array([4, 1])))
        for array, wanted in zip(arrays, made.inputs, strict=True):
            assert array.shape == (2, *wanted.shape), name
            assert array.dtype == np.float32 and np.isfinite(array).all(), name
        swapped = made.view.read(samples.inputs.take(np.array([1, 4])))
        assert all(np.array_equal(one[0], other[1]) for one, other in zip(arrays, swapped, strict=True)), name


def test_a_column_reads_only_what_it_is_asked_for(store):
    files = [str(file) for file in sorted(store.rglob("*.h5"))]
    column = Column(files, "landmarks")
    some = column[np.array([2, 0])]
    assert len(some) == 2 and column.shape == (6, 468, 3)
    assert np.array_equal(np.asarray(some)[1], column[0]) and np.array_equal(next(iter(some)), column[2])
    assert np.asarray(column[np.array([], int)]).shape == (0,)


def test_clips_without_a_face_are_told_and_cost_nothing_else(tree, tmp_path):
    clips = find(f"casme2:{tree}").clips[:1]
    blank = []
    for at in range(5):
        blank.append(tmp_path / f"{at}.png")
        cv2.imwrite(str(blank[-1]), np.full((80, 80, 3), 90, np.uint8))
    faceless = AnnotatedClip("folders", "nobody", "blank", tuple(blank), 30.0, None, None, None, "fear")
    contents = prepare_all([*clips, faceless], SETTINGS, tmp_path / "store", ["x"], "a test")
    assert len(contents.clips) == 1 and contents.failed == {"folders/nobody/blank": "a face in only 0 of 5 frames"}
    with pytest.raises(ClipUnusable, match="only 1 frames"):
        read_frames(AnnotatedClip("folders", "n", "b", tuple(blank), 30.0, 4, None, None, "fear"))
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "letter.txt").write_text("mine")
    with pytest.raises(StoreError, match="holds something else"):
        prepare_all(clips, SETTINGS, tmp_path / "other", ["x"], "a test")


def test_an_unmarked_apex_is_found_where_the_skin_moved_most(tree):
    from models.preparation.alignment import Aligner

    clip = find(f"casme2:{tree}").clips[0]
    read_in = read_frames(clip)
    aligned = Aligner(256, 0.72).align(read_in.images)
    grey = np.stack([cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY) for crop in aligned.crops])
    finder = MarkFinder(256)
    found = finder.find(grey, aligned.mesh, read_in.rate, None, True)
    assert found.how == "apex found" and abs(found.apex - read_in.apex) <= 2
    # The same expression amid stillness, without any mark.
    still = np.concatenate([np.repeat(grey[:1], 150, axis=0), grey, np.repeat(grey[-1:], 150, axis=0)])
    found = finder.find(still, aligned.mesh, 100.0, None, False)
    assert found.how == "all found" and abs(found.apex - 150 - read_in.apex) <= 8
    assert found.onset == found.apex - 20 and found.offset == found.apex + 20


@pytest.mark.parametrize(("magnify", "least"), [("none", 0.0), ("eulerian", 1.15), ("lagrangian", 1.5)])
@pytest.mark.parametrize("interpolate", ["linear", "flow"])
def test_timing_keeps_the_ends_and_magnifies_what_moves(magnify: str, least: float, interpolate: str):
    if interpolate == "flow" and magnify != "none":
        pytest.skip("one way of interpolating is enough")
    random = np.random.default_rng(1)
    texture = cv2.GaussianBlur(random.normal(128, 60, (64, 80)).astype(np.float32), (0, 0), 3)
    ticks = 1.2 * np.sin(np.linspace(0, np.pi, 20))
    crops = []
    for shift in ticks:
        moved = cv2.warpAffine(texture, np.float64([[1, 0, shift], [0, 1, 0]]), (80, 64), borderMode=cv2.BORDER_REFLECT)
        crops.append(np.repeat(np.clip(moved[:, 8:72, None], 0, 255).astype(np.uint8), 3, axis=2))
    settings = PrepareSettings(frames=24, size=64, interpolate=interpolate, magnify=magnify, alpha=2.0)
    clip = timed(np.stack(crops), settings, 60.0)
    assert clip.shape == (24, 64, 64, 3) and np.abs(clip[0].astype(int) - crops[0]).mean() < 1.5
    plain = timed(np.stack(crops), PrepareSettings(frames=24, size=64), 60.0).astype(np.float32)
    change = np.abs(clip.astype(np.float32)[:, 8:-8, 8:-8] - clip[0, 8:-8, 8:-8]).mean(axis=(1, 2, 3)).max()
    before = np.abs(plain[:, 8:-8, 8:-8] - plain[0, 8:-8, 8:-8]).mean(axis=(1, 2, 3)).max()
    assert change > least * before


def test_ten_frames_lie_where_the_paper_puts_them():
    grey = np.repeat(np.arange(29, dtype=np.uint8)[:, None, None], 8, axis=1).repeat(8, axis=2)
    ten = ten_frames(grey, 14)
    assert np.allclose(ten[:, 0, 0], [0, 2, 4, 6, 8, 10, 12, 14, 21, 28])


def test_a_depth_camera_gives_depth_and_its_change():
    cloud = np.zeros((1, 2, 6), np.float32)
    cloud[0, 1, :2] = 0.1
    cloud[0, :, 3] = 2.24  # of 224 px: moves by 1 px at a face width of 100
    mesh = np.full((468, 3), 50, np.float32)
    before = np.tile(np.arange(100, dtype=np.float32) + 1, (100, 1))
    deep = with_depth_change(cloud, before, before + 10, mesh, 100.0)
    spread = before[before > 0].std()
    assert np.allclose(deep[0, 1, 2] - deep[0, 0, 2], 10 / spread, atol=1e-4)
    assert np.allclose(deep[0, :, 5], 11 / spread, atol=1e-4)
    assert np.array_equal(deep[..., [0, 1, 3, 4]], cloud[..., [0, 1, 3, 4]])


def test_units_of_a_sheet_become_targets():
    targets = unit_targets("4+L14+R25")
    assert {name for name, one in zip(ACTION_UNITS, targets, strict=True) if one} == {"AU4", "AU14", "AU25"}
    assert (unit_targets("") == -1).all()


def test_the_command_says_what_it_did_and_refuses_nonsense_in_one_line(tree, tmp_path):
    runner = CliRunner()
    done = runner.invoke(
        app, ["prepare", "--data", f"casme2:{tree}", "--out", str(tmp_path / "s"), "--frames", "16", "--size", "48"]
    )
    assert done.exit_code == 0 and "6 clips in" in done.stdout and "annotated 6" in done.stdout
    for wrong, told in (
        (["--frames", "3"], "--frames must lie between"),
        (["--magnify", "mikroskop"], "magnify"),
        (["--data", "casme9:/"], "no data set named"),
    ):
        refused = runner.invoke(app, ["prepare", "--data", f"casme2:{tree}", "--out", str(tmp_path / "t"), *wrong])
        assert refused.exit_code == 1 and told in refused.output and "Traceback" not in refused.output
