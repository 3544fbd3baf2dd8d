"""`python -m engine`, as a user meets it."""

import json
import shutil
import sys

import numpy as np
import pytest
from typer.testing import CliRunner

from engine import __main__ as command
from engine.manifest import WEIGHTS, record_model
from engine.proof import read_proof, write_proof
from engine.tensorrt_library import LIBRARIES


def run(*arguments):
    return CliRunner().invoke(command.app, [str(argument) for argument in arguments])


def test_check_measures_every_runtime_and_says_what_is_missing(tmp_path):
    result = run("check", "--no-compile", "--repetitions", 20, "--json", tmp_path / "engine.json")
    assert result.exit_code == 0, result.output
    figures = json.loads((tmp_path / "engine.json").read_text())
    network = next(one for one in figures["networks"] if one["model"] == "cloud")
    rows = {(row["backend"], row["precision"]): row for row in network["rows"] if not row["missing"]}
    row = rows["onnxruntime", "float32"]
    assert row["difference"] <= 1e-4
    assert all(row["latency_ms"][batch]["median"] > 0 for batch in ("1", "8", "64"))
    missing = {row["backend"]: row["missing"] for row in network["rows"] if row["missing"]}
    for reason in missing.values():
        assert reason in result.output.replace("\n", " ") or reason in result.output


def test_check_fails_when_answers_stray(monkeypatch):
    row = {"backend": "tensorrt", "precision": "float16", "missing": "", "difference": float("nan"), "allowed": 1e-2}
    figures = {"networks": [{"model": "cloud", "rows": [row]}]}
    monkeypatch.setattr(command.bench, "run", lambda *arguments: figures)
    result = run("check")
    assert result.exit_code == 1
    assert "error: answers stray from torch's: cloud in tensorrt, float16" in result.output


def test_check_fails_when_the_test_vector_fits_no_runtime(tmp_path):
    for path in WEIGHTS.glob("cloud.*"):
        shutil.copy(path, tmp_path)
    proof = read_proof(tmp_path / "cloud.proof.npz")
    write_proof(proof._replace(answers={"probabilities": np.zeros((8, 4), np.float32)}), tmp_path / "cloud.proof.npz")
    record_model("cloud", tmp_path / "cloud.onnx", "a test", "none", tmp_path / "cloud.proof.npz")
    result = run("check", "--no-compile", "--folder", tmp_path)
    assert result.exit_code == 1
    assert result.output.splitlines()[-1] == "error: the stored test vector does not fit the network's probabilities"


def test_a_build_without_a_gpu_is_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    result = run("build")
    assert result.exit_code == 1
    assert result.output.startswith("error: CuPy ") and result.output.count("\n") == 1


def test_a_build_without_tensorrt_is_one_line(monkeypatch):
    for package in LIBRARIES:
        monkeypatch.setitem(sys.modules, package, None)
    result = run("build", "--capability", "8.6")
    assert result.exit_code == 1
    assert result.output.startswith("error: TensorRT is not installed; pip install") and result.output.count("\n") == 1


def test_check_names_a_damaged_model(tmp_path):
    for path in WEIGHTS.glob("*.*"):
        shutil.copy(path, tmp_path)
    (tmp_path / "cloud.onnx").write_bytes(b"")
    result = run("check", "--folder", tmp_path)
    assert result.exit_code == 1
    assert result.output.startswith("error: ") and result.output.count("\n") == 1


def test_export_says_when_torch_is_missing(monkeypatch, tmp_path):
    monkeypatch.setattr(command.importlib.util, "find_spec", lambda name: None)
    result = run("export", tmp_path / "cloud.pt")
    assert result.exit_code == 1
    assert "pip install -e '.[train]'" in result.output


@pytest.mark.parametrize("content", [None, b"not a checkpoint"])
def test_export_refuses_what_is_no_checkpoint(tmp_path, content):
    pytest.importorskip("torch", reason="needs the train extra")
    checkpoint = tmp_path / "cloud.pt"
    if content is not None:
        checkpoint.write_bytes(content)
    result = run("export", checkpoint, "--out", tmp_path / "cloud.onnx")
    assert result.exit_code == 1
    assert result.output.startswith("error: ") and result.output.count("\n") == 1
    assert not (tmp_path / "cloud.onnx").exists()
