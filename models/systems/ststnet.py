"""STSTNet: the shallow triple-stream network (Liong et al., FG 2019)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

STREAMS = (3, 5, 8)
"""Filters of the three streams, which all see the same three channels."""


class STSTNet(nn.Module):
    """Optical flow and strain at 28x28 to classes, in two layers.

    Each stream: 3x3 convolution, ReLU, batch norm, 3x3 max-pool; the streams side by side, 2x2 average pool, linear.

    Args:
        classes: how many.
        dropout: after each stream.
    """

    def __init__(self, classes: int = 3, dropout: float = 0.5) -> None:
        super().__init__()
        self.streams = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(3, filters, 3, padding=2),
                nn.ReLU(),
                nn.BatchNorm2d(filters),
                nn.MaxPool2d(3, stride=3, padding=1),
                nn.Dropout(dropout),
            )
            for filters in STREAMS
        )
        self.shrink = nn.AvgPool2d(2)
        self.classes = nn.Linear(sum(STREAMS) * 5 * 5, classes)

    def forward(self, flow: Tensor) -> Tensor:
        """Judge float32 (N, 3, 28, 28): u, v, strain. Returns logits (N, classes)."""
        side_by_side = torch.cat([stream(flow) for stream in self.streams], dim=1)
        logits: Tensor = self.classes(self.shrink(side_by_side).flatten(1))
        return logits
