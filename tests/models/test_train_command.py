"""`python -m models train`, as a user meets it."""

import pytest
from typer.testing import CliRunner

from models import train_command
from models.__main__ import app


def run(*arguments):
    return CliRunner().invoke(app, ["train", *map(str, arguments)])


def test_unknown_network(tmp_path):
    result = run("--model", "dog", "--out", tmp_path)
    assert result.exit_code == 1
    assert "no network named 'dog'; choose one of: cloud" in result.output


def test_without_torch_it_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setattr(train_command.importlib.util, "find_spec", lambda name: None)
    result = run("--model", "cloud", "--out", tmp_path)
    assert result.exit_code == 1
    assert result.output == "error: training needs torch: pip install -e '.[train]'\n"


def test_unknown_setting_is_one_line(tmp_path):
    pytest.importorskip("torch", reason="needs the train extra")
    config = tmp_path / "train.toml"
    config.write_text("epoch = 3")
    result = run("--model", "cloud", "--out", tmp_path, "--config", config)
    assert result.exit_code == 1
    assert result.output.count("\n") == 1
    assert "train.toml" in result.output and "epoch" in result.output
