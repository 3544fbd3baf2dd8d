"""TensorRT and ONNX Runtime on a real GPU."""

from __future__ import annotations

import numpy as np
import pytest

from engine.classifier import ModelError
from engine.cuda_device import NoGpu, find_device
from engine.manifest import find_model, find_proof
from engine.onnx_runtime import OnnxRuntimeClassifier
from engine.plan_cache import PlanCache
from engine.proof import prove, read_proof
from engine.tensorrt_library import TensorRTMissing, find_library
from engine.tensorrt_run import open_tensorrt

pytestmark = pytest.mark.gpu


@pytest.fixture(scope="module")
def cupy():
    try:
        return find_device().arrays
    except NoGpu as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="module")
def cache(cupy, tmp_path_factory):
    try:
        find_library()
    except TensorRTMissing as missing:
        pytest.skip(str(missing))
    return PlanCache(tmp_path_factory.mktemp("plans") / "kept")


@pytest.fixture(scope="module")
def proof():
    return read_proof(find_proof("cloud"))


@pytest.mark.parametrize(("precision", "allowed"), [("float32", 1e-4), ("float16", 1e-2)])
def test_tensorrt_repeats_the_stored_answers(cache, proof, precision, allowed):
    classifier = open_tensorrt(find_model("cloud")[0], precision, cache)
    classifier.warm()
    assert classifier.graphs == "CUDA graph for one event"
    assert prove(classifier, proof) <= allowed


@pytest.mark.parametrize("count", [1, 2, 8, 64, 65, 150])
def test_batches_from_the_host_and_on_the_device(cupy, cache, proof, count):
    clouds = np.ascontiguousarray(np.resize(proof.inputs["clouds"], (count, 8, 128, 6)))
    expected = OnnxRuntimeClassifier(find_model("cloud")[0]).classify(clouds)
    classifier = open_tensorrt(find_model("cloud")[0], "float32", cache)
    classifier.warm()
    for given in (clouds, cupy.asarray(clouds)):
        for one, other in zip(classifier.classify(given), expected, strict=True):
            np.testing.assert_allclose(one, other, atol=1e-4)


def test_a_kept_plan_is_used_again(cache):
    said: list[str] = []
    for _ in range(2):
        said.clear()
        open_tensorrt(find_model("cloud")[0], "float16", cache, said.append).warm()
    assert not said


def test_onnx_runtime_on_the_gpu(cupy, proof):
    try:
        classifier = OnnxRuntimeClassifier(find_model("cloud")[0], device="cuda")
    except ModelError as missing:
        pytest.skip(str(missing))
    assert prove(classifier, proof) <= 1e-4
