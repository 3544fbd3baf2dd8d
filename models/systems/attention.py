"""Transformer layers written out in plain matrix products, so that every runtime can take them."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class SelfAttention(nn.Module):
    """Multi-head self-attention (Vaswani et al., 2017) whose heads may be wider or narrower than the tokens.

    Args:
        width: of the tokens.
        heads: how many.
        head_width: of each head's queries, keys and values.
        dropout: of the attention's output.
    """

    def __init__(self, width: int, heads: int, head_width: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.heads, self.head_width = heads, head_width
        self.project = nn.Linear(width, 3 * heads * head_width, bias=False)
        self.merge = nn.Linear(heads * head_width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, tokens: Tensor) -> Tensor:
        """(..., tokens, width) -> the same shape."""
        lead, count = tokens.shape[:-2], tokens.shape[-2]
        parts = self.project(tokens).reshape(*lead, count, 3, self.heads, self.head_width)
        query, key, value = (parts[..., index, :, :].transpose(-3, -2) for index in range(3))
        scores = torch.matmul(query, key.transpose(-2, -1)) * self.head_width**-0.5
        mixed = torch.matmul(torch.softmax(scores, dim=-1), value).transpose(-3, -2)
        merged: Tensor = self.dropout(self.merge(mixed.reshape(*lead, count, self.heads * self.head_width)))
        return merged


class TransformerLayer(nn.Module):
    """Attention and a two-layer perceptron, each on normalised tokens and added to what came in."""

    def __init__(self, width: int, heads: int, head_width: int, hidden: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.before_attention = nn.LayerNorm(width)
        self.attention = SelfAttention(width, heads, head_width, dropout)
        self.perceptron = nn.Sequential(
            nn.LayerNorm(width),
            nn.Linear(width, hidden),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, width),
            nn.Dropout(dropout),
        )

    def forward(self, tokens: Tensor) -> Tensor:
        """(..., tokens, width) -> the same shape."""
        tokens = tokens + self.attention(self.before_attention(tokens))
        added: Tensor = tokens + self.perceptron(tokens)
        return added
