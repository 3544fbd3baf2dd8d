"""The published systems as recipes of the leave-one-subject-out protocol; settings follow the papers where known.

Epochs and sizes are defaults that a CPU can bear; `full=true` gives the published sizes.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from models.labels import CLASSES
from models.protocol.recipe import AfterEpoch
from models.protocol.samples import Inputs, Samples
from models.systems.catalogue import SYSTEMS, System
from models.training.loop import Fitting, Learned, Truth, View, classes_of
from models.training.settings import FitSettings


class FittedSystem:
    """A trained network and what it looks at."""

    def __init__(self, network: nn.Module, view: View, batch: int = 64) -> None:
        self.network, self.view, self._batch = network, view, batch

    def predict(self, inputs: Inputs) -> NDArray[np.float64]:
        """Probabilities (N, 3)."""
        training = self.network.training
        self.network.eval()
        parts = []
        with torch.inference_mode():
            for start in range(0, len(inputs), self._batch):
                some = inputs.take(np.arange(start, min(start + self._batch, len(inputs))))
                tensors = [torch.from_numpy(one) for one in self.view.read(some)]
                parts.append(classes_of(self.network(*tensors)).double().softmax(dim=1))
        self.network.train(training)
        return np.asarray(torch.cat(parts).numpy(), np.float64)


class _SystemRecipe(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings that all systems have; None leaves the system's own."""

    name: ClassVar[str] = ""
    needs: ClassVar[tuple[str, ...]] = ()
    has_epochs: ClassVar[bool] = True
    full: bool = False
    epochs: int | None = None
    batch: int | None = None
    learning_rate: float | None = None
    balanced: bool | None = None

    def system(self) -> System:
        """What the catalogue says about this system."""
        return SYSTEMS[self.name]

    def fit_settings(self) -> FitSettings:
        """The system's own settings with those given here."""
        given = {key: getattr(self, key) for key in ("epochs", "batch", "learning_rate", "balanced")}
        return msgspec.structs.replace(
            self.system().fit, **{key: value for key, value in given.items() if value is not None}
        )

    def fit(self, train: Samples, seed: int, after_epoch: AfterEpoch | None = None) -> FittedSystem:
        """Train for the fixed number of epochs; the last one's network is what is judged."""
        torch.set_num_threads(1)
        torch.manual_seed(seed)
        made = self.system().make(len(CLASSES), self.full)
        fitted = FittedSystem(made.network, made.view)

        def watch(learned: Learned) -> None:
            if after_epoch is not None:
                after_epoch(learned.epoch, fitted)

        truth = Truth(torch.from_numpy(train.label), *made.units(train.inputs))
        Fitting(made.network, made.view, self.fit_settings(), len(CLASSES), seed).run(
            train.inputs, truth, train.subject.tolist(), after_epoch=watch
        )
        return fitted


class STSTNetRecipe(_SystemRecipe, frozen=True, forbid_unknown_fields=True):
    """STSTNet."""

    name: ClassVar[str] = "ststnet"
    needs: ClassVar[tuple[str, ...]] = ("flow",)


class HTNetRecipe(_SystemRecipe, frozen=True, forbid_unknown_fields=True):
    """HTNet."""

    name: ClassVar[str] = "htnet"
    needs: ClassVar[tuple[str, ...]] = ("flow", "landmarks")


class R3DRecipe(_SystemRecipe, frozen=True, forbid_unknown_fields=True):
    """R3D-18 with oval mask and attentions."""

    name: ClassVar[str] = "r3d"
    needs: ClassVar[tuple[str, ...]] = ("frames", "oval")


class R2Plus1DRecipe(_SystemRecipe, frozen=True, forbid_unknown_fields=True):
    """R(2+1)D-18 with oval mask and attentions."""

    name: ClassVar[str] = "r2plus1d"
    needs: ClassVar[tuple[str, ...]] = ("frames", "oval")


class DualBranchRecipe(_SystemRecipe, frozen=True, forbid_unknown_fields=True):
    """Dual branch with the region of predicted action units."""

    name: ClassVar[str] = "dualbranch"
    needs: ClassVar[tuple[str, ...]] = ("frames", "frame_landmarks", "predicted_units")


class STCNNRecipe(_SystemRecipe, frozen=True, forbid_unknown_fields=True):
    """MicroExpSTCNN."""

    name: ClassVar[str] = "stcnn"
    needs: ClassVar[tuple[str, ...]] = ("frames",)


class FuseIntermediateRecipe(_SystemRecipe, frozen=True, forbid_unknown_fields=True):
    """MicroExpFuseNet, intermediate fusion."""

    name: ClassVar[str] = "fuse_intermediate"
    needs: ClassVar[tuple[str, ...]] = ("frames", "frame_landmarks")


class FuseLateRecipe(_SystemRecipe, frozen=True, forbid_unknown_fields=True):
    """MicroExpFuseNet, late fusion."""

    name: ClassVar[str] = "fuse_late"
    needs: ClassVar[tuple[str, ...]] = ("frames", "frame_landmarks")


class AUGraphRecipe(_SystemRecipe, frozen=True, forbid_unknown_fields=True):
    """Action-unit graph fused with patch transformers."""

    name: ClassVar[str] = "au_graph"
    needs: ClassVar[tuple[str, ...]] = ("patches", "frames", "units")


class RegionalCloudsRecipe(_SystemRecipe, frozen=True, forbid_unknown_fields=True):
    """The original network over regional point clouds."""

    name: ClassVar[str] = "regional_clouds"
    needs: ClassVar[tuple[str, ...]] = ("dense_clouds",)
