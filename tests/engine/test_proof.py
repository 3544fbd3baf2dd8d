"""The stored test vector: kept without pickle, refused when damaged, compared whole."""

import numpy as np
import pytest

from engine.classifier import ModelError
from engine.manifest import WEIGHTS, find_model, find_proof, record_model
from engine.pick import choose, load
from engine.proof import Proof, prove, read_proof, write_proof


@pytest.fixture
def proof():
    return Proof({"a": np.ones((2, 3), np.float32)}, {"probabilities": np.full((2, 3), 1 / 3, np.float32)})


def test_round_trip(tmp_path, proof):
    write_proof(proof, tmp_path / "p.npz")
    found = read_proof(tmp_path / "p.npz")
    np.testing.assert_array_equal(found.inputs["a"], proof.inputs["a"])
    np.testing.assert_array_equal(found.answers["probabilities"], proof.answers["probabilities"])


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 not a zip", None])
def test_damaged_is_one_line(tmp_path, proof, content):
    path = tmp_path / "p.npz"
    write_proof(proof, path)
    path.write_bytes(path.read_bytes()[:-30] if content is None else content)
    with pytest.raises(ModelError, match=r"p\.npz") as caught:
        read_proof(path)
    assert "\n" not in str(caught.value)


def test_objects_are_not_unpickled(tmp_path):
    np.savez(tmp_path / "p.npz", **{"input.a": np.array([{}], object)})
    with pytest.raises(ModelError, match="cannot be read"):
        read_proof(tmp_path / "p.npz")


def test_answers_to_other_questions_do_not_fit(proof):
    with pytest.raises(ModelError, match="does not fit the network"):
        prove(load("cloud"), proof)


def test_answers_of_another_length_do_not_fit():
    stored = read_proof(find_proof("cloud"))
    short = stored._replace(answers={"probabilities": stored.answers["probabilities"][:, :2]})
    with pytest.raises(ModelError, match="does not fit the network's probabilities"):
        prove(load("cloud"), short)


def test_every_output_is_compared():
    stored = read_proof(find_proof("cloud"))
    for name, answer in stored.answers.items():
        moved = stored._replace(answers={**stored.answers, name: answer + np.float32(0.001)})
        with pytest.raises(ModelError, match="gave another answer"):
            prove(load("cloud"), moved)


def test_a_model_without_proof_is_not_picked(tmp_path):
    path = tmp_path / "cloud.onnx"
    path.write_bytes(find_model("cloud")[0].read_bytes())
    record_model("cloud", path, "", "")
    with pytest.raises(ModelError, match="no stored test vector"):
        choose("cloud", folder=tmp_path)


def test_an_exchanged_proof_is_refused(tmp_path):
    for file in ("cloud.onnx", "cloud.proof.npz", "manifest.json"):
        (tmp_path / file).write_bytes((WEIGHTS / file).read_bytes())
    stored = read_proof(tmp_path / "cloud.proof.npz")
    assert choose("cloud", folder=tmp_path).difference < 1e-4
    write_proof(
        stored._replace(answers={"probabilities": 1 - stored.answers["probabilities"]}), tmp_path / "cloud.proof.npz"
    )
    with pytest.raises(ModelError, match="SHA-256"):
        choose("cloud", folder=tmp_path)
