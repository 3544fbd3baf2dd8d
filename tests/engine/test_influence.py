"""Regions are held still one by one, and move alone one by one; what the network then says is what they carried."""

from math import comb

import numpy as np
import pytest

from engine.classifier import Verdicts
from engine.influence import region_influence
from engine.pick import load
from kernels.expression_cloud import ExpressionCloud
from kernels.face_regions import CLOUD_REGIONS
from models.capture_faults import Camera, photograph
from models.simulated_clouds import spatial_face_width
from models.simulator.head import FaceState, Head
from models.simulator.neutral import neutral_mesh
from models.simulator.portrait import builtin_portrait
from models.simulator.render import FaceRenderer


class Weighs:
    """A network whose log odds of class 1 are a sum over regions of their mean horizontal motion."""

    def classify(self, clouds):
        log_odds = clouds[..., 3].mean(axis=2).sum(axis=1)
        chance = 1 / (1 + np.exp(-log_odds))
        return Verdicts(np.stack([1 - chance, chance, 0 * chance], axis=1), np.zeros((len(clouds), 0)), chance)


def test_influence_is_what_each_region_adds():
    cloud = np.zeros((8, 128, 6), np.float32)
    cloud[2, :, 3], cloud[5, :, 3] = 1.5, -0.5
    before = cloud.copy()
    said = float(Weighs().classify(cloud[None]).probabilities[0, 1])
    influence = region_influence(Weighs(), cloud, 1, said)
    assert influence == pytest.approx([0, 0, 1.5, 0, 0, -0.5, 0, 0], abs=1e-5)
    assert np.array_equal(cloud, before)


class NeedsEither:
    """A network that is sure as soon as one of two regions moves."""

    def classify(self, clouds):
        chance = np.where(np.abs(clouds[:, [4, 5], :, 3:]).max(axis=(1, 2, 3)) > 0, 0.9, 0.5)
        return Verdicts(np.stack([chance, 1 - chance], axis=1), np.zeros((len(clouds), 0)), chance)


def test_regions_that_say_the_same_share_what_they_carried():
    cloud = np.zeros((8, 128, 6), np.float32)
    cloud[[4, 5], :, 3] = 1.0
    influence = region_influence(NeedsEither(), cloud, 0, 0.9)
    assert influence[4] == influence[5] == pytest.approx(np.log(9) / 2)
    assert np.abs(influence[[0, 1, 2, 3, 6, 7]]).max() == 0


def test_certainty_gives_finite_numbers():
    cloud = np.zeros((8, 128, 6), np.float32)
    cloud[2, :, 3] = 500
    assert np.isfinite(region_influence(Weighs(), cloud, 1, 1.0)).all()


def shapley(network, cloud, best):
    """The exact value over all 256 subsets of moving regions."""
    moving = (np.arange(256)[:, None] >> np.arange(8)) & 1
    clouds = cloud[None].repeat(256, axis=0)
    clouds[..., 3:] *= moving[:, :, None, None].astype(np.float32)
    chances = network.classify(clouds).probabilities[:, best].astype(np.float64)
    log_odds = np.log(chances / (1 - chances))
    values = np.zeros(8)
    for region in range(8):
        among = np.flatnonzero(moving[:, region])
        weight = 1 / (8 * np.array([comb(7, size - 1) for size in moving[among].sum(axis=1)]))
        values[region] = (weight * (log_odds[among] - log_odds[among ^ (1 << region)])).sum()
    assert values.sum() == pytest.approx(log_odds[-1] - log_odds[0])
    return values


def test_the_shipped_network_finds_a_smile_at_the_mouth_and_a_frown_at_the_eyes():
    placed = builtin_portrait().placed(256, 256, 184.0, (0.5, 0.5))
    renderer = FaceRenderer(placed.image, Head(neutral_mesh(placed.mesh), 256, 256, texture_mesh=placed.mesh))
    mesh = renderer.mesh(FaceState())
    meter, network = ExpressionCloud(256), load("cloud")
    random = np.random.default_rng(6)
    camera = Camera(noise=1.0, flicker=0.0, shrink=1.0, blur=0.0, quality=0)
    onset = photograph(renderer.render(FaceState()), camera, random)
    carried = {}
    for label, units in (("positive", {"AU12": 0.2}), ("negative", {"AU4": 0.3})):
        apex = photograph(renderer.render(FaceState(units)), camera, random)
        cloud = meter.measure(onset, apex, mesh, spatial_face_width(mesh)).cloud
        chances = network.classify(cloud[None]).probabilities[0]
        best = int(chances.argmax())
        assert network.labels[best] == label
        influence = region_influence(network, cloud, best, float(chances[best]))
        carried[label] = CLOUD_REGIONS[int(influence.argmax())]
        assert np.corrcoef(influence, shapley(network, cloud, best))[0, 1] > 0.9
    assert carried["positive"].startswith(("mouth", "cheek"))
    assert carried["negative"].startswith("eye")
