"""The network that never saw a real face: it ignores the training subjects, and several networks speak as one."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the train extra")

from models import flow_nuisance
from models.cloud_recipe import Cloud
from models.cloud_simulated import CloudSimulated, SimulatedFit
from models.flow_nuisance import FlowNuisance
from models.protocol.samples import Inputs, Samples
from models.simulated_flows import simulate_flows

EASY = FlowNuisance(people=6, classes=(1 / 3, 1 / 3, 1 / 3), least_signal=2.0, most_signal=3.0)
FEW = SimulatedFit(samples=500, epochs=8, batch=32, hidden=64, noise=0.3, nuisance=EASY)


@pytest.fixture(scope="module", autouse=True)
def less_noise_to_draw_from():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flow_nuisance, "_BANK", 50)
        yield


@pytest.fixture(scope="module")
def samples():
    drawn = simulate_flows(120, 77, EASY)
    names = np.array([f"event{row}" for row in range(120)])
    subjects = np.array([f"sim/{row // 10}" for row in range(120)])
    inputs = Inputs(names, {"flow": drawn.flow, "landmarks": drawn.landmarks})
    return Samples(inputs, drawn.label, subjects, np.full(120, "sim"))


def test_what_the_training_subjects_show_does_not_matter(samples):
    recipe = CloudSimulated(simulated=FEW, networks=2)
    fitted = recipe.fit(samples, 1)
    other = Samples(samples.inputs, 2 - samples.label, samples.subject, samples.dataset)
    assert np.array_equal(fitted.predict(samples.inputs), recipe.fit(other, 1).predict(samples.inputs))


def test_members_differ_and_their_mean_is_said(samples):
    fitted = CloudSimulated(simulated=FEW, networks=2).fit(samples, 1)
    one, other = (member.predict(samples.inputs) for member in fitted.members)
    assert np.abs(one - other).max() > 0.01
    said = fitted.predict(samples.inputs)
    assert said == pytest.approx((one + other) / 2)
    assert said.sum(axis=1) == pytest.approx(1)
    assert (said.argmax(axis=1) == samples.label).mean() > 0.5  # chance: about a third


def test_the_default_network_can_begin_from_it(samples, monkeypatch):
    import models.cloud_simulated as module

    monkeypatch.setattr(module, "SimulatedFit", lambda hidden: FEW)
    few = {"epochs": 1, "batch": 32, "hidden": 64, "calibrate": False, "learning_rate": 1e-5}
    from_simulation = Cloud(pretrained=True, **few).fit(samples, 1).predict(samples.inputs)
    begun = module.fit_simulated(FEW, 1)
    from models.cloud_recipe import FittedCloud

    assert np.abs(from_simulation - FittedCloud(begun, 1.0).predict(samples.inputs)).max() < 0.02
    assert np.abs(from_simulation - Cloud(**few).fit(samples, 1).predict(samples.inputs)).max() > 0.05
