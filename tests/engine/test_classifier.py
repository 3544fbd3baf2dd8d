"""The shipped network through ONNX Runtime: what it promises, and how it refuses."""

import shutil

import numpy as np
import pytest

from engine.classifier import ModelError
from engine.manifest import WEIGHTS, find_model
from engine.onnx_runtime import OnnxRuntimeClassifier
from engine.pick import load


@pytest.fixture(scope="module")
def classifier():
    return load("cloud")


@pytest.fixture(scope="module")
def clouds():
    random = np.random.default_rng(4)
    clouds = random.normal(0, 0.5, (9, 8, 128, 6)).astype(np.float32)
    clouds[..., 5] = np.abs(clouds[..., 5]) * 0.05
    return clouds


def test_verdicts_have_their_shapes_and_ranges(classifier, clouds):
    verdicts = classifier.classify(clouds)
    assert verdicts.probabilities.shape == (9, 3)
    assert verdicts.action_units.shape == (9, len(classifier.action_units))
    assert verdicts.expression.shape == (9,)
    np.testing.assert_allclose(verdicts.probabilities.sum(axis=1), 1, atol=1e-5)
    for values in verdicts:
        assert values.dtype == np.float32
        assert values.min() >= 0
        assert values.max() <= 1


def test_one_event_does_not_depend_on_its_batch(classifier, clouds):
    together = classifier.classify(clouds)
    for index in range(len(clouds)):
        alone = classifier.classify(clouds[index : index + 1])
        for a, b in zip(alone, together, strict=True):
            np.testing.assert_allclose(a[0], b[index], atol=1e-5)


def test_same_clouds_same_verdict(classifier, clouds):
    for a, b in zip(classifier.classify(clouds), classifier.classify(clouds), strict=True):
        np.testing.assert_array_equal(a, b)


def test_provenance_names_file_and_runtime(classifier):
    _, entry = find_model("cloud")
    provenance = classifier.provenance
    assert provenance.sha256 == entry.sha256
    assert (provenance.model, provenance.backend, provenance.device) == ("cloud", "onnxruntime", "cpu")
    assert provenance.trained_by.startswith("python -m models train --model cloud")
    assert classifier.labels == ("negative", "positive", "surprise")
    assert 1 / 3 < classifier.certain < 1


def test_shipped_file_is_small_and_whole():
    path, entry = find_model("cloud")
    assert entry.bytes == path.stat().st_size < 5_000_000
    assert not list(WEIGHTS.glob("*.data")), "weights must lie inside the ONNX file"


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((8, 128, 6), np.float32),
        np.zeros((1, 7, 128, 6), np.float32),
        np.zeros((1, 8, 128, 5), np.float32),
        np.zeros((1, 8, 0, 6), np.float32),
        np.zeros((1, 8, 128, 6)),
        np.full((1, 8, 128, 6), np.nan, np.float32),
    ],
)
def test_foreign_clouds_are_refused(classifier, wrong):
    with pytest.raises(ValueError, match="clouds"):
        classifier.classify(wrong)


def test_missing_file(tmp_path):
    with pytest.raises(ModelError, match="no such model file"):
        OnnxRuntimeClassifier(tmp_path / "none.onnx")


@pytest.mark.parametrize("content", [b"", b"not a network", None])
def test_corrupt_file_is_one_line(tmp_path, content):
    path = tmp_path / "cloud.onnx"
    whole = find_model("cloud")[0].read_bytes()
    path.write_bytes(whole[: len(whole) // 2] if content is None else content)
    with pytest.raises(ModelError, match=r"cloud\.onnx") as caught:
        OnnxRuntimeClassifier(path)
    assert "\n" not in str(caught.value)


def test_damaged_copy_is_refused_before_it_is_loaded(tmp_path):
    for path in WEIGHTS.iterdir():
        if path.is_file():
            shutil.copy(path, tmp_path)
    damaged = bytearray((tmp_path / "cloud.onnx").read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (tmp_path / "cloud.onnx").write_bytes(damaged)
    with pytest.raises(ModelError, match="SHA-256"):
        load("cloud", folder=tmp_path)


def test_foreign_network_is_refused(tmp_path):
    onnx = pytest.importorskip("onnx", reason="needs the train extra")
    value = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Identity", ["clouds"], ["probabilities"])],
        "foreign",
        [value("clouds", 1, [1, 3])],
        [value("probabilities", 1, [1, 3])],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=9)
    onnx.save(model, tmp_path / "foreign.onnx")
    with pytest.raises(ModelError, match="not one written by `python -m engine export`"):
        OnnxRuntimeClassifier(tmp_path / "foreign.onnx")


def test_unknown_backend_lists_the_known():
    with pytest.raises(
        ModelError, match=r"unknown backend .abacus.; choose auto or one of: tensorrt, onnxruntime-cuda, onnxruntime"
    ):
        load("cloud", "abacus")


def test_backend_asked_for_by_name(classifier, clouds):
    named = load("cloud", backend="onnxruntime")
    np.testing.assert_array_equal(named.classify(clouds).probabilities, classifier.classify(clouds).probabilities)
