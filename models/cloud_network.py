"""The network `cloud`: a light regional point network with a learned graph over facial regions.

After Zhang et al., IEEE TAFFC 2025 (eight regions of points with position and motion, shared point-wise layers per
region, a graph convolution over regions), trained end to end and mirror-symmetric by construction.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from kernels.face_regions import CLOUD_REGIONS
from models.labels import ACTION_UNITS, CLASSES

_RIGHT_HALF = ("eye_right", "cheek_right", "mouth_corner_right", "chin", "mouth")
_LEFT_HALF = ("eye_left", "cheek_left", "mouth_corner_left", "chin", "mouth")
_MIRROR = (-1.0, 1.0, 1.0, -1.0, 1.0, 1.0)

# Brings the raw channels near unit variance: positions are in face widths, strain is a derivative over some 20 px.
POSITION_GAIN = 4.0
_STRAIN_GAIN = 20.0
# Amplitudes below the flow's own floor carry no shape; px at 224 px face width.
_LEAST_AMPLITUDE = 0.05


@dataclass(frozen=True)
class CloudShape:
    """Sizes of the network."""

    point_width: int = 32
    local_width: int = 48
    global_width: int = 64
    token_width: int = 96
    graph_rounds: int = 2
    hidden: int = 128
    dropout: float = 0.2
    amplitude: bool = True  # False: the verdict does not depend on the unit of u, v and strain


class Logits(NamedTuple):
    """What the network says before softmax and sigmoid."""

    classes: Tensor  # (N, 3): negative, positive, surprise
    action_units: Tensor  # (N, A) in the order of models.labels.ACTION_UNITS
    expression: Tensor  # (N,): an expression at all


class RegionLinear(nn.Module):
    """One linear layer per region, shared by both sides: (..., R, P, C) -> (..., R, P, D)."""

    def __init__(self, regions: int, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(regions, inputs, outputs) * (2.0 / inputs) ** 0.5)
        self.bias = nn.Parameter(torch.zeros(regions, 1, outputs))

    def forward(self, values: Tensor) -> Tensor:
        return torch.matmul(values, self.weight) + self.bias


class _RegionGraph(nn.Module):
    """Exchange between regions of one side and across the face: learned adjacencies, symmetric under mirroring."""

    def __init__(self, regions: int, width: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.same_side = nn.Parameter(torch.eye(regions) * 0.9 + 0.02)
        self.other_side = nn.Parameter(torch.eye(regions) * 0.1 + 0.02)
        self.inner = nn.Linear(width, width)
        self.outer = nn.Linear(width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, tokens: Tensor) -> Tensor:
        values = self.norm(tokens)
        swapped = torch.stack((values[:, 1], values[:, 0]), dim=1)
        mixed = torch.matmul(self.same_side, values) + torch.matmul(self.other_side, swapped)
        update: Tensor = self.outer(self.dropout(torch.relu(self.inner(mixed))))
        return tokens + update


class CloudNetwork(nn.Module):
    """Clouds of moving points to class, action units and 'an expression at all'.

    Each half of the face is read by the same layers, the subject's left half mirrored (x and u change sign); chin
    and mouth are read both ways. The halves meet in the region graph and in a symmetric pooling, so a mirrored
    expression gets the same verdict exactly. Points whose six values are all zero count as missing.
    """

    mirror: Tensor

    def __init__(self, shape: CloudShape | None = None) -> None:
        super().__init__()
        self.shape = shape = shape or CloudShape()
        regions = len(_RIGHT_HALF)
        self.right = [CLOUD_REGIONS.index(name) for name in _RIGHT_HALF]
        self.left = [CLOUD_REGIONS.index(name) for name in _LEFT_HALF]
        self.register_buffer("mirror", torch.tensor(_MIRROR), persistent=False)
        self.points_in = RegionLinear(regions, 6, shape.point_width)
        self.points_local = RegionLinear(regions, shape.point_width, shape.local_width)
        self.points_global = RegionLinear(regions, shape.local_width, shape.global_width)
        self.context = RegionLinear(regions, shape.local_width, shape.global_width)
        self.token = RegionLinear(regions, 2 * shape.global_width, shape.token_width)
        self.amplitude = nn.Linear(1, shape.token_width)
        self.graph = nn.ModuleList(
            _RegionGraph(regions, shape.token_width, shape.dropout) for _ in range(shape.graph_rounds)
        )
        self.norm = nn.LayerNorm(shape.token_width)
        self.summary = RegionLinear(regions, 2 * shape.token_width, shape.token_width // 2)
        self.hidden = nn.Linear(regions * (shape.token_width // 2) + 1, shape.hidden)
        self.dropout = nn.Dropout(shape.dropout)
        self.classes = nn.Linear(shape.hidden, len(CLASSES))
        self.action_units = nn.Linear(shape.hidden, len(ACTION_UNITS))
        self.expression = nn.Linear(shape.hidden, 1)

    def forward(self, clouds: Tensor) -> Logits:
        """Judge a batch.

        Args:
            clouds: float32 (N, 8, P, 6) as made by `kernels.expression_cloud`; any P.

        Returns:
            Logits for (N,) events.
        """
        present = (clouds.abs().sum(dim=3, keepdim=True) > 0).to(clouds.dtype)
        points, log_amplitude = self.features(clouds, present)
        halves = torch.stack((points[:, self.right], points[:, self.left] * self.mirror), dim=1)
        mask = torch.stack((present[:, self.right], present[:, self.left]), dim=1)

        local = torch.relu(self.points_local(torch.relu(self.points_in(halves)))) * mask
        context = self.context(local.amax(dim=3, keepdim=True))
        full = torch.relu(self.points_global(local) + context) * mask
        return self.verdict(full, mask, log_amplitude)

    def deployed(self) -> nn.Module:
        """The same function in fewer passes over the points, for export."""
        from models.cloud_deployed import DeployedCloud

        return DeployedCloud(self).eval()

    def verdict(self, full: Tensor, mask: Tensor, log_amplitude: Tensor) -> Logits:
        """Logits from what was read of each point, (N, 2, R, P, D), zero where `mask` (N, 2, R, P, 1) is."""
        count = mask.sum(dim=3, keepdim=True).clamp(min=1.0)
        pooled = torch.cat((full.amax(dim=3, keepdim=True), full.sum(dim=3, keepdim=True) / count), dim=4)
        tokens = self.token(pooled).squeeze(3) + self.amplitude(log_amplitude).unsqueeze(1).unsqueeze(1)
        for exchange in self.graph:
            tokens = exchange(tokens)
        tokens = self.norm(tokens)
        sides = torch.cat((tokens.mean(dim=1), tokens.amax(dim=1)), dim=2)
        summary = torch.relu(self.summary(sides.unsqueeze(2))).flatten(1)
        hidden = self.dropout(torch.relu(self.hidden(torch.cat((summary, log_amplitude), dim=1))))
        return Logits(self.classes(hidden), self.action_units(hidden), self.expression(hidden).squeeze(1))

    def features(self, clouds: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        """Motion in units of the event's own root-mean-square motion, and that amplitude's logarithm (N, 1)."""
        motion, tension, log_amplitude = self.motion_and_tension(clouds, present)
        return torch.cat((clouds[..., :3] * POSITION_GAIN, motion, tension), dim=3), log_amplitude

    def motion_and_tension(self, clouds: Tensor, present: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The channels that move, (N, 8, P, 2) and (N, 8, P, 1), in units of the amplitude; its logarithm (N, 1)."""
        motion, strain = clouds[..., 3:5], clouds[..., 5:6]
        total = present.sum(dim=(1, 2, 3)).clamp(min=1.0)
        square = (motion * motion).sum(dim=(1, 2, 3)) / total
        least = _LEAST_AMPLITUDE if self.shape.amplitude else 1e-6
        amplitude = torch.sqrt(square + least * least).reshape(-1, 1, 1, 1)
        # The square root of strain: its distribution is heavy-tailed, and small strains tell regions apart.
        tension = torch.sqrt(strain.clamp(min=0.0) * (_STRAIN_GAIN / amplitude) + 1e-6)
        log_amplitude = torch.log(amplitude).reshape(-1, 1)
        if not self.shape.amplitude:
            log_amplitude = torch.zeros_like(log_amplitude)
        return motion / amplitude, tension, log_amplitude


def mirrored(clouds: Tensor) -> Tensor:
    """The same expressions on the other side of the face, (N, 8, P, 6)."""
    order = [CLOUD_REGIONS.index(_other_side(name)) for name in CLOUD_REGIONS]
    return clouds[:, order] * clouds.new_tensor(_MIRROR)


def _other_side(region: str) -> str:
    if region.endswith("_left"):
        return region.removesuffix("_left") + "_right"
    if region.endswith("_right"):
        return region.removesuffix("_right") + "_left"
    return region


def to_checkpoint(network: CloudNetwork) -> dict[str, Any]:
    """Weights and sizes, for `torch.save`."""
    return {"shape": asdict(network.shape), "state": network.state_dict()}


def from_checkpoint(checkpoint: dict[str, Any]) -> CloudNetwork:
    """The network stored by `to_checkpoint`, ready for inference."""
    network = CloudNetwork(CloudShape(**checkpoint["shape"]))
    network.load_state_dict(checkpoint["state"])
    return network.eval()
