"""A model is loaded only when it is the one that the manifest names."""

import json

import pytest

from engine.classifier import ModelError
from engine.manifest import find_model, read_manifest, record_model, sha256_of


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "net.onnx").write_bytes(b"weights")
    record_model("net", tmp_path / "net.onnx", "python -m models train", "abc")
    return tmp_path


def test_recorded_model_is_found(folder):
    path, entry = find_model("net", folder)
    assert path == folder / "net.onnx"
    assert entry.sha256 == sha256_of(path)
    assert entry.bytes == len(b"weights")


def test_recording_a_second_model_keeps_the_first(folder):
    (folder / "other.onnx").write_bytes(b"more")
    record_model("other", folder / "other.onnx", "", "")
    assert set(read_manifest(folder).models) == {"net", "other"}


def test_recording_again_replaces(folder):
    (folder / "net.onnx").write_bytes(b"better")
    record_model("net", folder / "net.onnx", "", "")
    assert find_model("net", folder)[1].bytes == len(b"better")


def test_changed_file_is_refused(folder):
    (folder / "net.onnx").write_bytes(b"weightz")
    with pytest.raises(ModelError, match=r"SHA-256 is .* the manifest says .* restore it with git checkout"):
        find_model("net", folder)


def test_missing_file_is_refused(folder):
    (folder / "net.onnx").unlink()
    with pytest.raises(ModelError, match=r"net\.onnx: cannot be read"):
        find_model("net", folder)


def test_unknown_name_lists_the_known(folder):
    with pytest.raises(ModelError, match=r"no model named 'nett' .* there are: net"):
        find_model("nett", folder)


def test_missing_manifest(tmp_path):
    with pytest.raises(ModelError, match="no such manifest"):
        find_model("net", tmp_path)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"models": {"net": {}}}', '{"models": {}, "extra": 1}'])
def test_damaged_manifest_is_one_line(tmp_path, content):
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(ModelError, match=r"manifest\.json: cannot be read") as caught:
        read_manifest(tmp_path)
    assert "\n" not in str(caught.value)


def test_manifest_is_readable_by_people(folder):
    text = (folder / "manifest.json").read_text()
    assert json.loads(text)["models"]["net"]["trained_by"] == "python -m models train"
    assert text.count("\n") > 3
