"""HTNet: a hierarchical transformer over four facial areas (Wang et al., 2023, arXiv 2307.14637).

Both eyes' and both lip corners' flow stand as 14x14 quadrants in one 28x28 picture. Attention runs first inside each
area, over its four 7x7 patches; then, after each area has been condensed to one token, between the areas; then on the
one token that the whole face is condensed to.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from models.systems.attention import TransformerLayer

PATCH = 7


@dataclass(frozen=True)
class HTNetShape:
    """Sizes; the defaults are the published ones."""

    width: int = 256  # of the first level; doubled at each condensing
    heads: int = 3  # of the first level; doubled likewise
    repeats: tuple[int, int, int] = (2, 2, 10)  # layers within areas, between areas, on the face
    dropout: float = 0.0


class _Condense(nn.Module):
    """2x2 neighbouring tokens to one of twice the width: 3x3 convolution, layer norm, maximum."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.mix = nn.Conv2d(width, 2 * width, 3, padding=1)
        self.norm = nn.LayerNorm(2 * width)

    def forward(self, grid: Tensor) -> Tensor:
        """(N, side, side, width) -> (N, side / 2, side / 2, 2 width)."""
        mixed = self.norm(self.mix(grid.permute(0, 3, 1, 2)).permute(0, 2, 3, 1))
        count, side, _, width = mixed.shape
        return mixed.reshape(count, side // 2, 2, side // 2, 2, width).amax(dim=(2, 4))


class HTNet(nn.Module):
    """Four facial areas of optical flow and strain to classes.

    Args:
        classes: how many.
        shape: sizes.
    """

    def __init__(self, classes: int = 3, shape: HTNetShape | None = None) -> None:
        super().__init__()
        shape = shape or HTNetShape()
        width = shape.width
        self.embed = nn.Sequential(nn.LayerNorm(3 * PATCH * PATCH), nn.Linear(3 * PATCH * PATCH, width))
        self.in_areas = self._level(shape, 0)
        self.to_areas = _Condense(width)
        self.between_areas = self._level(shape, 1)
        self.to_face = _Condense(2 * width)
        self.on_face = self._level(shape, 2)
        self.judge = nn.Sequential(nn.LayerNorm(4 * width), nn.Linear(4 * width, classes))

    @staticmethod
    def _level(shape: HTNetShape, level: int) -> nn.Sequential:
        width, heads = shape.width << level, shape.heads << level
        layers = [
            TransformerLayer(width, heads, max(width // heads, 1), 4 * width, shape.dropout)
            for _ in range(shape.repeats[level])
        ]
        return nn.Sequential(*layers)

    def forward(self, areas: Tensor) -> Tensor:
        """Judge float32 (N, 3, 28, 28): u, v, strain of left eye, right eye / left lip corner, right lip corner.

        Returns:
            Logits (N, classes).
        """
        count = areas.shape[0]
        patches = areas.reshape(count, 3, 4, PATCH, 4, PATCH).permute(0, 2, 4, 3, 5, 1)
        grid = self.embed(patches.reshape(count, 4, 4, 3 * PATCH * PATCH))
        width = grid.shape[-1]
        by_area = grid.reshape(count, 2, 2, 2, 2, width).permute(0, 1, 3, 2, 4, 5).reshape(count, 4, 4, width)
        by_area = self.in_areas(by_area)
        grid = by_area.reshape(count, 2, 2, 2, 2, width).permute(0, 1, 3, 2, 4, 5).reshape(count, 4, 4, width)
        four = self.to_areas(grid)
        four = self.between_areas(four.reshape(count, 4, 2 * width)).reshape(count, 2, 2, 2 * width)
        face = self.on_face(self.to_face(four).reshape(count, 1, 4 * width))
        logits: Tensor = self.judge(face.squeeze(1))
        return logits
