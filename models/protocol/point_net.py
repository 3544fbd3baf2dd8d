"""A plain PointNet on the flow's grid points (Qi et al., "PointNet", CVPR 2017): the reference on points."""

from __future__ import annotations

from typing import ClassVar

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from models.labels import CLASSES
from models.protocol.flow_features import mirrored, motion_and_tension
from models.protocol.recipe import AfterEpoch
from models.protocol.samples import Inputs, Samples


class PointNet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Shared layers on the place, motion and tension of every second grid point; largest values; two layers."""

    name: ClassVar[str] = "pointnet"
    needs: ClassVar[tuple[str, ...]] = ("flow",)
    has_epochs: ClassVar[bool] = True
    epochs: int = 40
    batch: int = 32
    learning_rate: float = 2e-3
    weight_decay: float = 0.02
    width: int = 64

    def fit(self, train: Samples, seed: int, after_epoch: AfterEpoch | None = None) -> FittedPointNet:
        """Train for a fixed number of epochs, each event mirrored half of the times."""
        torch.set_num_threads(1)
        torch.manual_seed(seed)
        random = torch.Generator().manual_seed(seed)
        network = _PointNetwork(self.width)
        points = torch.from_numpy(_points(train.inputs))
        label = torch.from_numpy(train.label)
        optimiser = torch.optim.AdamW(network.parameters(), self.learning_rate, weight_decay=self.weight_decay)
        steps = max(len(label) // self.batch, 1)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, self.learning_rate, total_steps=steps * self.epochs)
        for epoch in range(1, self.epochs + 1):
            network.train()
            order = torch.randperm(len(label), generator=random)
            for step in range(steps):
                chosen = order[step * self.batch : (step + 1) * self.batch]
                side = torch.randint(0, 2, (len(chosen),), generator=random)
                loss = functional.cross_entropy(network(points[side, chosen]), label[chosen])
                optimiser.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimiser.step()
                schedule.step()
            network.eval()
            if after_epoch is not None:
                after_epoch(epoch, FittedPointNet(network))
        return FittedPointNet(network)


class FittedPointNet:
    """A trained `PointNet`."""

    def __init__(self, network: _PointNetwork) -> None:
        self._network = network

    def predict(self, inputs: Inputs) -> NDArray[np.float64]:
        """Probabilities (N, 3), the mean over the event and its mirror image."""
        with torch.inference_mode():
            both = [self._network(points).softmax(dim=1) for points in torch.from_numpy(_points(inputs))]
        return np.asarray(((both[0] + both[1]) / 2).numpy(), np.float64)


class _PointNetwork(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.point = nn.Sequential(
            nn.Linear(5, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 2 * width)
        )
        self.head = nn.Sequential(
            nn.Linear(2 * width, width), nn.ReLU(), nn.Dropout(0.3), nn.Linear(width, len(CLASSES))
        )

    def forward(self, points: Tensor) -> Tensor:
        judged: Tensor = self.head(self.point(points).amax(dim=1))
        return judged


def _points(inputs: Inputs) -> NDArray[np.float32]:
    """x, y, u, v, tension of every second grid point, as they are and mirrored: (2, N, P, 5)."""
    values = motion_and_tension(np.asarray(inputs["flow"]))
    both = []
    for one_way in (values, mirrored(values)):
        some = one_way[:, ::2, ::2]
        across, down = np.meshgrid(np.linspace(-1, 1, some.shape[2]), np.linspace(-1, 1, some.shape[1]))
        place = np.broadcast_to(np.stack([across, down], axis=2), (*some.shape[:3], 2))
        both.append(np.concatenate([place, 3.0 * some], axis=3).reshape(len(some), -1, 5))
    return np.stack(both).astype(np.float32)
