"""Action-unit detection fused with spatio-temporal features (Wang et al., ICASSP 2024)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn

from models.systems.attention import TransformerLayer
from models.systems.pseudo3d import LAYERS, PseudoResNet

BROW_UNITS = ("AU1", "AU2", "AU4")
MOUTH_UNITS = ("AU10", "AU12", "AU14", "AU15", "AU17", "AU25")
GRAPH_UNITS = (*BROW_UNITS, *MOUTH_UNITS)
"""Action units that the network detects on its way, in the order of its second output."""
BROW_PATCHES, MOUTH_PATCHES = 10, 20
FLOWS, PATCH = 9, 7


class UnitLogits(NamedTuple):
    """What the network says before softmax and sigmoid."""

    classes: Tensor  # (N, classes)
    action_units: Tensor  # (N, 9) in the order of `GRAPH_UNITS`


@dataclass(frozen=True)
class AUGraphShape:
    """Sizes; the defaults are the published ones."""

    token: int = 160
    heads: int = 8
    head_width: int = 16
    hidden: int = 128
    layers: int = 6
    graph: tuple[int, ...] = (40, 80, 160)
    clip_width: int = 64  # planes of the P3D-63
    clip_layers: tuple[int, int, int, int] = LAYERS
    dropout: float = 0.1


class _PatchStream(nn.Module):
    """Patches of one facial area to one vector: a filter of its own for each flow, then a transformer."""

    def __init__(self, patches: int, shape: AUGraphShape) -> None:
        super().__init__()
        per_flow = 16
        self.filter = nn.Conv3d(FLOWS, per_flow * FLOWS, (2, PATCH, PATCH), groups=FLOWS)
        self.embed = nn.Sequential(nn.ReLU(), nn.Linear(per_flow * FLOWS, shape.token))
        self.place = nn.Parameter(torch.randn(patches, shape.token) * 0.02)
        self.layers = nn.Sequential(
            *(
                TransformerLayer(shape.token, shape.heads, shape.head_width, shape.hidden, shape.dropout)
                for _ in range(shape.layers)
            )
        )

    def forward(self, flows: Tensor) -> Tensor:
        """(N, patches, 9, 2, 7, 7) -> (N, token)."""
        count, patches = flows.shape[:2]
        filtered = self.filter(flows.flatten(0, 1)).flatten(1).reshape(count, patches, -1)
        tokens: Tensor = self.layers(self.embed(filtered) + self.place)
        return tokens.mean(dim=1)


class _UnitGraph(nn.Module):
    """Action units as nodes; who listens to whom is read from their logits by a transformer."""

    def __init__(self, shape: AUGraphShape) -> None:
        super().__init__()
        units = len(GRAPH_UNITS)
        inner = shape.heads * shape.head_width
        self.embed = nn.Linear(1, inner)
        self.name = nn.Parameter(torch.randn(units, inner) * 0.02)
        self.layers = nn.Sequential(
            *(
                TransformerLayer(inner, shape.heads, shape.head_width, shape.hidden, shape.dropout)
                for _ in range(shape.layers)
            )
        )
        self.relate = nn.Linear(inner, units)
        widths = (1, *shape.graph)
        self.steps = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths))

    def forward(self, logits: Tensor) -> Tensor:
        """(N, units) -> (N, units, last width)."""
        nodes = logits.unsqueeze(2)
        adjacency = torch.softmax(self.relate(self.layers(self.embed(nodes) + self.name)), dim=2)
        for step in self.steps:
            nodes = torch.relu(torch.matmul(adjacency, step(nodes)))
        return nodes


class AUGraph(nn.Module):
    """Flow patches at brows and mouth, and the clip itself, to classes and action units.

    Args:
        classes: how many.
        shape: sizes.

    Raises:
        ValueError: the graph's last width is not the tokens'.
    """

    def __init__(self, classes: int = 3, shape: AUGraphShape | None = None) -> None:
        super().__init__()
        shape = shape or AUGraphShape()
        if shape.graph[-1] != shape.token:
            raise ValueError(f"the graph must end in {shape.token} channels, not {shape.graph[-1]}")
        self.brows, self.mouth = _PatchStream(BROW_PATCHES, shape), _PatchStream(MOUTH_PATCHES, shape)
        self.clip = PseudoResNet(shape.clip_width, shape.clip_layers)
        self.units = nn.Linear(self.clip.outputs, len(GRAPH_UNITS))
        self.unit_graph = _UnitGraph(shape)
        self.norm = nn.LayerNorm(shape.token)
        self.classes = nn.Linear(len(GRAPH_UNITS) * shape.token, classes)

    def forward(self, patches: Tensor, clip: Tensor) -> UnitLogits:
        """Judge a batch.

        Args:
            patches: float32 (N, 30, 9, 2, 7, 7), px: 10 brow and 20 mouth landmarks, nine flows, u and v.
            clip: float32 (N, 3, 16, 144, 144), colours 0 to 1.

        Returns:
            Logits of both.
        """
        brows = self.brows(patches[:, :BROW_PATCHES]).unsqueeze(1)
        mouth = self.mouth(patches[:, BROW_PATCHES:]).unsqueeze(1)
        units = self.units(self.clip(clip))
        nodes = self.unit_graph(units)
        split = len(BROW_UNITS)
        fused = self.norm(torch.cat((brows * nodes[:, :split], mouth * nodes[:, split:]), dim=1))
        return UnitLogits(self.classes(fused.flatten(1)), units)
