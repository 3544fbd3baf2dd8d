"""The dual-branch 3D-CNN with attention and an action-unit region (Fang, Liu and Liu, 2024).

One branch sees the whole face, one the region of the action units, which here come from a prediction, never from the
clip's own annotation. What the description leaves open: both branches' time steps follow each other in one sequence,
and share the layers behind the convolutions; this gives the published number of parameters.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class DualBranchShape:
    """Sizes; the defaults are the published ones."""

    frames: int = 30
    size: int = 128  # px
    filters: int = 32
    recurrent: int = 512
    dropout: float = 0.0


def _thirds(length: int) -> int:
    return -(-length // 3)


class _Branch(nn.Module):
    """Two kernel sizes side by side, one convolution over both, channel and spatial attention."""

    def __init__(self, filters: int) -> None:
        super().__init__()
        channels = 2 * filters
        self.wide, self.narrow = nn.Conv3d(3, filters, 5, padding=2), nn.Conv3d(3, filters, 3, padding=1)
        self.join = nn.Conv3d(channels, channels, 3, padding=1)
        self.bend, self.pool = nn.LeakyReLU(0.2), nn.MaxPool3d(3, ceil_mode=True)
        squeezed = max(channels // 8, 1)
        self.of_maximum, self.of_mean = (
            nn.Sequential(nn.Linear(channels, squeezed), nn.ReLU(), nn.Linear(squeezed, channels)) for _ in range(2)
        )
        self.where = nn.Conv3d(2, 1, 3, padding=1)

    def forward(self, clip: Tensor) -> Tensor:
        """(N, 3, T, H, W) -> (N, T', channels, H', W')."""
        both = torch.cat([self.pool(self.bend(side(clip))) for side in (self.wide, self.narrow)], dim=1)
        values = self.pool(self.bend(self.join(both)))
        maximum, mean = values.amax(dim=(2, 3, 4)), values.mean(dim=(2, 3, 4))
        # The difference, not the sum: what stands out in a channel against its own level.
        channel = torch.sigmoid(0.5 * (self.of_maximum(maximum) - self.of_mean(mean)))
        values = values * channel[:, :, None, None, None]
        seen = torch.cat((values.amax(dim=1, keepdim=True), values.mean(dim=1, keepdim=True)), dim=1)
        values = values * torch.sigmoid(self.where(seen))
        return values.transpose(1, 2)


class _Recurrent(nn.Module):
    """A gated recurrent unit (Cho et al., 2014), written out: the few steps unroll, and every runtime takes it."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.enter, self.stay = nn.Linear(inputs, 3 * width), nn.Linear(width, 3 * width)
        self.width = width

    def forward(self, steps: Tensor) -> Tensor:
        """(N, T, inputs) -> (N, T, width)."""
        entering = self.enter(steps)
        state = torch.zeros_like(entering[:, 0, : self.width])
        states = []
        for step in range(steps.shape[1]):
            update_in, reset_in, new_in = entering[:, step].split(self.width, dim=1)
            update_by, reset_by, new_by = self.stay(state).split(self.width, dim=1)
            update, reset = torch.sigmoid(update_in + update_by), torch.sigmoid(reset_in + reset_by)
            new = torch.tanh(new_in + reset * new_by)
            state = (1 - update) * new + update * state
            states.append(state)
        return torch.stack(states, dim=1)


class _MultiScaleAttention(nn.Module):
    """One head each of half, a quarter, ... down to two channels; queries are the maximum over ten steps."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.widths = [width >> scale for scale in range(1, width.bit_length()) if width >> scale >= 2]
        self.query, self.key, self.value = (nn.Linear(width, sum(self.widths)) for _ in range(3))

    def forward(self, steps: Tensor) -> Tensor:
        """(N, T, width) -> (N, sum of the heads' widths); T is at most ten, so that one query stands for all."""
        query = self.query(steps).amax(dim=1, keepdim=True)
        parts = (values.split(self.widths, dim=2) for values in (query, self.key(steps), self.value(steps)))
        heads = []
        for one, key, value in zip(*parts, strict=True):
            weights = torch.softmax(torch.matmul(one, key.transpose(1, 2)) * key.shape[2] ** -0.5, dim=2)
            heads.append(torch.matmul(weights, value).squeeze(1))
        return torch.cat(heads, dim=1)


class DualBranch(nn.Module):
    """Two clips of one expression, whole face and region of the action units, to classes.

    Args:
        classes: how many.
        shape: sizes; frames and size of the clips are fixed by the layers behind the convolutions.

    Raises:
        ValueError: so many frames that one query would not cover them.
    """

    def __init__(self, classes: int = 3, shape: DualBranchShape | None = None) -> None:
        super().__init__()
        self.shape = shape = shape or DualBranchShape()
        steps, side = _thirds(_thirds(shape.frames)), _thirds(_thirds(shape.size))
        if 2 * steps > 10:
            raise ValueError(f"clips may have up to 45 frames, not {shape.frames}")
        self.face, self.region = _Branch(shape.filters), _Branch(shape.filters)
        self.condense = nn.Sequential(
            nn.Linear(2 * shape.filters * side * side, 128), nn.ReLU(), nn.Dropout(shape.dropout),
            nn.Linear(128, 64), nn.ReLU(),
        )  # fmt: skip
        self.recurrent = _Recurrent(64, shape.recurrent)
        self.attention = _MultiScaleAttention(shape.recurrent)
        self.judge = nn.Sequential(
            nn.Linear(sum(self.attention.widths), 128), nn.ReLU(), nn.Dropout(shape.dropout),
            nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, classes),
        )  # fmt: skip

    def forward(self, face: Tensor, region: Tensor) -> Tensor:
        """Judge float32 (N, 3, frames, size, size) pairs, colours 0 to 1. Returns logits (N, classes)."""
        steps = torch.cat((self.face(face), self.region(region)), dim=1)
        logits: Tensor = self.judge(self.attention(self.recurrent(self.condense(steps.flatten(2)))))
        return logits
