"""Plans are used for exactly what they were built for, whole, and out of a folder that is ours alone."""

import os
import stat

import msgspec
import pytest

from engine.classifier import ModelError
from engine.plan_cache import PlanCache, PlanKey, UnusablePlan, cache_folder

KEY = PlanKey(
    "0" * 64, "float16", ((1, 1, 1), (2, 8, 64)), "NVIDIA A", (8, 6), "570.1, CUDA 13.0", "tensorrt", "10.13.2"
)
OTHERS = {
    "onnx_sha256": "1" * 64, "precision": "float32", "batches": ((1, 1, 1),), "gpu": "NVIDIA B", "capability": (8, 9),
    "driver": "571.0, CUDA 13.0", "library": "tensorrt_rtx", "version": "10.13.3",
}  # fmt: skip
PLAN = bytes(range(256)) * 20


@pytest.fixture
def cache(tmp_path):
    return PlanCache(tmp_path / "plans")


def test_round_trip_and_modes(cache):
    path = cache.write(KEY, PLAN)
    assert cache.read(KEY) == PLAN
    assert stat.S_IMODE(cache.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in cache.folder.iterdir()] == [path.name], "nothing half written is left"


def test_nothing_kept_is_none(cache):
    assert cache.read(KEY) is None


def test_every_part_of_the_key_counts(cache):
    assert set(OTHERS) == set(PlanKey.__struct_fields__)
    cache.write(KEY, PLAN)
    for field, value in OTHERS.items():
        other = msgspec.structs.replace(KEY, **{field: value})
        assert other.digest != KEY.digest
        assert cache.read(other) is None


def test_a_plan_under_another_plans_name_is_foreign(cache):
    for field, value in OTHERS.items():
        other = msgspec.structs.replace(KEY, **{field: value})
        cache.write(other, PLAN).replace(cache.path(KEY))
        with pytest.raises(UnusablePlan, match=f"made for another {field}"):
            cache.read(KEY)


def test_kinds_are_kept_apart(cache):
    cache.write(KEY, b"timings", "timing").replace(cache.path(KEY))
    with pytest.raises(UnusablePlan, match="made for another purpose"):
        cache.read(KEY)


def test_a_plan_cut_anywhere_is_damaged(cache):
    path = cache.write(KEY, PLAN[:40])
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(UnusablePlan):
            cache.read(KEY)


def test_a_byte_changed_anywhere_is_noticed(cache):
    path = cache.write(KEY, PLAN[:40])
    whole = bytearray(path.read_bytes())
    for place in range(len(whole)):
        changed = whole.copy()
        changed[place] ^= 0x21
        path.write_bytes(changed)
        with pytest.raises(UnusablePlan):
            cache.read(KEY)


def test_bytes_behind_the_plan_are_noticed(cache):
    path = cache.write(KEY, PLAN)
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(UnusablePlan, match="damaged"):
        cache.read(KEY)


@pytest.mark.parametrize("mode", [0o644, 0o620, 0o602])
def test_a_plan_that_others_can_touch_is_refused(cache, mode):
    cache.write(KEY, PLAN).chmod(mode)
    with pytest.raises(UnusablePlan, match="open to other users"):
        cache.read(KEY)


def test_a_link_is_not_followed(cache, tmp_path):
    cache.write(KEY, PLAN).replace(tmp_path / "elsewhere")
    cache.path(KEY).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UnusablePlan, match="cannot be opened"):
        cache.read(KEY)


def test_an_open_folder_of_ours_is_closed(tmp_path):
    (tmp_path / "plans").mkdir(mode=0o777)
    (tmp_path / "plans").chmod(0o777)
    PlanCache(tmp_path / "plans")
    assert stat.S_IMODE((tmp_path / "plans").stat().st_mode) == 0o700


def test_a_folder_that_is_a_link_is_refused(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "plans").symlink_to(tmp_path / "real")
    with pytest.raises(ModelError, match="not a folder of this user"):
        PlanCache(tmp_path / "plans")


def test_a_folder_of_somebody_else_is_refused(tmp_path, monkeypatch):
    (tmp_path / "plans").mkdir()
    mine = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: mine + 1)
    with pytest.raises(ModelError, match="not a folder of this user"):
        PlanCache(tmp_path / "plans")


def test_a_file_in_the_folders_place_is_one_line(tmp_path):
    (tmp_path / "plans").write_text("")
    with pytest.raises(ModelError, match="plans cannot be kept there") as caught:
        PlanCache(tmp_path / "plans")
    assert "\n" not in str(caught.value)


def test_the_folder_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "glimpse" / "plans"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative/paths/are/ignored")
    assert cache_folder().is_absolute() and cache_folder().parts[-2:] == ("glimpse", "plans")
