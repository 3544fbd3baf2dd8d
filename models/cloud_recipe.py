"""The default network under leave-one-subject-out, on the small flows that every data set can give."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from models.calibration import fit_temperature, softmax
from models.cloud_grid import grid_places, grid_points, grid_values
from models.cloud_regions import RegionNetwork, RegionShape, mirrored
from models.protocol.recipe import AfterEpoch
from models.protocol.samples import Inputs, Samples


class Cloud(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`RegionNetwork`, each event seen from both sides, no class balancing, epochs fixed."""

    name: ClassVar[str] = "cloud"
    needs: ClassVar[tuple[str, ...]] = ("flow",)
    has_epochs: ClassVar[bool] = True
    epochs: int = 60
    batch: int = 64
    learning_rate: float = 3e-3
    weight_decay: float = 0.3
    label_smoothing: float = 0.1
    hidden: int = 256
    noise: float = 1.5
    pretrained: bool = False  # begin from the network of `cloud-simulated`; its learning rate should be a third
    calibrate: bool = True  # temperature from a third of the training subjects, held out from a second fit

    def fit(self, train: Samples, seed: int, after_epoch: AfterEpoch | None = None) -> FittedCloud:
        """Train on every training subject; where told so, find the temperature by an inner split of the subjects."""
        torch.set_num_threads(1)
        temperature = 1.0
        subjects = np.unique(train.subject)
        if self.calibrate and len(subjects) >= 6:
            chosen = np.random.default_rng(seed).permutation(subjects)[: len(subjects) // 3]
            inner = np.isin(train.subject, chosen)
            network = self._network(train.take(np.flatnonzero(~inner)), seed, None)
            held_out = train.take(np.flatnonzero(inner))
            temperature = fit_temperature(_log_chances(network, held_out.inputs), held_out.label)
        return FittedCloud(self._network(train, seed, after_epoch), temperature)

    def _network(self, train: Samples, seed: int, after_epoch: AfterEpoch | None) -> RegionNetwork:
        network = self._untrained(seed)
        random = torch.Generator().manual_seed(seed)
        values, label = torch.from_numpy(grid_values(np.asarray(train.inputs["flow"]))), torch.from_numpy(train.label)
        places = torch.from_numpy(grid_places())[None]
        steps = max(len(label) // self.batch, 1)
        free = [network.middle, network.log_extent]
        others = [values for name, values in network.named_parameters() if name not in ("middle", "log_extent")]
        groups: list[dict[str, Any]] = [{"params": free, "weight_decay": 0.0}, {"params": others}]
        optimiser = torch.optim.AdamW(groups, self.learning_rate, weight_decay=self.weight_decay)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimiser, self.learning_rate, total_steps=steps * self.epochs, pct_start=0.15
        )
        for epoch in range(1, self.epochs + 1):
            network.train()
            order = torch.randperm(len(label), generator=random)
            for step in range(steps):
                chosen = order[step * self.batch : (step + 1) * self.batch]
                loss = self._loss(network, places, values[chosen], label[chosen])
                optimiser.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimiser.step()
                schedule.step()
            network.eval()
            if after_epoch is not None:
                after_epoch(epoch, FittedCloud(network, 1.0))
        return network

    def _untrained(self, seed: int) -> RegionNetwork:
        torch.manual_seed(seed)
        network = RegionNetwork(RegionShape(hidden=self.hidden, noise=self.noise))
        if self.pretrained:
            from models.cloud_simulated import SimulatedFit, fit_simulated  # it imports this file

            network.load_state_dict(fit_simulated(SimulatedFit(hidden=self.hidden), seed).state_dict())
            torch.manual_seed(seed)  # what training draws shall not depend on whether the simulation was there already
        return network

    def _loss(self, network: RegionNetwork, places: Tensor, values: Tensor, label: Tensor) -> Tensor:
        sides = (places, values), mirrored(places, values)
        pooled = torch.cat([network.pool(*side) for side in sides])
        logits = network.judge(pooled).classes
        return functional.cross_entropy(logits, torch.cat([label, label]), label_smoothing=self.label_smoothing)


class FittedCloud:
    """A trained `Cloud` and its temperature."""

    def __init__(self, network: RegionNetwork, temperature: float) -> None:
        self.network = network
        self.temperature = temperature

    def predict(self, inputs: Inputs) -> NDArray[np.float64]:
        """Probabilities (N, 3)."""
        return softmax(_log_chances(self.network, inputs), self.temperature)

    def exportable(self, inputs: Inputs) -> tuple[RegionNetwork, dict[str, Tensor]]:
        """The network, and what it reads of these events by input name; for `python -m calibrate int8 --loso`."""
        return self.network, {"points": torch.from_numpy(grid_points(np.asarray(inputs["flow"])))}


def _log_chances(network: RegionNetwork, inputs: Inputs) -> NDArray[np.float32]:
    with torch.inference_mode():
        return network(torch.from_numpy(grid_points(np.asarray(inputs["flow"])))).classes.numpy()
