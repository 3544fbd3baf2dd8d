"""What a verdict costs: cross-entropy, plain, weighted by class, or focal; and action units beside it."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from models.training.settings import FitSettings

ClassLoss = Callable[[Tensor, Tensor], Tensor]


def focal_loss(logits: Tensor, label: Tensor, gamma: float, weight: Tensor | None = None) -> Tensor:
    """(1 - p)^gamma times the cross-entropy (Lin et al., ICCV 2017), mean over the batch.

    Args:
        logits: (N, classes).
        label: int64 (N,).
        gamma: 0 gives the cross-entropy.
        weight: (classes,), as in `cross_entropy`, whose weighted mean is followed.
    """
    log_probability = functional.log_softmax(logits, dim=1).gather(1, label[:, None]).squeeze(1)
    costs = -((1 - log_probability.exp()) ** gamma) * log_probability
    if weight is None:
        return costs.mean()
    each = weight[label]
    return (each * costs).sum() / each.sum()


def inverse_frequency(label: Tensor, classes: int) -> Tensor:
    """Weights (classes,) with mean 1 over the samples; a class that does not occur gets 0."""
    counts = torch.bincount(label, minlength=classes).float()
    present = counts > 0
    return torch.where(present, label.numel() / (present.sum() * counts.clamp(min=1)), torch.zeros(()))


def class_loss(settings: FitSettings, label: Tensor, classes: int) -> ClassLoss:
    """The loss that the settings name, with weights from the training labels where none are given.

    Raises:
        ValueError: another number of class weights than of classes.
    """
    weight = None
    if settings.loss == "weighted":
        if settings.class_weights is None:
            weight = inverse_frequency(label.cpu(), classes)
        elif len(settings.class_weights) != classes:
            raise ValueError(f"class_weights must be {classes} numbers, not {len(settings.class_weights)}")
        else:
            weight = torch.tensor(settings.class_weights)
        weight = weight.to(label.device)
    if settings.loss == "focal":
        return lambda logits, truth: focal_loss(logits, truth, settings.focal_gamma)
    smoothing = settings.label_smoothing
    return lambda logits, truth: functional.cross_entropy(logits, truth, weight, label_smoothing=smoothing)


def unit_loss(logits: Tensor, units: Tensor, odds: Tensor) -> Tensor:
    """Binary cross-entropy of action units (N, A); `odds` (A,) against each unit outweigh its rarity."""
    return functional.binary_cross_entropy_with_logits(logits, units, pos_weight=odds)


def odds_against(units: Tensor) -> Tensor:
    """How many samples without a unit come on one with it, (N, A) -> (A,), at most 20."""
    share = units.float().mean(dim=0)
    return ((1 - share) / share.clamp(min=1e-3)).clamp(max=20.0)
