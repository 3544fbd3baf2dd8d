"""Fitting the network `cloud` to clouds."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from models.cloud_network import CloudNetwork, Logits
from models.cloud_samples import CloudSamples


class FitSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the network is fitted; epochs are fixed beforehand, never chosen by a score."""

    epochs: int = 14
    batch: int = 128
    learning_rate: float = 2e-3
    weight_decay: float = 0.02
    points: int = 48  # drawn anew for each batch: speed, and robustness against missing points
    label_smoothing: float = 0.05
    action_unit_weight: float = 1.0
    expression_weight: float = 0.5
    seed: int = 1


class Judged(NamedTuple):
    """Logits of a whole set."""

    classes: NDArray[np.float32]  # (N, 3)
    action_units: NDArray[np.float32]  # (N, A)
    expression: NDArray[np.float32]  # (N,)


def fit(
    network: CloudNetwork, samples: CloudSamples, settings: FitSettings, progress: Callable[[int, float], None]
) -> None:
    """Train in place.

    Args:
        network: to be trained.
        samples: nothing else is seen.
        settings: epochs, rates and weights.
        progress: called after each epoch with its number from 1 and its mean loss.
    """
    random = torch.Generator().manual_seed(settings.seed)
    torch.manual_seed(settings.seed)  # dropout draws from the global generator
    optimiser = torch.optim.AdamW(network.parameters(), settings.learning_rate, weight_decay=settings.weight_decay)
    steps = max(len(samples) // settings.batch, 1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, settings.learning_rate, total_steps=steps * settings.epochs, pct_start=0.15
    )
    # Most action units are rare: without a weight the network would never dare to name them.
    unit_weight = _odds_against(samples.action_units).sqrt()
    # An idle face is what a live camera sees most: the samples' surplus of expressions must not speak here.
    expression_weight = _odds_against(samples.expression)
    network.train()
    for epoch in range(1, settings.epochs + 1):
        order = torch.randperm(len(samples), generator=random).numpy()
        total = 0.0
        for step in range(steps):
            batch = samples.take(np.sort(order[step * settings.batch : (step + 1) * settings.batch]))
            clouds = vary(torch.from_numpy(batch.clouds), settings.points, random)
            loss = _loss(network(clouds), batch, unit_weight, expression_weight, settings)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
            optimiser.step()
            schedule.step()
            total += loss.item()
        progress(epoch, total / steps)
    network.eval()


def judge(network: CloudNetwork, samples: CloudSamples, batch: int = 256) -> Judged:
    """Logits of every sample, in order."""
    network.eval()
    parts = []
    with torch.inference_mode():
        for start in range(0, len(samples), batch):
            clouds = samples.take(np.arange(start, min(start + batch, len(samples)))).clouds
            parts.append(network(torch.from_numpy(clouds)))
    return Judged(*(torch.cat(values).numpy() for values in zip(*parts, strict=True)))


def vary(clouds: Tensor, points: int, random: torch.Generator) -> Tensor:
    """Clouds as another tracker, head and camera would have given them: (N, 8, P, 6) -> (N, 8, points, 6)."""
    count = clouds.shape[0]

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand(shape, generator=random)

    chosen = torch.randperm(clouds.shape[2], generator=random)[: min(points, clouds.shape[2])]
    clouds = clouds[:, :, chosen].clone()
    empty = clouds.abs().sum(dim=3, keepdim=True) == 0
    amplitude = clouds[..., 3:5].square().mean(dim=(1, 2, 3), keepdim=True).sqrt()

    position = clouds[..., :3]
    # What is left of the head's motion is smooth: a shift, and a part that grows with position.
    shift = torch.randn(count, 1, 1, 2, generator=random) * 0.15
    gradient = torch.randn(count, 3, 2, generator=random) * 0.3
    smooth = shift + torch.einsum("nrpc,ncd->nrpd", position, gradient)
    noise = torch.randn(*clouds.shape[:3], 2, generator=random) * uniform(0.0, 0.25, count, 1, 1, 1)
    clouds[..., 3:5] += amplitude * (smooth * uniform(0.0, 1.2, count, 1, 1, 1) + noise)

    scale = torch.exp(uniform(-0.3, 0.3, count, 1, 1, 1))
    clouds[..., 3:6] *= scale
    clouds[..., 5:6] *= torch.exp(uniform(-0.2, 0.2, count, 1, 1, 1))
    clouds[..., :3] *= torch.exp(uniform(-0.08, 0.08, count, 1, 1, 3))
    clouds[..., :2] += torch.randn(count, 1, 1, 2, generator=random) * 0.015
    clouds[..., :2] += torch.randn(count, 8, 1, 2, generator=random) * 0.006
    region_gain = torch.exp(torch.randn(count, 8, 1, 1, generator=random) * 0.15)
    clouds[..., 3:6] *= region_gain

    lost = (uniform(0, 1, count, 8, 1, 1) < 0.04) | (uniform(0, 1, *clouds.shape[:3], 1) < 0.05)
    return clouds.masked_fill(lost | empty, 0.0)


def _odds_against(truth: NDArray[np.bool_]) -> Tensor:
    """How many samples without come on one with, (N, ...) -> (...); bounded where hardly any has it."""
    share = torch.from_numpy(np.asarray(np.mean(truth, axis=0, dtype=np.float32)))
    return (1 - share) / share.clamp(min=0.01)


def _loss(
    logits: Logits, batch: CloudSamples, unit_weight: Tensor, expression_weight: Tensor, settings: FitSettings
) -> Tensor:
    label = torch.from_numpy(batch.label.astype(np.int64))
    known = label >= 0
    expression = functional.binary_cross_entropy_with_logits(
        logits.expression,
        torch.from_numpy(batch.expression.astype(np.float32)),
        pos_weight=expression_weight,
    )
    units = functional.binary_cross_entropy_with_logits(
        logits.action_units, torch.from_numpy(batch.action_units.astype(np.float32)), pos_weight=unit_weight
    )
    loss = settings.expression_weight * expression + settings.action_unit_weight * units
    if known.any():
        loss = loss + functional.cross_entropy(
            logits.classes[known], label[known], label_smoothing=settings.label_smoothing
        )
    return loss
