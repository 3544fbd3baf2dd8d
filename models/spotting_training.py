"""Fitting the spotting network to simulated recordings."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.spotting_network import SpottingNetwork
from models.spotting_targets import TaughtRows, mirrored
from realtime.sample_grid import REGIONS
from realtime.spot_features import FEATURES


class SpotFitSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the network is fitted."""

    steps: int = 6000
    batch: int = 24
    rows: int = 540  # length of one excerpt, 9 s
    settle: int = 50  # rows at its beginning that are not judged, unless the recording begins there
    beginnings: float = 0.06  # share of excerpts that are the beginning of a recording
    learning_rate: float = 3e-3
    weight_decay: float = 1e-2
    width: int = 48
    dropout: float = 0.1
    bfloat16: bool = False  # in the network's products: half the time where the processor knows it
    positive: float = 3.0  # weight of a row in which an event is to be told
    jitter: float = 0.12  # spread of the factor on motions, and of noise added to rows
    wander: float = 0.0  # spread of slow noise added to motions, in units of their noise
    seed: int = 1


class _Excerpts:
    """Random excerpts, mirrored, scaled and roughened."""

    def __init__(self, recordings: Sequence[TaughtRows], settings: SpotFitSettings) -> None:
        self.settings = settings
        self.recordings = [r for r in recordings if len(r) > settings.rows]
        lengths = np.array([len(r) for r in self.recordings], float)
        self.shares = lengths / lengths.sum()
        self.rng = np.random.default_rng([settings.seed, 11])

    def draw(self) -> tuple[Tensor, ...]:
        size, count = self.settings.batch, self.settings.rows
        features = np.empty((size, count, FEATURES), np.float32)
        truth: list[list[NDArray[np.float32]]] = [[], [], [], []]
        for i, which in enumerate(self.rng.choice(len(self.recordings), size, p=self.shares)):
            recording = self.recordings[which]
            begins = self.rng.random() < self.settings.beginnings
            start = 0 if begins else int(self.rng.integers(len(recording) - count))
            part = slice(start, start + count)
            features[i] = self._roughen(recording.features[part])
            for into, values in zip(
                truth, (recording.ended, recording.lasting, recording.states, recording.lags), strict=True
            ):
                told = values[part].copy()
                if start > 0:
                    told[: self.settings.settle] = np.nan
                into.append(told)
        return (torch.from_numpy(features), *(torch.from_numpy(np.stack(values)) for values in truth))

    def _roughen(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        out = mirrored(features) if self.rng.random() < 0.5 else features.copy()
        spread = self.settings.jitter
        regions = np.sinh(out[:, : 2 * REGIONS]) * np.exp(self.rng.normal(0, spread))
        # A moment where nothing is known of head or lids teaches not to lean on one witness alone.
        regions += self.rng.normal(0, 0.15 * self.rng.random(), regions.shape)
        if self.settings.wander:
            regions += self._wander(*regions.shape)
        out[:, : 2 * REGIONS] = np.arcsinh(regions)
        out[:, 2 * REGIONS : 2 * REGIONS + 6] *= np.exp(self.rng.normal(0, spread))
        out[:, 2 * REGIONS + 6 :] += self.rng.normal(0, 0.05, (1, FEATURES - 2 * REGIONS - 6))
        return out

    def _wander(self, count: int, columns: int) -> NDArray[np.float64]:
        """Noise with corners every 4 to 24 rows, so that no recording's own noise can be learned by heart."""
        every = int(self.rng.integers(4, 25))
        corners = self.rng.normal(0, self.settings.wander * self.rng.random(), (count // every + 2, columns))
        at = np.arange(count) / every
        first = at.astype(int)
        share = (at - first)[:, None]
        return np.asarray((1 - share) * corners[first] + share * corners[first + 1])


def fit_spotting(
    recordings: Sequence[TaughtRows],
    settings: SpotFitSettings,
    say: Callable[[str], None] = print,
    network: SpottingNetwork | None = None,
) -> SpottingNetwork:
    """Fit a network, or fit one further; the same recordings and settings give the same network on one machine."""
    torch.manual_seed(settings.seed)
    network = network or SpottingNetwork(settings.width, settings.dropout)
    excerpts = _Excerpts(recordings, settings)
    optimiser = torch.optim.AdamW(network.parameters(), settings.learning_rate, weight_decay=settings.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, settings.learning_rate, settings.steps, pct_start=0.1)
    began, losses = time.monotonic(), []
    network.train()
    for step in range(settings.steps):
        features, *truth = excerpts.draw()
        past = torch.zeros(len(features), network.width, network.memory)
        with torch.autocast("cpu", torch.bfloat16, enabled=settings.bfloat16):
            said, _ = network(features.transpose(1, 2), past)
        loss = spotting_loss([one.float() for one in said], truth, settings)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        losses.append(loss.item())
        if (step + 1) % 250 == 0:
            say(f"step {step + 1}: loss {np.mean(losses[-250:]):.4f}, {time.monotonic() - began:.0f} s")
    return network.eval()


def spotting_loss(said: Sequence[Tensor], truth: Sequence[Tensor], settings: SpotFitSettings) -> Tensor:
    """Sum of the cross-entropies of what is asked, and the mean error of the times in tenths of a second.

    Args:
        said: `Spotting`, logits, (B, ..., T).
        truth: ended (B, T, 2), lasting (B, T), states, lags; NaN where nothing is asked.
        settings: weights.
    """
    ended, lasting, states, lags = truth
    loss = 4 * _asked_entropy(said[0].transpose(1, 2), ended, settings.positive)
    loss = loss + 0.5 * _asked_entropy(said[1], lasting, 1.0)
    loss = loss + 0.5 * _asked_entropy(said[2].transpose(1, 2), states, 1.0)
    told = said[3].transpose(1, 2)
    asked = torch.isfinite(lags)
    if asked.any():
        # Long spans need only be known to their share.
        error = (told - lags)[asked].abs() / (0.1 + 0.3 * lags[asked].clamp(min=0))
        loss = loss + 0.05 * error.mean()
    return loss


def _asked_entropy(logits: Tensor, truth: Tensor, positive: float) -> Tensor:
    asked = torch.isfinite(truth)
    wanted = torch.where(asked, truth, 0.0)
    each = torch.nn.functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
    return (each * asked * (1 + (positive - 1) * wanted)).sum() / asked.sum()
