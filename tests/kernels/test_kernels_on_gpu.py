"""The CuPy path on a real GPU, against Numba."""

from __future__ import annotations

import numpy as np
import pytest

from kernels.clouds import regional_cloud
from kernels.cuda_launch import CudaMissing, CupyLauncher
from kernels.displace import displaced
from kernels.expression_flow import ExpressionFlow
from kernels.face_regions import depth_map, region_labels, stable_skin
from kernels.flow import FlowEstimator
from kernels.magnify import magnify_eulerian
from kernels.region_motion import main_direction, region_motion, top_magnitudes
from kernels.rigid import remove_rigid_motion
from kernels.sampling import farthest_points
from kernels.strain import flow_features
from tests.kernels.warping import bump, pulled_back

pytestmark = pytest.mark.gpu


@pytest.fixture(scope="module")
def cupy():
    try:
        return CupyLauncher().arrays
    except CudaMissing as missing:
        pytest.skip(str(missing))


@pytest.mark.parametrize("preset", ["tracking", "precise"])
def test_flow_of_one_pair_and_of_a_batch(cupy, face, preset):
    befores = np.stack([pulled_back(face, bump(224, 224, peak)) for peak in (0.5, 1.5)])
    afters = np.stack([face, face + 3])
    single = FlowEstimator(224, 224, preset)
    on_gpu = FlowEstimator(224, 224, preset, "cupy")(cupy.asarray(befores[0]), cupy.asarray(afters[0]))
    assert isinstance(on_gpu, cupy.ndarray)
    np.testing.assert_allclose(on_gpu.get(), single(befores[0], afters[0]), atol=1e-3)
    batch = FlowEstimator(224, 224, preset, "cupy", pairs=2)(befores, afters)
    assert isinstance(batch, np.ndarray)
    for flow, before, after in zip(batch, befores, afters, strict=True):
        np.testing.assert_allclose(flow, single(before, after), atol=1e-3)


@pytest.mark.parametrize("preset", ["tracking", "precise"])
def test_head_and_expression(cupy, face, mesh, preset):
    before, after = pulled_back(face, bump(224, 224, 1.0)), face.copy()
    depth, stable = depth_map(mesh, 224, 224), stable_skin(mesh, 224, 224)
    ours = ExpressionFlow(224, 224, preset)(before, after, depth, stable)
    arrays = [cupy.asarray(array) for array in (before, after, depth, stable)]
    on_gpu = ExpressionFlow(224, 224, preset, "cupy")(*arrays)
    assert isinstance(on_gpu.flow, cupy.ndarray)
    np.testing.assert_allclose(on_gpu.rigid.residual.get(), ours.rigid.residual, atol=5e-3)
    np.testing.assert_allclose(on_gpu.rigid.motion, ours.rigid.motion, atol=2e-3)


def test_all_that_follows_the_flow(cupy, face, mesh):
    random = np.random.default_rng(8)
    flow = (bump(224, 224, 2.0) + random.normal(0, 0.05, (224, 224, 2))).astype(np.float32)
    depth, stable = depth_map(mesh, 224, 224), stable_skin(mesh, 224, 224)
    labels = region_labels(mesh, 224, 224, "cloud")
    flow_, depth_, stable_, labels_ = (cupy.asarray(array) for array in (flow, depth, stable, labels))
    fit, fit_ = remove_rigid_motion(flow, depth, stable), remove_rigid_motion(flow_, depth_, stable_)
    np.testing.assert_allclose(fit_.residual.get(), fit.residual, atol=1e-4)
    np.testing.assert_allclose(flow_features(flow_).get(), flow_features(flow), atol=1e-5)
    np.testing.assert_allclose(region_motion(flow_, labels_, 8).get(), region_motion(flow, labels, 8), atol=1e-5)
    np.testing.assert_allclose(main_direction(flow_, labels_, 8), main_direction(flow, labels, 8), atol=1e-5)
    tops = top_magnitudes(flow_, labels_, 8, 30).get()
    np.testing.assert_allclose(tops, top_magnitudes(flow, labels, 8, 30), atol=1e-5)
    options = {"points": 300, "face_width": 160.0, "centre": mesh.mean(axis=0)}
    cloud_ = regional_cloud(flow_, depth_, depth_, labels_, **options).get()
    np.testing.assert_allclose(cloud_, regional_cloud(flow, depth, depth, labels, **options), atol=1e-5)
    np.testing.assert_array_equal(farthest_points(cupy.asarray(mesh), 50).get(), farthest_points(mesh, 50))
    carried = displaced(cupy.asarray(face), flow_, 1.5).get()
    np.testing.assert_allclose(carried, displaced(face, flow, 1.5), atol=0.05)
    clip = np.stack([pulled_back(face, bump(224, 224, t)) for t in (0.0, 0.5, 1.0, 0.5)])
    magnified = magnify_eulerian(cupy.asarray(clip), 30.0).get()
    np.testing.assert_allclose(magnified, magnify_eulerian(clip, 30.0), atol=0.01)
