"""R3D-18 and R(2+1)D-18 (Tran et al., CVPR 2018) with an oval mask and two attentions (Chananda, 2024)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class ResNet3DShape:
    """Sizes; the defaults are the published ones."""

    kind: Literal["r3d", "r2plus1d"] = "r3d"
    width: int = 64  # filters of the first stage; doubled at each of the three others
    spatial_attention: bool = True
    channel_attention: bool = True
    dropout: float = 0.2


def _convolution(kind: str, inputs: int, outputs: int, middle: int, stride: int) -> nn.Module:
    if kind == "r3d":
        return nn.Conv3d(inputs, outputs, 3, stride, 1, bias=False)
    return nn.Sequential(
        nn.Conv3d(inputs, middle, (1, 3, 3), (1, stride, stride), (0, 1, 1), bias=False),
        nn.BatchNorm3d(middle),
        nn.ReLU(),
        nn.Conv3d(middle, outputs, (3, 1, 1), (stride, 1, 1), (1, 0, 0), bias=False),
    )


class _Block(nn.Module):
    """Two convolutions and what came in."""

    def __init__(self, kind: str, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        # As many numbers as the full convolution has, split into space and time.
        middle = inputs * outputs * 27 // (inputs * 9 + 3 * outputs)
        self.first = nn.Sequential(
            _convolution(kind, inputs, outputs, middle, stride), nn.BatchNorm3d(outputs), nn.ReLU()
        )
        self.second = nn.Sequential(_convolution(kind, outputs, outputs, middle, 1), nn.BatchNorm3d(outputs))
        self.skip: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.skip = nn.Sequential(nn.Conv3d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm3d(outputs))

    def forward(self, clip: Tensor) -> Tensor:
        return torch.relu(self.second(self.first(clip)) + self.skip(clip))


class SpatialAttention(nn.Module):
    """Weights (N, 1, T, H, W) from each place's mean and maximum over channels, by one 7x7x7 convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.weigh = nn.Conv3d(2, 1, 7, padding=3, bias=False)

    def forward(self, clip: Tensor) -> Tensor:
        seen = torch.cat((clip.mean(dim=1, keepdim=True), clip.amax(dim=1, keepdim=True)), dim=1)
        return clip * torch.sigmoid(self.weigh(seen))


class ChannelAttention(nn.Module):
    """Weights (N, C, 1, 1, 1) from each channel's mean, by a bottleneck of a sixteenth."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weigh = nn.Sequential(
            nn.Linear(channels, max(channels // 16, 1)), nn.ReLU(), nn.Linear(max(channels // 16, 1), channels)
        )

    def forward(self, clip: Tensor) -> Tensor:
        weights = torch.sigmoid(self.weigh(clip.mean(dim=(2, 3, 4))))
        return clip * weights[:, :, None, None, None]


class ResNet3D(nn.Module):
    """Clips of a face to classes.

    Pixels outside the face oval are multiplied away, so that no background can be learned.

    Args:
        classes: how many.
        shape: sizes, and which attentions.
    """

    def __init__(self, classes: int = 3, shape: ResNet3DShape | None = None) -> None:
        super().__init__()
        shape = shape or ResNet3DShape()
        kind, width = shape.kind, shape.width
        if kind == "r3d":
            self.stem = nn.Sequential(
                nn.Conv3d(3, width, (3, 7, 7), (1, 2, 2), (1, 3, 3), bias=False), nn.BatchNorm3d(width), nn.ReLU()
            )
        else:
            middle = 45 * width // 64
            self.stem = nn.Sequential(
                nn.Conv3d(3, middle, (1, 7, 7), (1, 2, 2), (0, 3, 3), bias=False),
                nn.BatchNorm3d(middle),
                nn.ReLU(),
                nn.Conv3d(middle, width, (3, 1, 1), 1, (1, 0, 0), bias=False),
                nn.BatchNorm3d(width),
                nn.ReLU(),
            )
        widths = [width << level for level in range(4)]
        self.stages = nn.ModuleList(
            nn.Sequential(_Block(kind, inputs, outputs, stride), _Block(kind, outputs, outputs, 1))
            for inputs, outputs, stride in zip([width, *widths], widths, (1, 2, 2, 2), strict=False)
        )
        self.drop = nn.Dropout3d(shape.dropout)
        self.spatial = SpatialAttention() if shape.spatial_attention else nn.Identity()
        self.channel = ChannelAttention(widths[3]) if shape.channel_attention else nn.Identity()
        self.classes = nn.Linear(widths[3], classes)

    def forward(self, clip: Tensor, oval: Tensor) -> Tensor:
        """Judge clips.

        Args:
            clip: float32 (N, 3, T, H, W), colours 0 to 1, any T, H and W of at least 16.
            oval: float32 (N, 1, T, H, W), 1 inside the face oval.

        Returns:
            Logits (N, classes).
        """
        values = self.drop(self.stem(clip * oval))
        for stage in self.stages[:3]:
            values = stage(values)
        values = self.channel(self.stages[3](self.spatial(values)))
        logits: Tensor = self.classes(values.mean(dim=(2, 3, 4)))
        return logits

    def backbone(self) -> list[nn.Parameter]:
        """What is trained at the lower rate: stem and stages, not the attentions and the last layer."""
        return [*self.stem.parameters(), *self.stages.parameters()]
