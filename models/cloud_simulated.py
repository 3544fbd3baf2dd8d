"""The default network made from simulated flows alone: it never saw a real face move."""

from __future__ import annotations

from functools import lru_cache
from typing import ClassVar, NamedTuple

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from models.cloud_grid import grid_places, grid_values
from models.cloud_recipe import FittedCloud
from models.cloud_regions import RegionNetwork, RegionShape, mirrored
from models.flow_nuisance import FlowNuisance
from models.protocol.recipe import AfterEpoch
from models.protocol.samples import Inputs, Samples
from models.simulated_flows import simulate_flows


class SimulatedFit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How `RegionNetwork` learns from simulated flows."""

    samples: int = 24000
    epochs: int = 5
    batch: int = 256
    learning_rate: float = 3e-3
    weight_decay: float = 0.05
    noise: float = 1.0
    hidden: int = 256
    action_unit_weight: float = 0.3
    nuisance: FlowNuisance = FlowNuisance()


class CloudSimulated(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Some `RegionNetwork`s trained on the simulator; a fold's training subjects are not looked at ("zero-shot")."""

    name: ClassVar[str] = "cloud-simulated"
    needs: ClassVar[tuple[str, ...]] = ("flow",)
    has_epochs: ClassVar[bool] = False
    simulated: SimulatedFit = SimulatedFit()
    networks: int = 3  # each with people and chances of its own; their probabilities are averaged

    def fit(self, train: Samples, seed: int, after_epoch: AfterEpoch | None = None) -> FittedTogether:
        """The same networks for every fold of a seed."""
        seeds = range(seed * self.networks, (seed + 1) * self.networks)
        return FittedTogether([FittedCloud(fit_simulated(self.simulated, one), 1.0) for one in seeds])


class FittedTogether(NamedTuple):
    """Several networks that speak as one."""

    members: list[FittedCloud]

    def predict(self, inputs: Inputs) -> NDArray[np.float64]:
        """Probabilities (N, 3), the members' mean."""
        return np.asarray(np.mean([member.predict(inputs) for member in self.members], axis=0), np.float64)


@lru_cache(maxsize=8)
def fit_simulated(settings: SimulatedFit, seed: int) -> RegionNetwork:
    """Simulate and fit; kept for the other folds of this process."""
    torch.set_num_threads(1)
    samples = simulate_flows(settings.samples, seed, settings.nuisance)
    values, label = torch.from_numpy(grid_values(samples.flow)), torch.from_numpy(samples.label)
    units = torch.from_numpy(samples.action_units.astype(np.float32))
    places = torch.from_numpy(grid_places())[None]
    torch.manual_seed(seed)
    network = RegionNetwork(RegionShape(hidden=settings.hidden, noise=settings.noise))
    optimiser = torch.optim.AdamW(network.parameters(), settings.learning_rate, weight_decay=settings.weight_decay)
    steps = max(len(label) // settings.batch, 1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, settings.learning_rate, total_steps=steps * settings.epochs, pct_start=0.15
    )
    network.train()
    for _ in range(settings.epochs):
        order = torch.randperm(len(label))
        for step in range(steps):
            chosen = order[step * settings.batch : (step + 1) * settings.batch]
            sides = (places, values[chosen]), mirrored(places, values[chosen])
            logits = network.judge(torch.cat([network.pool(*side) for side in sides]))
            loss = functional.cross_entropy(logits.classes, label[chosen].repeat(2), label_smoothing=0.1)
            wanted = units[chosen].repeat(2, 1)
            loss = loss + settings.action_unit_weight * functional.binary_cross_entropy_with_logits(
                logits.action_units, wanted
            )
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
    return network.eval()
