"""The spotting network: a small causal temporal convolution network over region signals at 60 rows a second."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from realtime.spot_features import FEATURES

KERNEL = 3
DILATIONS = (1, 2, 4, 8, 16, 32, 64)
"""With a kernel of three rows the network remembers 254 rows, 4.2 s."""
STATES = ("micro", "macro", "blink", "speech", "gaze")
LAGS = ("micro_onset", "micro_apex", "micro_offset", "macro_onset", "macro_apex", "macro_offset")


class Spotting(NamedTuple):
    """Per row; logits before, probabilities after the export's sigmoid."""

    ended: Tensor  # (B, 2, T): a micro-, a macro-expression has just ended
    lasting: Tensor  # (B, T): inside a macro-expression that began half a second ago or earlier
    states: Tensor  # (B, len(STATES), T): what happens now
    lags: Tensor  # (B, len(LAGS), T): how long ago, seconds


class Block(nn.Module):
    """Residual: dilated causal convolution, then one along channels."""

    def __init__(self, width: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.past = (KERNEL - 1) * dilation
        self.gain = nn.Parameter(torch.ones(width, 1))
        self.over_time = nn.Conv1d(width, width, KERNEL, dilation=dilation)
        self.across = nn.Conv1d(width, width, 1)
        self.dropout = nn.Dropout(dropout)

    def forward(self, rows: Tensor, past: Tensor) -> tuple[Tensor, Tensor]:
        """(B, C, T) and the (B, C, past) normalised rows before it; the same again."""
        scale = torch.rsqrt(rows.square().mean(dim=1, keepdim=True) + 1e-4)
        seen = torch.cat([past, rows * scale * self.gain], dim=2)
        moved = self.across(torch.relu(self.over_time(seen)))
        return rows + self.dropout(moved), seen[:, :, -self.past :]


class SpottingNetwork(nn.Module):
    """Causal; the past is handed in and out, so that a stream and a whole recording give the same.

    Args:
        width: channels.
        dropout: in training.
    """

    def __init__(self, width: int = 48, dropout: float = 0.1) -> None:
        super().__init__()
        self.width = width
        self.enter = nn.Conv1d(FEATURES, width, 1)
        self.blocks = nn.ModuleList(Block(width, dilation, dropout) for dilation in DILATIONS)
        self.leave = nn.Conv1d(width, 3 + len(STATES) + len(LAGS), 1)

    @property
    def memory(self) -> int:
        """Rows of past over all blocks."""
        return sum((KERNEL - 1) * dilation for dilation in DILATIONS)

    def forward(self, rows: Tensor, past: Tensor) -> tuple[Spotting, Tensor]:
        """Judge rows.

        Args:
            rows: (B, FEATURES, T).
            past: (B, width, memory), zeros at the beginning.

        Returns:
            What is said of each row, and the past for the next.
        """
        hidden = self.enter(rows)
        kept, begin = [], 0
        for block in self.blocks:
            length = int(block.past)  # type: ignore[arg-type]
            hidden, remembered = block(hidden, past[:, :, begin : begin + length])
            kept.append(remembered)
            begin += length
        out = self.leave(torch.relu(hidden))
        states = 3 + len(STATES)
        spotting = Spotting(out[:, :2], out[:, 2], out[:, 3:states], out[:, states:])
        return spotting, torch.cat(kept, dim=2)


def to_checkpoint(network: SpottingNetwork) -> dict[str, Any]:
    """Plain tensors and numbers."""
    return {"width": network.width, "state": network.state_dict()}


def from_checkpoint(stored: dict[str, Any]) -> SpottingNetwork:
    """The network again, for judging."""
    network = SpottingNetwork(int(stored["width"]))
    network.load_state_dict(stored["state"])
    return network.eval()
