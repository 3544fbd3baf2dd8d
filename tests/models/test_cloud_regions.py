"""The default network on small flows: symmetric, unit-free, small, and explained by its own points."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the train extra")

import torch

from models.cloud_grid import grid_points, grid_values
from models.cloud_regions import RegionNetwork, mirrored
from models.parameter_count import parameter_count


@pytest.fixture(scope="module")
def flow():
    return np.random.default_rng(1).integers(0, 256, (5, 28, 28, 3)).astype(np.uint8)


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(2)
    return RegionNetwork().eval()


def test_a_mirrored_face_gets_the_same_verdict(network, flow):
    points = torch.from_numpy(grid_points(flow))
    turned = torch.cat(mirrored(points[..., :2], points[..., 2:]), dim=2)
    with torch.inference_mode():
        here, there = network(points), network(turned)
    assert torch.allclose(here.classes, there.classes, atol=1e-5)
    assert torch.allclose(here.action_units, there.action_units, atol=1e-5)


def test_classes_are_logarithms_of_probabilities(network, flow):
    with torch.inference_mode():
        chances = network(torch.from_numpy(grid_points(flow))).classes.exp()
    assert torch.allclose(chances.sum(dim=1), torch.ones(5), atol=1e-5)


def test_the_order_of_points_does_not_matter_and_missing_ones_do_not_count(network, flow):
    points = torch.from_numpy(grid_points(flow))
    shuffled = points[:, torch.randperm(points.shape[1])]
    padded = torch.cat([points, torch.zeros(5, 30, 5)], dim=1)
    with torch.inference_mode():
        expected = network(points).classes
        assert torch.allclose(network(shuffled).classes, expected, atol=1e-5)
        assert torch.allclose(network(padded).classes, expected, atol=1e-5)


def test_the_unit_of_either_channel_does_not_matter():
    random = np.random.default_rng(4)
    motion = random.normal(0, 20, (3, 28, 28, 3))
    weak, strong = motion.copy(), motion.copy()
    strong[..., 0] *= 2.0
    as_bytes = [np.clip(128 + one, 0, 255).astype(np.uint8) for one in (weak, strong)]
    one, other = (grid_values(flow)[..., 0] for flow in as_bytes)
    assert np.abs(one - other).mean() < 0.06 * np.abs(one).mean()


def test_it_is_light():
    assert parameter_count(RegionNetwork()) < 500_000


def test_middles_and_extents_are_trained(flow):
    network = RegionNetwork()
    network(torch.from_numpy(grid_points(flow))).classes[:, 0].sum().backward()
    assert network.middle.grad.abs().sum() > 0 and network.log_extent.grad.abs().sum() > 0
