"""Flows drawn without pictures: repeatable, in the right form, and with the class in them."""

import numpy as np

from models.flow_nuisance import FlowNuisance
from models.labels import ACTION_UNITS
from models.protocol.flow_features import block_means, motion_and_tension
from models.simulated_flows import simulate_flows

CALM = FlowNuisance(
    people=12, least_signal=20.0, most_signal=30.0, dropped=0.0, added=0.0, blink=0.0, turn=0.01, spikes=0
)


def test_the_same_seed_gives_the_same_flows():
    one, other = (simulate_flows(40, 3, FlowNuisance(people=4)) for _ in range(2))
    assert np.array_equal(one.flow, other.flow) and np.array_equal(one.label, other.label)
    assert not np.array_equal(one.flow, simulate_flows(40, 4, FlowNuisance(people=4)).flow)


def test_the_form_is_that_of_the_archive():
    samples = simulate_flows(30, 1, FlowNuisance(people=4))
    assert samples.flow.shape == (30, 28, 28, 3) and samples.flow.dtype == np.uint8
    assert samples.landmarks.shape == (30, 468, 3)
    assert (samples.flow.reshape(30, -1, 3).min(axis=1) == 0).all()
    assert (samples.flow.reshape(30, -1, 3).max(axis=1) == 255).all()


def test_raised_brows_move_up_and_smiles_move_the_mouth():
    samples = simulate_flows(300, 5, CALM)
    motion = motion_and_tension(samples.flow)
    units = samples.action_units
    only_brows = units[:, ACTION_UNITS.index("AU1")] & (units.sum(axis=1) == 1)
    only_smiles = units[:, ACTION_UNITS.index("AU12")] & (units.sum(axis=1) == 1)
    brows, mouth = np.s_[:, 3:10, 6:22, 1], np.s_[:, 17:25, 4:24, 1]
    assert motion[only_brows][brows].min(axis=(1, 2)).mean() < -0.5
    assert motion[only_smiles][mouth].min(axis=(1, 2)).mean() < -0.5
    assert motion[only_smiles][brows].min(axis=(1, 2)).mean() > -0.35


def test_classes_can_be_told_apart_and_nuisance_makes_it_harder():
    def told_apart(nuisance):
        samples = simulate_flows(900, 7, nuisance)
        features = block_means(motion_and_tension(samples.flow))
        train, test = np.arange(900) < 600, np.arange(900) >= 600
        means = np.stack([features[train & (samples.label == one)].mean(axis=0) for one in range(3)])
        said = ((features[test][:, None] - means) ** 2).sum(axis=2).argmin(axis=1)
        return (said == samples.label[test]).mean()

    calm, wild = told_apart(CALM), told_apart(FlowNuisance(people=12, least_signal=0.1, most_signal=0.3))
    assert calm > 0.55 and calm > wild + 0.1
