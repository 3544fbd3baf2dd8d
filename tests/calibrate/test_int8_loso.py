"""INT8 under leave-one-subject-out: each fold trains, exports and quantises on its own training subjects alone."""

import sys
import types

import msgspec
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")

from calibrate.int8_loso import loss_on_loso  # noqa: E402
from engine.classifier import ModelError  # noqa: E402
from models.protocol import recipe as recipes  # noqa: E402
from models.protocol import sources  # noqa: E402
from models.protocol.samples import Inputs, Samples  # noqa: E402

SEEN: list[set[str]] = []


class Nearest(torch.nn.Module):
    """Class means as the rows of a linear layer."""

    def __init__(self, means):
        super().__init__()
        self.layer = torch.nn.Linear(means.shape[1], 3)
        with torch.no_grad():
            self.layer.weight.copy_(torch.from_numpy(means))
            self.layer.bias.copy_(torch.from_numpy(-0.5 * (means**2).sum(axis=1)))

    def forward(self, values):
        return self.layer(values)


class Fitted:
    def __init__(self, network):
        self.network = network.eval()

    def predict(self, inputs):
        return torch.softmax(self.network(torch.from_numpy(inputs["values"])), 1).detach().numpy()

    def exportable(self, inputs):
        return self.network, {"values": torch.from_numpy(np.asarray(inputs["values"], np.float32))}


class Means(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name = "means"
    needs = ("values",)
    has_epochs = False

    def fit(self, train, seed, after_epoch=None):
        SEEN.append(set(train.subject.tolist()))
        means = np.stack([train.inputs["values"][train.label == one].mean(axis=0) for one in range(3)])
        return Fitted(Nearest(means.astype(np.float32)))


@pytest.fixture
def protocol(monkeypatch):
    module = types.ModuleType("loso_of_a_test")
    module.Means = Means
    monkeypatch.setitem(sys.modules, "loso_of_a_test", module)
    monkeypatch.setitem(recipes.RECIPES, "means", "loso_of_a_test:Means")
    random = np.random.default_rng(2)
    label = np.tile(np.arange(3), 8)
    values = np.eye(6, dtype=np.float32)[label] * 2 + random.normal(0, 0.7, (24, 6)).astype(np.float32)
    subject = np.repeat(["a", "b", "c"], 8)
    names = np.array([str(number) for number in range(24)])
    samples = Samples(Inputs(names, {"values": values}), label, subject, np.full(24, "toy"))
    module.read = lambda where, say: samples
    monkeypatch.setitem(sources.READERS, "toy", "loso_of_a_test:read")
    SEEN.clear()
    return samples


def test_every_fold_is_judged_in_both(protocol):
    loss = loss_on_loso("toy:x", "means", {}, "minmax", lambda line: None)
    assert loss.events == 24 and loss.where == "toy, leave-one-subject-out, means"
    assert loss.uf1_float32 > 0.7 and abs(loss.lost) < 0.2
    assert 0 < loss.largest_difference < 0.2, "rounding must show, and little"
    assert [{"b", "c"}, {"a", "c"}, {"a", "b"}] == SEEN


def test_a_recipe_that_does_not_export_is_one_line(protocol, monkeypatch):
    monkeypatch.delattr(Fitted, "exportable")
    with pytest.raises(ModelError, match="recipe means does not say how its network is exported"):
        loss_on_loso("toy:x", "means", {}, "minmax", lambda line: None)


def test_the_default_network_says_how_it_is_exported(monkeypatch):
    random = np.random.default_rng(4)
    flow = random.integers(100, 156, (12, 28, 28, 3)).astype(np.uint8)
    label = np.tile(np.arange(3), 4)
    for row, (y, x) in enumerate(np.array([(5, 4), (20, 20), (2, 20)])[label]):
        flow[row, y : y + 6, x : x + 6, 1] = 240
    names, subjects = np.array([str(number) for number in range(12)]), np.repeat(["a", "b"], 6)
    samples = Samples(Inputs(names, {"flow": flow}), label, subjects, np.full(12, "toy"))
    monkeypatch.setattr(sources, "read_data", lambda spec, say: samples)
    few = {"epochs": 2, "batch": 6, "hidden": 16, "calibrate": False}
    loss = loss_on_loso("toy:x", "cloud", few, "minmax", lambda line: None)
    assert loss.events == 12 and 0 < loss.largest_difference < 0.2
