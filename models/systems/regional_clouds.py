"""The original network over regional point clouds, 8 regions of 1024 points (Zhang et al., IEEE TAFFC 2025).

Trained end to end here: in the published code the first two stages are cut off from the gradient.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class RegionalCloudsShape:
    """Sizes; the defaults are the published ones."""

    points: tuple[int, int] = (512, 128)  # of largest motion, at the first and second stage
    first: tuple[int, ...] = (64, 64, 128)
    second: tuple[int, ...] = (128, 128, 256)
    third: tuple[int, ...] = (256, 512, 1024)
    graph: int = 512
    blocks: int = 2
    dropout: float = 0.2
    last_dropout: float = 0.4


class _PointLayers(nn.Module):
    """Linear, batch norm and ReLU on every point alone, the same for all regions."""

    def __init__(self, inputs: int, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *(
                nn.Sequential(nn.Conv1d(one, other, 1, bias=False), nn.BatchNorm1d(other), nn.ReLU())
                for one, other in pairwise((inputs, *widths))
            )
        )

    def forward(self, points: Tensor) -> Tensor:
        """(N, channels, points) -> (N, last width, points)."""
        values: Tensor = self.layers(points)
        return values


class _GraphConvolution(nn.Module):
    """Tokens of regions mixed by a learned adjacency that starts near the identity."""

    def __init__(self, regions: int, inputs: int, outputs: int) -> None:
        super().__init__()
        self.adjacency = nn.Parameter(torch.full((regions, regions), 0.01) + 0.99 * torch.eye(regions))
        self.linear = nn.Linear(inputs, outputs)

    def forward(self, tokens: Tensor) -> Tensor:
        return torch.matmul(self.adjacency, self.linear(tokens))


class _GraphStep(nn.Module):
    """Graph convolution, batch norm over regions and channels, tanh, dropout."""

    def __init__(self, regions: int, inputs: int, outputs: int, dropout: float) -> None:
        super().__init__()
        self.mix = _GraphConvolution(regions, inputs, outputs)
        self.norm = nn.BatchNorm1d(regions * outputs)
        self.drop = nn.Dropout(dropout)

    def forward(self, tokens: Tensor) -> Tensor:
        mixed = self.mix(tokens)
        dropped: Tensor = self.drop(torch.tanh(self.norm(mixed.flatten(1)).reshape(mixed.shape)))
        return dropped


class RegionalClouds(nn.Module):
    """Clouds of the fastest points of eight facial regions to classes.

    Args:
        classes: how many.
        shape: sizes.
        regions: how many.
    """

    def __init__(self, classes: int = 3, shape: RegionalCloudsShape | None = None, regions: int = 8) -> None:
        super().__init__()
        self.shape = shape = shape or RegionalCloudsShape()
        self.first = _PointLayers(6, shape.first)
        self.second = _PointLayers(3 + shape.first[-1], shape.second)
        self.third = _PointLayers(3 + shape.second[-1], shape.third)
        token, width = shape.third[-1], shape.graph
        self.enter = _GraphStep(regions, token, width, shape.dropout)
        self.blocks = nn.ModuleList(
            nn.Sequential(*(_GraphStep(regions, width, width, shape.dropout) for _ in range(2)))
            for _ in range(shape.blocks)
        )
        self.leave = _GraphConvolution(regions, width, token)
        self.judge = nn.Sequential(
            nn.Linear(token, 512), nn.ReLU(), nn.Dropout(shape.last_dropout), nn.Linear(512, classes)
        )

    def forward(self, clouds: Tensor) -> Tensor:
        """Judge float32 (N, 8, P, 6): x, y, depth, u, v, change, fastest point first. Returns logits (N, classes)."""
        count, regions = clouds.shape[:2]
        points = clouds.flatten(0, 1).transpose(1, 2)
        many, few = self.shape.points
        place = points[:, :3]
        values = self.first(points[:, :, :many])[:, :, :few]
        values = self.second(torch.cat((place[:, :, :few], values), dim=1))
        values = self.third(torch.cat((place[:, :, :few], values), dim=1))
        tokens = values.amax(dim=2).reshape(count, regions, -1)
        inner = self.enter(tokens)
        for block in self.blocks:
            inner = inner + block(inner)
        logits: Tensor = self.judge((self.leave(inner) + tokens).mean(dim=1))
        return logits
