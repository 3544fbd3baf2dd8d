"""Small torch networks that go through the same door as the real ones."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from engine.export import Exportable
from engine.schema import InputSpec


class Logits(NamedTuple):
    classes: Tensor
    expression: Tensor


class TwoInputs(nn.Module):
    """A convolution with batch norm over a picture, a linear layer over numbers, no action units."""

    def __init__(self) -> None:
        super().__init__()
        self.picture = nn.Sequential(nn.Conv2d(2, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1))
        self.numbers = nn.Linear(5, 8)
        self.classes = nn.Linear(16, 4)
        self.expression = nn.Linear(16, 1)

    def forward(self, flow: Tensor, numbers: Tensor) -> Logits:
        hidden = torch.cat((self.picture(flow).flatten(1), torch.relu(self.numbers(numbers))), dim=1)
        return Logits(self.classes(hidden), self.expression(hidden).squeeze(1))


class Plain(nn.Module):
    """One input, class logits only."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(12, 3))

    def forward(self, values: Tensor) -> Tensor:
        logits: Tensor = self.layers(values)
        return logits


def exportable(network: nn.Module, name: str, labels: tuple[str, ...], **shapes: tuple[int, ...]) -> Exportable:
    torch.manual_seed(1)
    samples = {one: torch.randn(9, *shape) for one, shape in shapes.items()}
    inputs = tuple(InputSpec(one, shape, "of a test") for one, shape in shapes.items())
    return Exportable(name, network.eval(), inputs, samples, labels, (), 0.5, 1.5, "a test", "abc", "random numbers")


def two_inputs() -> Exportable:
    torch.manual_seed(3)
    return exportable(TwoInputs(), "two", ("a", "b", "c", "d"), flow=(2, 9, 9), numbers=(5,))


def plain() -> Exportable:
    torch.manual_seed(4)
    return exportable(Plain(), "plain", ("a", "b", "c"), values=(4, 3))
