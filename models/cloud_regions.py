"""The network `cloud` on small flows: regions of the face that are learned, each pooling the points near its middle.

After Zhang et al., IEEE TAFFC 2025 (regions of moving points, shared layers), with regions that are trained rather than
drawn: each is a Gaussian on the face whose middle and extent follow the gradient like every other weight.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from models.labels import ACTION_UNITS, CLASSES

_MIRROR_MOTION = (-1.0, 1.0, 1.0)


@dataclass(frozen=True)
class RegionShape:
    """Sizes of the network."""

    regions: int = 7  # each way at the start
    extent: float = 0.05  # standard deviation of a region at the start, fractions of the crop
    hidden: int = 256
    dropout: float = 0.3
    noise: float = 1.5  # in training, added to what a region says, in units of its spread over the batch


class RegionLogits(NamedTuple):
    """What the network says before softmax and sigmoid."""

    classes: Tensor  # (N, 3): negative, positive, surprise
    action_units: Tensor  # (N, A) in the order of models.labels.ACTION_UNITS


class RegionNetwork(nn.Module):
    """Moving points to class and action units.

    In inference the face and its mirror image are judged by the same layers and their probabilities averaged, so a
    mirrored expression gets the same verdict exactly. Strong noise on the regions' values takes the place of the data
    that nobody has: it makes the network nearly as smooth as a kernel machine.
    """

    def __init__(self, shape: RegionShape | None = None) -> None:
        super().__init__()
        self.shape = shape = shape or RegionShape()
        ticks = (torch.arange(shape.regions) + 0.5) / shape.regions - 0.5
        down, across = torch.meshgrid(ticks, ticks, indexing="ij")
        self.middle = nn.Parameter(torch.stack([across.flatten(), down.flatten()], dim=1))
        self.log_extent = nn.Parameter(torch.full((shape.regions**2, 2), shape.extent).log())
        self.hidden = nn.Linear(3 * shape.regions**2, shape.hidden)
        self.dropout = nn.Dropout(shape.dropout)
        self.classes = nn.Linear(shape.hidden, len(CLASSES))
        self.action_units = nn.Linear(shape.hidden, len(ACTION_UNITS))

    def forward(self, points: Tensor) -> RegionLogits:
        """Judge a batch.

        Args:
            points: float32 (N, P, 5): x and y as fractions of the crop from its middle; u, v and tension as
                `models.cloud_grid.grid_points` gives them. Points of zeros are missing; any P.

        Returns:
            Logarithms of probabilities (N, 3), and logits of action units (N, A).
        """
        here = self._one_side(points[..., :2], points[..., 2:])
        there = self._one_side(*mirrored(points[..., :2], points[..., 2:]))
        chances = (here.classes.softmax(dim=1) + there.classes.softmax(dim=1)) / 2
        return RegionLogits(chances.clamp(min=1e-9).log(), (here.action_units + there.action_units) / 2)

    def _one_side(self, places: Tensor, values: Tensor) -> RegionLogits:
        return self.judge(self.pool(places, values))

    def pool(self, places: Tensor, values: Tensor) -> Tensor:
        """Each region's mean motion and tension.

        Args:
            places: (N or 1, P, 2), fractions of the crop from its middle.
            values: (N, P, 3); points of zeros do not count.

        Returns:
            (N, 3 * R).
        """
        present = (values.abs().sum(dim=2, keepdim=True) > 0).to(values.dtype)
        away = (places.unsqueeze(2) - self.middle) * torch.exp(-self.log_extent)
        weight = torch.exp(-0.5 * (away * away).sum(dim=3)).transpose(1, 2)  # (N or 1, R, P)
        return (torch.matmul(weight, values) / (torch.matmul(weight, present) + 1e-3)).flatten(1)

    def judge(self, pooled: Tensor) -> RegionLogits:
        """Logits from what the regions say, (N, 3 * R); blurred by noise in training."""
        if self.training and self.shape.noise:
            pooled = pooled + self.shape.noise * pooled.detach().std(dim=0) * torch.randn_like(pooled)
        hidden = self.dropout(torch.relu(self.hidden(pooled)))
        return RegionLogits(self.classes(hidden), self.action_units(hidden))


def mirrored(places: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
    """The same expressions on the other side of the face."""
    return places * places.new_tensor((-1.0, 1.0)), values * values.new_tensor(_MIRROR_MOTION)


def to_checkpoint(network: RegionNetwork) -> dict[str, Any]:
    """Weights and sizes, for `torch.save`."""
    return {"shape": asdict(network.shape), "state": network.state_dict()}


def from_checkpoint(checkpoint: dict[str, Any]) -> RegionNetwork:
    """The network stored by `to_checkpoint`, ready for inference."""
    network = RegionNetwork(RegionShape(**checkpoint["shape"]))
    network.load_state_dict(checkpoint["state"])
    return network.eval()
