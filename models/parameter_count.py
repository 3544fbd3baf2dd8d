"""How large a network is."""

from __future__ import annotations

from torch import nn


def parameter_count(network: nn.Module) -> int:
    """How many numbers are trained."""
    return sum(one.numel() for one in network.parameters() if one.requires_grad)
