"""NumPy, Numba and the CUDA sources give the same."""

from __future__ import annotations

import numpy as np
import pytest

from kernels.clouds import regional_cloud
from kernels.cuda_launch import SOURCES
from kernels.displace import displaced
from kernels.face_regions import MOTION_REGIONS, depth_map, region_labels, stable_skin
from kernels.flow import FlowEstimator
from kernels.flow_cuda import CudaFlow
from kernels.flow_presets import relaxation_weights
from kernels.interpolate import interpolate_frames, places_for_count
from kernels.magnify import magnify_eulerian
from kernels.region_motion import main_direction, region_motion, top_magnitudes
from kernels.rigid import remove_rigid_motion
from kernels.sampling import farthest_points
from kernels.strain import flow_features, optical_strain
from tests.kernels.cuda_on_cpu import kernels_in
from tests.kernels.warping import bump, pulled_back

OTHERS = ("numpy", "cupy")
FLOW_TOLERANCE = 1e-3
"""px. Typically 5e-6; a pixel on the very border may count as inside in one backend and outside in another."""


@pytest.fixture
def moved(face):
    random = np.random.default_rng(5)
    field = bump(224, 224, 2.0) + random.normal(0, 0.05, (224, 224, 2))
    return field.astype(np.float32)


@pytest.mark.parametrize("preset", ["tracking", "precise"])
@pytest.mark.parametrize("size", [(224, 224), (70, 83)])
def test_flow(cuda_sources, face, preset, size):
    after = face[: size[0], : size[1]]
    truth = bump(*size, 1.5, spread=size[0] / 10)
    before, after = pulled_back(after, truth), 1.03 * after + 4
    guess = np.full((*size, 2), 0.1, np.float32)
    for start in (None, guess):
        numba = FlowEstimator(*size, preset)(before, after, initial=start)
        for backend in OTHERS:
            other = FlowEstimator(*size, preset, backend)(before, after, initial=start)
            np.testing.assert_allclose(other, numba, atol=FLOW_TOLERANCE)


def test_a_batch_of_pairs_is_the_pairs_one_by_one(cuda_sources, face):
    befores = np.stack([pulled_back(face, bump(224, 224, peak)) for peak in (0.5, 1.0, 2.0)])
    afters = np.stack([face, 0.97 * face, face + 3])
    batch = FlowEstimator(224, 224, "tracking", "cupy", pairs=3)(befores, afters)
    assert batch.shape == (3, 224, 224, 2)
    single = FlowEstimator(224, 224, "tracking")
    for flow, before, after in zip(batch, befores, afters, strict=True):
        np.testing.assert_allclose(flow, single(before, after), atol=FLOW_TOLERANCE)


def test_what_an_earlier_solution_left_does_not_live_on(cuda_sources):
    random = np.random.default_rng(6)
    kernels, size = CudaFlow(cuda_sources, 1), (8, 8)
    tensor = np.stack([np.full(size, 50.0), np.zeros(size), np.full(size, 40.0)]).astype(np.float32)[None]
    inverse, right = kernels.grid(3, *size), random.normal(0, 9, (1, 2, *size)).astype(np.float32)
    kernels.invert(tensor, 20.0, inverse)
    weights, found = np.array(relaxation_weights(3, 0.1), np.float32), []
    for left in (0.0, np.nan):
        solution, rooms = kernels.grid(2, *size), tuple(kernels.grid(2, *size) for _ in range(3))
        rooms[1][:] = left
        kernels.relax(tensor, inverse, 1.0, 0.5, weights, right, solution, rooms)
        found.append(solution)
    assert np.isfinite(found[0]).all() and np.array_equal(*found)


@pytest.mark.parametrize("backend", OTHERS)
def test_strain(cuda_sources, moved, backend):
    np.testing.assert_allclose(optical_strain(moved, backend), optical_strain(moved), atol=1e-5)
    np.testing.assert_allclose(flow_features(moved, backend), flow_features(moved), atol=1e-5)


