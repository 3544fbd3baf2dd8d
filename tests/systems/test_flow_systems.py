"""STSTNet and HTNet: published sizes, and what a mirrored face must give."""

from __future__ import annotations

import numpy as np
import torch

from kernels.inputs.face_areas import four_areas
from models.systems.htnet import HTNet, HTNetShape
from models.systems.ststnet import STSTNet


def parameters(network: torch.nn.Module) -> int:
    return sum(one.numel() for one in network.parameters())


def test_ststnet_is_as_small_as_published():
    # Liong et al. 2019 state 0.00167 million, with three, five and eight filters and 400 inputs of the last layer.
    network = STSTNet()
    norms = sum(parameters(one) for one in network.modules() if isinstance(one, torch.nn.BatchNorm2d))
    without_norms = parameters(network) - norms
    assert without_norms == (27 + 1) * 16 + 400 * 3 + 3
    assert round(parameters(network) / 1e6, 4) == 0.0017
    assert network(torch.zeros(5, 3, 28, 28)).shape == (5, 3)


def test_htnet_attends_within_areas_before_it_attends_between_them():
    torch.manual_seed(0)
    network = HTNet(3, HTNetShape(width=24, repeats=(1, 1, 1))).eval()
    seen = []
    network.in_areas.register_forward_hook(lambda _, __, out: seen.append(out))
    picture = torch.randn(1, 3, 28, 28)
    changed = picture.clone()
    changed[:, :, 14:, 14:] = torch.randn(3, 14, 14)  # the lower right area alone
    with torch.inference_mode():
        first, second = network(picture), network(changed)
    difference = (seen[0] - seen[1]).abs().amax(dim=(0, 2, 3))
    assert difference[:3].max() == 0 and difference[3] > 0.01
    assert not torch.allclose(first, second)


def test_htnet_has_the_published_widths():
    network = HTNet(3)
    widths = [layer.before_attention.normalized_shape[0] for layer in network.modules() if hasattr(layer, "perceptron")]
    assert widths == [256] * 2 + [512] * 2 + [1024] * 10


def test_four_areas_lie_around_eyes_and_lip_corners():
    flow = np.zeros((1, 3, 28, 28), np.float32)
    landmarks = np.full((1, 468, 3), 0.5, np.float32)
    places = {33: (0.3, 0.3), 263: (0.7, 0.3), 61: (0.35, 0.75), 291: (0.65, 0.75)}
    for vertex, place in places.items():
        landmarks[0, vertex, :2] = place
    for twins, place in (((133, 159, 145), (0.3, 0.3)), ((362, 386, 374), (0.7, 0.3))):
        landmarks[0, list(twins), :2] = place
    for value, (x, y) in enumerate(places.values(), start=1):
        flow[0, 0, int(y * 28), int(x * 28)] = value
    areas = four_areas(flow, landmarks)
    quadrants = [areas[0, 0, :14, :14], areas[0, 0, :14, 14:], areas[0, 0, 14:, :14], areas[0, 0, 14:, 14:]]
    for value, quadrant in enumerate(quadrants, start=1):
        row, column = np.argwhere(quadrant == value)[0]
        assert abs(row - 7) <= 3 and abs(column - 7) <= 3
