"""Rewrites of an exported graph: fewer nodes, and the same answers to the last bits."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")

import onnx  # noqa: E402
import onnxruntime  # noqa: E402
from torch import nn  # noqa: E402

from engine.export import export_network, torch_network  # noqa: E402
from engine.manifest import WEIGHTS  # noqa: E402
from engine.onnx_speed import faster  # noqa: E402
from models.cloud_deployed import DeployedCloud  # noqa: E402
from models.cloud_network import CloudNetwork, CloudShape  # noqa: E402
from tests.engine.toy_networks import exportable  # noqa: E402


class Halves(nn.Module):
    """The steps that the rewrites are for: selection, two halves, presence, a bias over a map."""

    def __init__(self) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.randn(3, 1, 16))
        self.weight = nn.Parameter(torch.randn(3, 4, 16))
        self.register_buffer("mirror", torch.tensor([-1.0, 1.0, 2.0, 1.0]))

    def forward(self, values):
        present = (values.abs().sum(dim=3, keepdim=True) > 0).to(values.dtype)
        both = torch.stack((values[:, [0, 2, 1]], values[:, [3, 2, 4]] * self.mirror), dim=1)
        seen = torch.stack((present[:, [0, 2, 1]], present[:, [3, 2, 4]]), dim=1)
        read = (torch.matmul(both, self.weight) + self.bias) * seen
        return read.amax(dim=(1, 2, 3))[:, :3]


def plain_export(network, values):
    program = torch.onnx.export(
        network, (values,), dynamo=True, optimize=True, verbose=False, opset_version=18, input_names=["values"],
        dynamic_shapes=({0: torch.export.Dim("events", min=1, max=64)},),
    )  # fmt: skip
    return program.model_proto


def answers(model, values):
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"values": values.numpy()})[0]


@pytest.fixture(scope="module")
def halves():
    torch.manual_seed(1)
    network, values = Halves().eval(), torch.randn(5, 5, 128, 4)
    values[1, 2], values[2, :, 40:], values[3] = 0.0, 0.0, 0.0
    before = plain_export(network, values[:2])
    after = onnx.ModelProto()
    after.CopyFrom(before)
    return network, values, before, faster(after)


def test_the_answers_stay(halves):
    network, values, before, after = halves
    onnx.checker.check_model(after, full_check=True)
    for count in (1, 3, 5):
        some = values[:count]
        expected = network(some).detach().numpy()
        np.testing.assert_allclose(answers(before, some), expected, atol=1e-6)
        np.testing.assert_allclose(answers(after, some), expected, atol=1e-6)


def test_every_rewrite_took_place(halves):
    _, _, before, after = halves
    old, new = ([node.op_type for node in model.graph.node] for model in (before, after))
    assert "GatherND" in old and "GatherND" not in new, "selections are gathers along their axis"
    assert "Transpose" not in new
    assert "Concat" not in new, "both halves come of one gather"
    assert "Greater" in old and "Greater" not in new and "Sign" in new
    shapes = {one.name: tuple(one.dims) for one in after.graph.initializer}
    assert (3, 128, 16) in shapes.values(), "the bias covers the map"
    read = {name for node in after.graph.node for name in node.input}
    assert set(shapes) <= read, "no constant is left that nothing reads"


def test_what_looks_alike_is_left_alone():
    """Selections of different tensors, a comparison that is not of a sum of absolute values, a short constant."""

    class Other(nn.Module):
        def forward(self, values):
            first, second = values * 2.0, values + 1.0
            both = torch.stack((first[:, [0, 2]], second[:, [1, 0]]), dim=1)
            above = (values.sum(dim=3, keepdim=True) > 0).to(values.dtype)
            return (both.sum(dim=(1, 2)) * above.amax(dim=1)).sum(dim=1)[:, :3]

    torch.manual_seed(2)
    values = torch.randn(4, 3, 8, 4)
    network = Other().eval()
    model = faster(plain_export(network, values[:2]))
    np.testing.assert_allclose(answers(model, values), network(values).numpy(), atol=1e-5)
    assert "Sign" not in [node.op_type for node in model.graph.node]


@pytest.mark.parametrize("shape", [CloudShape(), CloudShape(point_width=8, local_width=12, amplitude=False)])
def test_the_deployed_cloud_is_the_trained_one(shape):
    torch.manual_seed(3)
    network = CloudNetwork(shape).eval()
    for parameter in network.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)  # biases start at zero, where they prove nothing
    clouds = 0.5 * torch.randn(7, 8, 128, 6)
    clouds[1, 3], clouds[2, :, 50:], clouds[3] = 0.0, 0.0, 0.0
    deployed = network.deployed()
    assert isinstance(deployed, DeployedCloud)
    with torch.inference_mode():
        for expected, found in zip(network(clouds), deployed(clouds), strict=True):
            assert expected.std() > 1e-3
            torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


def test_the_shipped_cloud_is_in_its_deployed_form():
    kinds = [node.op_type for node in onnx.load(WEIGHTS / "cloud.onnx").graph.node]
    assert len(kinds) <= 96 and "GatherND" not in kinds


class Normed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(36, 3))
        self.layers[1].running_mean += torch.arange(4.0)

    def forward(self, values):
        return self.layers(values)


def test_torch_is_made_again_though_the_batch_norm_was_folded(tmp_path, monkeypatch):
    from engine.torch_peer import Origin

    given = exportable(Normed(), "normed", ("a", "b", "c"), values=(2, 5, 5))
    told = Origin("models.cloud_network", {"sizes": 1}, 1.5)
    object.__setattr__(given, "origin", told)
    export_network(given, tmp_path / "normed.onnx")
    model = onnx.load(tmp_path / "normed.onnx")
    assert "BatchNormalization" not in [node.op_type for node in model.graph.node]

    def again(stored):
        network = Normed()
        network.load_state_dict(stored["state"])
        return network

    monkeypatch.setattr("models.cloud_network.from_checkpoint", again)
    values = given.samples["values"]
    with torch.inference_mode():
        (found,) = torch_network(tmp_path / "normed.onnx")(values)
        expected = torch.softmax(given.network(values) / 1.5, dim=1)
    torch.testing.assert_close(found, expected)


class TiedDown(nn.Module):
    def forward(self, values):
        return values.reshape(len(values), 12)[:, :3]


def test_a_network_for_one_number_of_events_is_refused(tmp_path):
    from engine.classifier import ModelError

    with pytest.raises(ModelError, match="tied: torch cannot export it") as caught:
        export_network(exportable(TiedDown(), "tied", ("a", "b", "c"), values=(4, 3)), tmp_path / "t.onnx")
    assert "\n" not in str(caught.value) and not list(tmp_path.iterdir())