@pytest.mark.parametrize("backend", OTHERS)
@pytest.mark.parametrize("flat", [False, True])
def test_rigid(cuda_sources, moved, mesh, backend, flat):
    depth = None if flat else depth_map(mesh, 224, 224)
    stable = stable_skin(mesh, 224, 224)
    ours, other = (remove_rigid_motion(moved, depth, stable, backend=b) for b in ("numba", backend))
    assert (ours.model, ours.pixels) == (other.model, other.pixels)
    assert ours.model == ("affine" if flat else "rigid")
    np.testing.assert_allclose(other.motion, ours.motion, atol=1e-5)
    np.testing.assert_allclose(other.residual, ours.residual, atol=1e-4)
    assert other.noise == pytest.approx(ours.noise, abs=1e-5)


@pytest.mark.parametrize("backend", OTHERS)
def test_regions(cuda_sources, moved, mesh, backend):
    labels, count = region_labels(mesh, 224, 224), len(MOTION_REGIONS) + 1  # the last one is empty
    for call in (region_motion, main_direction):
        np.testing.assert_allclose(call(moved, labels, count, backend), call(moved, labels, count), atol=1e-5)
    top = top_magnitudes(moved, labels, count, 40, backend)
    np.testing.assert_allclose(top, top_magnitudes(moved, labels, count, 40), atol=1e-5)


@pytest.mark.parametrize("backend", OTHERS)
def test_clouds_with_many_ties(cuda_sources, moved, mesh, backend):
    coarse = np.round(moved, 1)
    depth, labels = depth_map(mesh, 224, 224), region_labels(mesh, 224, 224, "cloud")
    strain = optical_strain(coarse)
    options = {"count": 9, "points": 700, "face_width": 160.0, "centre": mesh.mean(axis=0)}
    ours, other = (regional_cloud(coarse, strain, depth, labels, backend=b, **options) for b in ("numba", backend))
    np.testing.assert_allclose(other, ours, atol=1e-6)


@pytest.mark.parametrize("backend", OTHERS)
def test_farthest_points(cuda_sources, mesh, backend):
    np.testing.assert_array_equal(farthest_points(mesh, 60, backend=backend), farthest_points(mesh, 60))


@pytest.mark.parametrize("backend", OTHERS)
def test_displaced_magnified_interpolated(cuda_sources, face, backend):
    field = bump(111, 97, 1.0, spread=12)
    image = face[60:171, 60:157]
    np.testing.assert_allclose(displaced(image, field, 2.5, backend), displaced(image, field, 2.5), atol=1e-2)
    clip = np.stack([pulled_back(image, field * t) for t in (0.0, 0.3, 0.6, 0.9, 0.6, 0.3)])
    np.testing.assert_allclose(magnify_eulerian(clip, 30.0, backend=backend), magnify_eulerian(clip, 30.0), atol=1e-2)
    places = places_for_count(3, 5)
    ours, other = (interpolate_frames(clip[:3], places, backend=b) for b in ("numba", backend))
    np.testing.assert_allclose(other, ours, atol=0.05)


def test_every_cuda_kernel_was_run(cuda_sources, face, mesh, moved):
    """Runs one of each here, so that the claim does not hang on the order of tests."""
    cuda_sources.launched.clear()
    test_flow(cuda_sources, face, "precise", (70, 83))
    test_strain(cuda_sources, moved, "cupy")
    test_rigid(cuda_sources, moved, mesh, "cupy", False)
    test_regions(cuda_sources, moved, mesh, "cupy")
    test_clouds_with_many_ties(cuda_sources, moved, mesh, "cupy")
    test_farthest_points(cuda_sources, mesh, "cupy")
    test_displaced_magnified_interpolated(cuda_sources, face, "cupy")
    written = {(file.stem, name) for file in SOURCES.glob("*.cu") for name in kernels_in(file.stem)}
    assert cuda_sources.launched == written
