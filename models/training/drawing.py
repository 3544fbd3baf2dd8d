"""In which order samples are drawn."""

from __future__ import annotations

import torch
from torch import Tensor


def draw_order(label: Tensor, balanced: bool, random: torch.Generator) -> Tensor:
    """One epoch's sample numbers, int64 (N,).

    Args:
        label: int64 (N,) on the CPU.
        balanced: every class that occurs is drawn equally often, with replacement; else each sample once.
        random: source of chance.
    """
    if not balanced:
        return torch.randperm(len(label), generator=random)
    counts = torch.bincount(label)
    return torch.multinomial(1.0 / counts[label].float(), len(label), replacement=True, generator=random)


def hold_out_subjects(subject: list[str], share: float, random: torch.Generator) -> Tensor:
    """Which samples belong to subjects held out inside the training set, bool (N,): at least one, never all.

    Raises:
        ValueError: a single subject.
    """
    names = sorted(set(subject))
    if len(names) < 2:
        raise ValueError("stopping early needs two training subjects or more: set patience = 0")
    count = min(max(round(share * len(names)), 1), len(names) - 1)
    chosen = {names[index] for index in torch.randperm(len(names), generator=random)[:count].tolist()}
    return torch.tensor([one in chosen for one in subject])
