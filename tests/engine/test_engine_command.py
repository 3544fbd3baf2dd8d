"""`python -m engine`, as a user meets it."""

import shutil

import pytest
from typer.testing import CliRunner

from engine import __main__ as command
from engine.manifest import WEIGHTS


def run(*arguments):
    return CliRunner().invoke(command.app, [str(argument) for argument in arguments])


def test_check_times_every_shipped_model(monkeypatch):
    monkeypatch.setattr(command, "_REPETITIONS", 30)
    result = run("check")
    assert result.exit_code == 0
    assert "cloud: cloud.onnx" in result.output
    assert "onnxruntime, batch 1: median" in result.output


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
