"""P3D-63: bottlenecks whose 3D convolution is split into space and time in three ways (Qiu et al., ICCV 2017)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

LAYERS = (3, 4, 6, 3)
"""Bottlenecks of the four stages; those of the last stage have no time left to look at."""


class _Bottleneck(nn.Module):
    """Space then time (A), space beside time (B), or space and, on top, time (C), in turn."""

    def __init__(self, inputs: int, planes: int, stride: int, kind: str) -> None:
        super().__init__()
        outputs = 4 * planes
        self.kind = kind
        self.enter = nn.Sequential(nn.Conv3d(inputs, planes, 1, bias=False), nn.BatchNorm3d(planes), nn.ReLU())
        self.space = nn.Sequential(
            nn.Conv3d(planes, planes, (1, 3, 3), (1, stride, stride), (0, 1, 1), bias=False), nn.BatchNorm3d(planes)
        )
        self.time: nn.Module = nn.Identity()
        if kind != "flat":
            # Beside space, time has to shrink the picture as well.
            step = stride if kind == "B" else 1
            self.time = nn.Sequential(
                nn.Conv3d(planes, planes, (3, 1, 1), (1, step, step), (1, 0, 0), bias=False), nn.BatchNorm3d(planes)
            )
        self.leave = nn.Sequential(nn.Conv3d(planes, outputs, 1, bias=False), nn.BatchNorm3d(outputs))
        self.skip: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.skip = nn.Sequential(
                nn.Conv3d(inputs, outputs, 1, (1, stride, stride), bias=False), nn.BatchNorm3d(outputs)
            )

    def forward(self, clip: Tensor) -> Tensor:
        values = self.enter(clip)
        space = torch.relu(self.space(values))
        if self.kind == "A":
            space = torch.relu(self.time(space))
        elif self.kind == "B":
            space = space + torch.relu(self.time(values))
        elif self.kind == "C":
            space = space + torch.relu(self.time(space))
        return torch.relu(self.leave(space) + self.skip(clip))


class PseudoResNet(nn.Module):
    """Colour clips to one vector.

    Args:
        width: planes of the first stage; 64 in the paper.
        layers: bottlenecks of the four stages.
    """

    def __init__(self, width: int = 64, layers: tuple[int, int, int, int] = LAYERS) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv3d(3, width, (1, 7, 7), (1, 2, 2), (0, 3, 3), bias=False), nn.BatchNorm3d(width), nn.ReLU(),
            nn.MaxPool3d((2, 3, 3), 2, (0, 1, 1)),
        )  # fmt: skip
        stages, inputs, number = [], width, 0
        for level, count in enumerate(layers):
            blocks: list[nn.Module] = []
            for index in range(count):
                kind = "flat" if level == 3 else "ABC"[number % 3]
                blocks.append(_Bottleneck(inputs, width << level, 2 if level and not index else 1, kind))
                inputs, number = 4 * (width << level), number + 1
            if level < 3:
                blocks.append(nn.MaxPool3d((2, 1, 1)))
            stages.append(nn.Sequential(*blocks))
        self.stages = nn.Sequential(*stages)
        self.outputs = inputs

    def forward(self, clip: Tensor) -> Tensor:
        """(N, 3, T, H, W) with T of at least 16 -> (N, outputs)."""
        values: Tensor = self.stages(self.stem(clip))
        return values.mean(dim=(2, 3, 4))
