"""Which runtime is taken, with faked machines; it must prove itself, and one asked for by name is never replaced."""

from dataclasses import replace

import numpy as np
import pytest

from engine import pick as picking
from engine.classifier import ModelError
from engine.manifest import find_model, find_proof
from engine.onnx_runtime import OnnxRuntimeClassifier
from engine.pick import choose, load, pick
from engine.proof import read_proof


@pytest.fixture(scope="module")
def path():
    return find_model("cloud")[0]


@pytest.fixture(scope="module")
def proof():
    return read_proof(find_proof("cloud"))


class Fake(OnnxRuntimeClassifier):
    """ONNX Runtime under another name, wrong by some amount."""

    def __init__(self, path, name, precision="float32", wrong=0.0):
        super().__init__(path)
        self.provenance = replace(self.provenance, backend=name, precision=precision)
        self._wrong = wrong

    def classify(self, batch):
        verdicts = super().classify(batch)
        return verdicts._replace(probabilities=verdicts.probabilities + np.float32(self._wrong))


def offer(monkeypatch, **backends):
    """Backends by name: an error to raise, or how wrong the answers are, or (precision, how wrong)."""

    def opener(name, what):
        def open_it(path, say):
            if isinstance(what, Exception):
                raise what
            precision, wrong = what if isinstance(what, tuple) else ("float32", what)
            return Fake(path, name, precision, wrong)

        return open_it

    offered = {name.replace("_", "-"): opener(name.replace("_", "-"), what) for name, what in backends.items()}
    monkeypatch.setattr(picking, "BACKENDS", offered)


def test_the_order_is_tensorrt_then_cuda_then_cpu():
    assert list(picking.BACKENDS) == ["tensorrt", "onnxruntime-cuda", "onnxruntime"]


def test_the_first_that_works_is_taken(monkeypatch, path, proof):
    offer(monkeypatch, tensorrt=0.0, onnxruntime_cuda=0.0, onnxruntime=0.0)
    choice = pick(path, proof)
    assert choice.classifier.provenance.backend == "tensorrt" and choice.refused == ()
    assert "not " not in choice.line()


def test_what_was_passed_over_is_told_with_its_reason(monkeypatch, path, proof):
    offer(
        monkeypatch, tensorrt=ModelError("no GPU", "buy one"), onnxruntime_cuda=ModelError("no CUDA"), onnxruntime=0.0
    )
    choice = pick(path, proof)
    assert choice.classifier.provenance.backend == "onnxruntime"
    assert "; not tensorrt: no GPU; not onnxruntime-cuda: no CUDA" in choice.line()
    assert "\n" not in choice.line()


@pytest.mark.parametrize("wrong", [2e-4, -2e-4, 1.0, float("nan"), float("inf")])
def test_a_runtime_that_answers_otherwise_is_passed_over(monkeypatch, path, proof, wrong):
    offer(monkeypatch, tensorrt=wrong, onnxruntime=0.0)
    choice = pick(path, proof)
    assert choice.classifier.provenance.backend == "onnxruntime"
    assert "gave another answer to the stored test vector" in choice.refused[0].reason


@pytest.mark.parametrize(("precision", "wrong", "taken"), [
    ("float32", 5e-5, True), ("float32", 2e-4, False), ("float16", 5e-3, True), ("float16", 2e-2, False),
])  # fmt: skip
def test_what_may_differ_depends_on_the_precision(monkeypatch, path, proof, precision, wrong, taken):
    offer(monkeypatch, tensorrt=(precision, wrong), onnxruntime=0.0)
    assert (pick(path, proof).classifier.provenance.backend == "tensorrt") is taken


@pytest.mark.parametrize("what", [ModelError("no GPU", "buy one"), 1.0])
def test_one_asked_for_by_name_is_never_replaced(monkeypatch, path, proof, what):
    offer(monkeypatch, tensorrt=what, onnxruntime=0.0)
    with pytest.raises(ModelError, match=r"tensorrt: (no GPU; buy one|gave another answer)") as caught:
        pick(path, proof, "tensorrt")
    assert "\n" not in str(caught.value)


def test_none_is_left(monkeypatch, path, proof):
    offer(monkeypatch, tensorrt=ModelError("no GPU"), onnxruntime=1.0)
    with pytest.raises(ModelError, match="tensorrt: no GPU; onnxruntime: gave another answer"):
        pick(path, proof)


def test_a_bug_in_a_runtime_is_not_hidden(monkeypatch, path, proof):
    offer(monkeypatch, tensorrt=ZeroDivisionError(), onnxruntime=0.0)
    with pytest.raises(ZeroDivisionError):
        pick(path, proof)


def test_this_machine_proves_its_choice():
    choice = choose("cloud")
    assert choice.difference <= 1e-4
    assert [refusal.backend for refusal in choice.refused] == [
        name for name in picking.BACKENDS if name in {refusal.backend for refusal in choice.refused}
    ]


@pytest.mark.parametrize("backend", ["tensorrt", "onnxruntime-cuda"])
def test_without_a_gpu_the_user_sees_one_line(monkeypatch, backend):
    monkeypatch.setitem(__import__("sys").modules, "cupy", None)
    monkeypatch.setattr("onnxruntime.get_available_providers", lambda: ["CPUExecutionProvider"])
    with pytest.raises(ModelError) as caught:
        load("cloud", backend)
    said = str(caught.value)
    assert said.startswith(f"{backend}: ") and "\n" not in said
    assert "pip install" in said


def test_a_silent_fall_back_of_onnx_runtime_is_refused(monkeypatch, path):
    monkeypatch.setattr(
        "onnxruntime.get_available_providers", lambda: ["CUDAExecutionProvider", "CPUExecutionProvider"]
    )
    real = __import__("onnxruntime").InferenceSession
    monkeypatch.setattr(
        "onnxruntime.InferenceSession", lambda *args, providers: real(*args, providers=["CPUExecutionProvider"])
    )
    with pytest.raises(ModelError, match="would run on CPUExecutionProvider"):
        OnnxRuntimeClassifier(path, device="cuda")
