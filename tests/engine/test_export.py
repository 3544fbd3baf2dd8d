"""Every network goes through one door, and comes out with its schema, its proof and its entry, or not at all."""

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")

import onnx  # noqa: E402
from torch import nn  # noqa: E402

from engine import export  # noqa: E402
from engine.classifier import ModelError  # noqa: E402
from engine.export import export_checkpoint, export_network, torch_network  # noqa: E402
from engine.manifest import WEIGHTS, find_proof  # noqa: E402
from engine.pick import choose, load  # noqa: E402
from engine.proof import read_proof  # noqa: E402
from tests.engine.toy_networks import exportable, plain, two_inputs  # noqa: E402


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported")
    parity = export_network(two_inputs(), folder / "two.onnx")
    return folder, parity


def test_two_inputs_and_a_missing_head(exported):
    folder, parity = exported
    assert max(parity) < 1e-4
    classifier = load("two", folder=folder)
    assert [one.name for one in classifier.schema.inputs] == ["flow", "numbers"]
    given = two_inputs()
    verdicts = classifier.classify({name: tensor.numpy() for name, tensor in given.samples.items()})
    with torch.inference_mode():
        logits = given.network(*given.samples.values())
    np.testing.assert_allclose(verdicts.probabilities, torch.softmax(logits.classes / 1.5, 1), atol=1e-5)
    np.testing.assert_allclose(verdicts.expression, torch.sigmoid(logits.expression), atol=1e-5)
    assert verdicts.action_units.shape == (9, 0)


def test_class_logits_alone(tmp_path):
    export_network(plain(), tmp_path / "plain.onnx")
    classifier = load("plain", folder=tmp_path)
    verdicts = classifier.classify(np.ones((3, 4, 3), np.float32))
    assert verdicts.probabilities.shape == (3, 3)
    assert np.isnan(verdicts.expression).all(), "what the network does not say must not look like an answer"


def test_only_the_number_of_events_is_free(exported):
    model = onnx.load(exported[0] / "two.onnx")
    shapes = {
        one.name: [d.dim_param or d.dim_value for d in one.type.tensor_type.shape.dim] for one in model.graph.input
    }
    assert shapes["flow"][1:] == [2, 9, 9] and isinstance(shapes["flow"][0], str)
    assert shapes["numbers"][1:] == [5] and isinstance(shapes["numbers"][0], str)


def test_the_file_explains_itself(exported):
    properties = {entry.key: entry.value for entry in onnx.load(exported[0] / "two.onnx").metadata_props}
    schema = json.loads(properties["schema"])
    assert schema["labels"] == ["a", "b", "c", "d"]
    assert schema["inputs"][0] == {"name": "flow", "shape": [2, 9, 9], "meaning": "of a test"}
    assert (properties["commit"], properties["data"]) == ("abc", "random numbers")


def test_the_proof_holds_torchs_answers(exported):
    proof = read_proof(find_proof("two", exported[0]))
    given = two_inputs()
    with torch.inference_mode():
        expected = torch.softmax(given.network(*(t[:8] for t in given.samples.values())).classes / 1.5, 1)
    np.testing.assert_array_equal(proof.answers["probabilities"], expected.numpy())
    assert set(proof.answers) == {"probabilities", "expression"}


def test_a_network_that_strays_is_not_kept(tmp_path, monkeypatch):
    export_network(plain(), tmp_path / "plain.onnx")
    before = (tmp_path / "plain.onnx").read_bytes(), (tmp_path / "manifest.json").read_bytes()
    monkeypatch.setattr(export, "measure_parity", lambda *_: export.Parity(2e-4, 0.0, float("nan")))
    with pytest.raises(ModelError, match="strays by"):
        export_network(plain(), tmp_path / "plain.onnx")
    assert before == ((tmp_path / "plain.onnx").read_bytes(), (tmp_path / "manifest.json").read_bytes())
    assert not list(tmp_path.glob("*.new"))


class Undecided(nn.Module):
    def forward(self, values):
        return values[:, 0] if values.sum() > 0 else values[:, 1]


def test_what_torch_cannot_export_is_one_line(tmp_path):
    with pytest.raises(ModelError, match="undecided: torch cannot export it") as caught:
        export_network(exportable(Undecided(), "undecided", ("a", "b", "c"), values=(4, 3)), tmp_path / "u.onnx")
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_shipped_network_can_be_made_again_in_torch():
    network = torch_network(WEIGHTS / "cloud.onnx")
    proof = read_proof(find_proof("cloud"))
    with torch.inference_mode():
        found = network(torch.from_numpy(proof.inputs["clouds"]))
    for output, expected in zip(found, proof.answers.values(), strict=True):
        np.testing.assert_allclose(output, expected, atol=1e-6)


def test_folded_parameters_are_said_to_be_missing(exported):
    with pytest.raises(ModelError, match="does not hold its torch parameters"):
        torch_network(exported[0] / "two.onnx")


def test_a_checkpoint_may_name_its_module_and_inputs(tmp_path, monkeypatch):
    given = two_inputs()
    stored = {
        "model": "two", "module": "models.cloud_network", "network": {"state": {}}, "temperature": 1.5, "certain": 0.5,
        "inputs": [{"name": one.name, "shape": list(one.shape), "meaning": one.meaning} for one in given.inputs],
        "samples": given.samples, "labels": list(given.labels), "trained_by": "a test", "commit": "abc",
    }  # fmt: skip
    torch.save(stored, tmp_path / "two.pt")
    monkeypatch.setattr("models.cloud_network.from_checkpoint", lambda stored: given.network)
    assert max(export_checkpoint(tmp_path / "two.pt", tmp_path / "two.onnx")) < 1e-4
    assert choose("two", folder=tmp_path).difference < 1e-4


@pytest.mark.parametrize("module", ["os", "models", "engine.export", "models.cloud_network; import os", "models.none"])
def test_a_checkpoint_names_no_module_but_ours(tmp_path, module):
    torch.save({"model": "x", "module": module, "network": {}, "certain": 0.5}, tmp_path / "x.pt")
    with pytest.raises(ModelError, match="not a checkpoint"):
        export_checkpoint(tmp_path / "x.pt", tmp_path / "x.onnx")
