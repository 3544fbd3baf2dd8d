"""Regions, skin and depth drawn through the mesh."""

from __future__ import annotations

import numpy as np
import pytest

from kernels.face_regions import CLOUD_REGIONS, MOTION_REGIONS, depth_map, face_mask, region_labels, stable_skin
from kernels.face_topology import mirror, triangles

SETS = {"motion": MOTION_REGIONS, "cloud": CLOUD_REGIONS}


def test_triangles_close_the_face():
    table = triangles()
    assert table.shape == (898, 3)
    assert set(table.ravel()) == set(range(468))
    edges = np.sort(np.concatenate([table[:, [0, 1]], table[:, [1, 2]], table[:, [2, 0]]]), axis=1)
    _, uses = np.unique(edges, axis=0, return_counts=True)
    assert (uses == 1).sum() == 36  # the oval; eyes and mouth are closed
    assert uses.max() == 2


def test_the_mirror_maps_triangles_to_triangles():
    assert (mirror()[mirror()] == np.arange(468)).all()
    there = {frozenset(t) for t in triangles().tolist()[:852]}
    assert sum(frozenset(mirror()[list(t)].tolist()) in there for t in there) > 0.97 * len(there)


@pytest.mark.parametrize("name", SETS)
def test_every_region_is_there_on_its_own_side(mesh, name):
    labels = region_labels(mesh, 224, 224, name)
    assert labels.dtype == np.int16
    assert labels.min() == -1 and labels.max() == len(SETS[name]) - 1
    middle = mesh[[10, 152], 0].mean()
    for index, region in enumerate(SETS[name]):
        x = np.nonzero(labels == index)[1]
        assert x.size > 40, region
        if region.endswith("_left"):
            assert x.mean() > middle, region
        if region.endswith("_right"):
            assert x.mean() < middle, region
    assert face_mask(mesh, 224, 224)[labels >= 0].mean() > 0.99


def test_regions_lie_where_their_names_say(mesh):
    labels = region_labels(mesh, 224, 224)
    height = {name: np.nonzero(labels == i)[0].mean() for i, name in enumerate(MOTION_REGIONS)}
    order = ("brow_inner_left", "eyelid_left", "cheek_left", "lip_upper", "lip_lower", "chin")
    assert sorted(order, key=height.__getitem__) == list(order)
    left_eye = labels == MOTION_REGIONS.index("eyelid_left")
    x, y = mesh[386, :2].round().astype(int)  # the upper lid's middle, subject's left
    assert left_eye[y, x]


def test_still_skin_keeps_off_what_moves(mesh):
    stable, labels = stable_skin(mesh, 224, 224), region_labels(mesh, 224, 224)
    assert stable.sum() > 2000
    assert face_mask(mesh, 224, 224)[stable].all()
    for region in ("eyelid_left", "eyelid_right", "lip_upper", "lip_lower", "chin", "mouth_corner_left"):
        assert not stable[labels == MOTION_REGIONS.index(region)].any()


def test_depth_at_the_vertices(mesh):
    depth = depth_map(mesh, 224, 224)
    assert depth.dtype == np.float32 and np.isfinite(depth).all()
    x, y = mesh[1, :2].round().astype(int)  # tip of the nose: nearest to the camera
    assert depth[y, x] == pytest.approx(mesh[:, 2].min(), abs=5)
    inner = [6, 9, 50, 280, 205, 425, 199]
    x, y = mesh[inner, :2].round().astype(int).T
    np.testing.assert_allclose(depth[y, x], mesh[inner, 2], atol=2)


def test_depth_goes_on_beyond_the_rim(mesh):
    depth, inside = depth_map(mesh, 224, 224), face_mask(mesh, 224, 224)
    rim = mesh[:, 2].max() - mesh[:, 2].min()
    for axis in (0, 1):
        step = np.abs(np.diff(depth, axis=axis))
        across = np.diff(inside.astype(int), axis=axis) != 0
        beyond = ~inside.take(range(1, 224), axis) & ~inside.take(range(223), axis)
        assert np.median(step[across]) < 0.02 * rim and np.quantile(step[beyond], 0.99) < 0.05 * rim
    away = depth_map(mesh + np.float32([1000, 0, 0]), 224, 224)
    np.testing.assert_allclose(away, mesh[:, 2].mean(), atol=1e-3)


def test_shifted_mesh_shifts_the_maps(mesh):
    moved = mesh + np.float32([3, 5, 0])
    np.testing.assert_array_equal(region_labels(moved, 224, 224)[5:, 3:], region_labels(mesh, 224, 224)[:-5, :-3])


def test_a_face_beyond_the_image_is_cut_off(mesh):
    away = mesh + np.float32([1000, 0, 0])
    assert (region_labels(away, 224, 224) == -1).all()
    assert not stable_skin(away, 224, 224).any()
    half = region_labels(mesh + np.float32([112, 0, 0]), 224, 224)
    assert (half >= 0).any()


@pytest.mark.parametrize("bad", [np.zeros((478, 3)), np.zeros((468, 2)), np.full((468, 3), np.nan)])
def test_bad_meshes(bad):
    for call in (region_labels, stable_skin, face_mask, depth_map):
        with pytest.raises(ValueError, match="mesh"):
            call(bad.astype(np.float32), 64, 64)


def test_unknown_regions(mesh):
    with pytest.raises(ValueError, match="motion"):
        region_labels(mesh, 64, 64, "ears")
