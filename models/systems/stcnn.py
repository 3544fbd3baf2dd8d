"""MicroExpSTCNN and MicroExpFuseNet (Reddy et al., IJCNN 2019): one shallow 3D convolution over a grey clip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

SPAN = 15
"""Frames that the one convolution spans."""


@dataclass(frozen=True)
class STCNNShape:
    """Sizes; the defaults are the published ones for SMIC. For CAS(ME)^2: 96 frames."""

    frames: int = 18
    size: int = 64  # px; 32 for eyes and mouth
    filters: int = 32
    hidden: int = 128
    fused: int = 1024  # of the layer at (intermediate) or before (late) the fusion
    dropout: float = 0.5


class _Stem(nn.Sequential):
    """Convolution over 15 frames, ReLU, max-pool 3, dropout; (N, 1, T, H, W) -> (N, features)."""

    def __init__(self, shape: STCNNShape, size: int) -> None:
        if shape.frames < SPAN + 2:
            raise ValueError(f"clips need at least {SPAN + 2} frames, not {shape.frames}")
        super().__init__(
            nn.Conv3d(1, shape.filters, (SPAN, 3, 3)), nn.ReLU(), nn.MaxPool3d(3),
            nn.Dropout(shape.dropout), nn.Flatten(),
        )  # fmt: skip
        self.features = shape.filters * ((shape.frames - SPAN + 1) // 3) * ((size - 2) // 3) ** 2


class STCNN(nn.Module):
    """Whole faces.

    Args:
        classes: how many.
        shape: sizes.

    Raises:
        ValueError: fewer frames than the convolution and its pooling span.
    """

    def __init__(self, classes: int = 3, shape: STCNNShape | None = None) -> None:
        super().__init__()
        shape = shape or STCNNShape()
        self.stem = _Stem(shape, shape.size)
        self.judge = nn.Sequential(
            nn.Linear(self.stem.features, shape.hidden), nn.ReLU(), nn.Dropout(shape.dropout),
            nn.Linear(shape.hidden, classes),
        )  # fmt: skip

    def forward(self, clip: Tensor) -> Tensor:
        """Judge float32 (N, 1, frames, size, size), 0 to 1. Returns logits (N, classes)."""
        logits: Tensor = self.judge(self.stem(clip))
        return logits


class FuseNet(nn.Module):
    """Eyes and mouth apart, fused right after the convolution or behind each stream's own layers.

    Args:
        classes: how many.
        fusion: intermediate or late.
        shape: sizes; `size` is halved for eyes and mouth.
    """

    def __init__(
        self,
        classes: int = 3,
        fusion: Literal["intermediate", "late"] = "intermediate",
        shape: STCNNShape | None = None,
    ) -> None:
        super().__init__()
        shape = shape or STCNNShape()
        self.eyes, self.mouth = _Stem(shape, shape.size // 2), _Stem(shape, shape.size // 2)
        features = self.eyes.features
        self.early = fusion == "intermediate"

        def dense(inputs: int) -> nn.Sequential:
            return nn.Sequential(
                nn.Linear(inputs, shape.fused), nn.ReLU(), nn.Dropout(shape.dropout),
                nn.Linear(shape.fused, shape.hidden), nn.ReLU(), nn.Dropout(shape.dropout),
            )  # fmt: skip

        if self.early:
            self.dense = nn.ModuleList([dense(2 * features)])
            self.classes = nn.Linear(shape.hidden, classes)
        else:
            self.dense = nn.ModuleList([dense(features), dense(features)])
            self.classes = nn.Linear(2 * shape.hidden, classes)

    def forward(self, eyes: Tensor, mouth: Tensor) -> Tensor:
        """Judge float32 (N, 1, frames, size / 2, size / 2) pairs, 0 to 1. Returns logits (N, classes)."""
        streams = [self.eyes(eyes), self.mouth(mouth)]
        if self.early:
            streams = [torch.cat(streams, dim=1)]
        hidden = [dense(stream) for dense, stream in zip(self.dense, streams, strict=True)]
        logits: Tensor = self.classes(torch.cat(hidden, dim=1))
        return logits
