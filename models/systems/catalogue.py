"""All published systems in one place: how each is built, fitted, and what its authors reported."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from models.labels import ACTION_UNITS
from models.protocol.samples import Inputs
from models.systems.au_graph import GRAPH_UNITS, AUGraph, AUGraphShape
from models.systems.dualbranch import DualBranch, DualBranchShape
from models.systems.htnet import HTNet, HTNetShape
from models.systems.regional_clouds import RegionalClouds, RegionalCloudsShape
from models.systems.resnet3d import ResNet3D, ResNet3DShape
from models.systems.stcnn import STCNN, FuseNet, STCNNShape
from models.systems.ststnet import STSTNet
from models.systems.views import (
    AreasView,
    CloudView,
    EyesMouthView,
    FlowView,
    GreyClipView,
    OvalClipView,
    PatchesView,
    TwoClipView,
)
from models.training.loop import View
from models.training.settings import Augmentation, FitSettings


class Input(NamedTuple):
    """One input of a network."""

    name: str
    shape: tuple[int, ...]  # without the batch
    meaning: str


class Made(NamedTuple):
    """A network with what it looks at."""

    network: nn.Module
    view: View
    inputs: tuple[Input, ...]
    unit_names: tuple[str, ...] = ()  # of its second output

    def units(self, inputs: Inputs) -> tuple[Tensor | None, Tensor | None]:
        """Targets float32 (N, A) of the second output and whose are known bool (N,); None, None without that output."""
        if not self.unit_names:
            return None, None
        stored = np.asarray(inputs["units"])
        chosen = stored[:, [ACTION_UNITS.index(name) for name in self.unit_names]]
        # A row of -1 says that nobody coded this sample.
        known = (stored >= 0).all(axis=1)
        return torch.from_numpy(np.maximum(chosen, 0).astype(np.float32)), torch.from_numpy(known)


class Published(NamedTuple):
    """What the authors reported, and how it was measured."""

    figure: str
    protocol: str
    source: str


class System(NamedTuple):
    """One system."""

    title: str
    make: Callable[[int, bool], Made]  # classes, published size -> network
    fit: FitSettings
    reduced: str  # what is smaller by default than published; empty for nothing
    published: Published


def _ststnet(classes: int, full: bool) -> Made:
    return Made(STSTNet(classes), FlowView(), (Input("flow", (3, 28, 28), "u, v in -1..1; root of strain, 0..1"),))


def _htnet(classes: int, full: bool) -> Made:
    shape = HTNetShape() if full else HTNetShape(width=48, repeats=(1, 1, 1), dropout=0.1)
    meaning = "four 14x14 areas of u, v in -1..1 and root of strain"
    return Made(HTNet(classes, shape), AreasView(), (Input("areas", (3, 28, 28), meaning),))


def _resnet(kind: str) -> Callable[[int, bool], Made]:
    def make(classes: int, full: bool) -> Made:
        width, frames, size = (64, 16, 224) if full else (8, 8, 48)
        shape = ResNet3DShape("r3d" if kind == "r3d" else "r2plus1d", width)
        inputs = (
            Input("clip", (3, frames, size, size), "colours 0 to 1"),
            Input("oval", (1, frames, size, size), "1 inside the face oval"),
        )
        return Made(ResNet3D(classes, shape), OvalClipView(frames, size), inputs)

    return make


def _dualbranch(classes: int, full: bool) -> Made:
    shape = DualBranchShape() if full else DualBranchShape(frames=9, size=36, filters=6, recurrent=64, dropout=0.2)
    clip = (3, shape.frames, shape.size, shape.size)
    inputs = (
        Input("face", clip, "whole face, colours 0 to 1"),
        Input("region", clip, "region of the predicted action units, colours 0 to 1"),
    )
    return Made(DualBranch(classes, shape), TwoClipView(shape.frames, shape.size), inputs)


def _stcnn(classes: int, full: bool) -> Made:
    shape = STCNNShape() if full else STCNNShape(size=48, filters=16)
    inputs = (Input("clip", (1, shape.frames, shape.size, shape.size), "brightness 0 to 1"),)
    return Made(STCNN(classes, shape), GreyClipView(shape.frames, shape.size), inputs)


def _fusenet(early: bool) -> Callable[[int, bool], Made]:
    def make(classes: int, full: bool) -> Made:
        shape = STCNNShape() if full else STCNNShape(filters=16, fused=256)
        half = shape.size // 2
        inputs = tuple(
            Input(part, (1, shape.frames, half, half), f"brightness 0 to 1 of the {part}") for part in ("eyes", "mouth")
        )
        network = FuseNet(classes, "intermediate" if early else "late", shape)
        return Made(network, EyesMouthView(shape.frames, shape.size), inputs)

    return make


def _au_graph(classes: int, full: bool) -> Made:
    shape = AUGraphShape()
    size = 144
    if not full:
        shape = AUGraphShape(
            token=48, heads=4, head_width=12, hidden=64, layers=2, graph=(16, 32, 48), clip_width=4,
            clip_layers=(1, 1, 1, 1),
        )  # fmt: skip
        size = 48
    inputs = (
        Input("patches", (30, 9, 2, 7, 7), "px: 10 brow and 20 mouth landmarks, nine flows, u and v"),
        Input("clip", (3, 16, size, size), "colours 0 to 1"),
    )
    return Made(AUGraph(classes, shape), PatchesView(16, size), inputs, GRAPH_UNITS)


def _regional_clouds(classes: int, full: bool) -> Made:
    shape = RegionalCloudsShape()
    if not full:
        shape = RegionalCloudsShape(
            points=(128, 64), first=(32, 32, 48), second=(48, 48, 64), third=(64, 96, 128), graph=64
        )
    inputs = (Input("clouds", (8, 1024, 6), "x, y, z in face widths; u, v; strain; fastest point first"),)
    return Made(RegionalClouds(classes, shape), CloudView("dense_clouds"), inputs)


_RESNET_FIT = FitSettings(
    epochs=10, batch=16, optimiser="adamw", learning_rate=1e-3, backbone_rate=2e-4, schedule="one-cycle",
    loss="focal", focal_gamma=1.0, balanced=True,
    augmentation=Augmentation(flip=0.5, decalcomanie=0.2, jitter=0.2, temporal_jitter=0.3),
)  # fmt: skip
_REDDY_FIT = FitSettings(epochs=20, batch=16, optimiser="sgd", learning_rate=1e-2, weight_decay=0.0, schedule="none")
_REDDY = "random 80/20 split of the samples, not by subject"
_CHANANDA = Published("no figure on unseen subjects", "split by clip token", "Chananda 2024")

SYSTEMS: dict[str, System] = {
    "ststnet": System(
        "STSTNet", _ststnet,
        FitSettings(epochs=60, batch=32, optimiser="adam", learning_rate=2e-3, weight_decay=1e-3, loss="weighted"),
        "", Published("UF1 .735, UAR .761", "LOSO on all 442 samples of MEGC 2019", "Liong et al., FG 2019"),
    ),
    "htnet": System(
        "HTNet", _htnet,
        FitSettings(epochs=30, batch=32, optimiser="adamw", learning_rate=1e-3, weight_decay=0.02),
        "width 48 of 256, 1+1+1 layers of 2+2+10",
        Published(
            "UF1 .860, UAR .848", "LOSO on all 442 samples of MEGC 2019; best epoch on the test subject",
            "Wang et al. 2023",
        ),
    ),
    "r3d": System("R3D-18, oval mask, both attentions", _resnet("r3d"), _RESNET_FIT,
                  "width 8 of 64, 8 frames of 48x48 of 16 of 224x224", _CHANANDA),
    "r2plus1d": System("R(2+1)D-18, oval mask, both attentions", _resnet("r2plus1d"), _RESNET_FIT,
                       "width 8 of 64, 8 frames of 48x48 of 16 of 224x224", _CHANANDA),
    "dualbranch": System(
        "Dual-branch 3D-CNN, predicted AU region", _dualbranch,
        FitSettings(epochs=15, batch=8, optimiser="adam", learning_rate=1e-3, weight_decay=0.0, schedule="step",
                    decay=0.9, decay_every=40, loss="weighted", class_weights=(0.3, 0.35, 0.35)),
        "9 frames of 36x36 of 30 of 128x128, 6 filters of 32, GRU 64 of 512",
        Published(
            "UF1/UAR: SMIC .745/.751, SAMM .860/.885, CASME II .944/.956",
            "LOSO; AU crops from the test clips' annotation, best epoch on the test subject, UF1 by subject",
            "Fang et al. 2024",
        ),
    ),
    "stcnn": System("MicroExpSTCNN", _stcnn, _REDDY_FIT, "48x48 of 64x64, 16 filters of 32",
                    Published("accuracy CAS(ME)^2 .878, SMIC .688", _REDDY, "Reddy et al., IJCNN 2019")),
    "fuse_intermediate": System(
        "MicroExpFuseNet, intermediate", _fusenet(True), _REDDY_FIT, "16 filters of 32, 256 of 1024 fused",
        Published("accuracy CAS(ME)^2 .833, SMIC .548", _REDDY, "Reddy et al., IJCNN 2019")),
    "fuse_late": System(
        "MicroExpFuseNet, late", _fusenet(False), _REDDY_FIT, "16 filters of 32, 256 of 1024 fused",
        Published("accuracy CAS(ME)^2 .793, SMIC .648", _REDDY, "Reddy et al., IJCNN 2019")),
    "au_graph": System(
        "AU graph and patch transformers", _au_graph,
        FitSettings(epochs=15, batch=16, optimiser="adam", learning_rate=1e-3, weight_decay=0.0,
                    schedule="exponential", decay=0.987, decay_after=40,
                    augmentation=Augmentation(flip=0.5, magnification=(1.2, 3.0))),
        "tokens 48 of 160, 2 layers of 6, P3D of 4 bottlenecks of width 4 on 48x48",
        Published("see the paper", "LOSO; chosen by training accuracy; AU targets zero", "Wang et al., ICASSP 2024"),
    ),
    "regional_clouds": System(
        "Regional point clouds, 8x1024 points", _regional_clouds,
        FitSettings(epochs=30, batch=24, optimiser="adam", learning_rate=1e-3, weight_decay=1e-3, schedule="step",
                    decay=0.7, decay_every=20,
                    augmentation=Augmentation(flip=0.5, point_dropout=0.875, cloud_scale=0.25, cloud_shift=0.1)),
        "top 128 and 64 points of 512 and 128, widths an eighth to a half",
        Published("UF1 .682 on CAS(ME)^3 (its light point GCN, 3 classes)",
                  "random split of the samples; best test epoch", "Zhang et al., IEEE TAFFC 2025"),
    ),
}  # fmt: skip
"""By the name that `--model` takes."""
