"""Published systems A to E: parameter counts, output shapes, and a batch learned by heart."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from models.systems.au_graph import GRAPH_UNITS, AUGraph, AUGraphShape
from models.systems.catalogue import SYSTEMS
from models.systems.dualbranch import DualBranch, DualBranchShape
from models.systems.htnet import HTNet, HTNetShape
from models.systems.pseudo3d import PseudoResNet
from models.systems.regional_clouds import RegionalClouds, RegionalCloudsShape
from models.systems.resnet3d import ResNet3D, ResNet3DShape
from models.systems.stcnn import STCNN, FuseNet, STCNNShape
from models.systems.ststnet import STSTNet
from models.training.loop import classes_of


def parameters(network: nn.Module) -> int:
    return sum(one.numel() for one in network.parameters())


@pytest.mark.parametrize(("kind", "published"), [("r3d", 33_371_472), ("r2plus1d", 31_505_325)])
def test_the_residual_networks_are_those_of_the_paper(kind: str, published: int):
    # Tran et al. 2018 with the 400 classes of Kinetics, as every public implementation counts them.
    plain = ResNet3D(400, ResNet3DShape(kind, spatial_attention=False, channel_attention=False))
    assert parameters(plain) == published


def test_the_dual_branch_has_the_published_number_of_parameters_and_grid():
    network = DualBranch()
    assert round(parameters(network) / 1e6, 1) in (3.8, 3.9)
    with torch.inference_mode():
        steps = network.face(torch.zeros(1, 3, 30, 128, 128))
    assert steps.shape == (1, 4, 64, 15, 15)  # published as 4 x 15 x 15 x 64
    assert sum(network.attention.widths) == 510
    with pytest.raises(ValueError, match="up to 45 frames"):
        DualBranch(3, DualBranchShape(frames=60))


def test_the_shallow_networks_follow_from_their_description():
    # 62 x 62 x 82 positions after a valid (3, 3, 15) kernel, a third each way, 32 filters.
    assert parameters(STCNN(3, STCNNShape(frames=96))) == 32 * 136 + 20 * 20 * 27 * 32 * 128 + 128 + 129 * 3
    stem, fused = 32 * 136, 10 * 10 * 1 * 32
    early = 2 * stem + (2 * fused + 1) * 1024 + 1025 * 128 + 129 * 3
    late = 2 * (stem + (fused + 1) * 1024 + 1025 * 128) + 257 * 3
    assert parameters(FuseNet(3, "intermediate")) == early and parameters(FuseNet(3, "late")) == late
    with pytest.raises(ValueError, match="at least 17 frames"):
        STCNN(3, STCNNShape(frames=12))


def test_the_point_network_and_the_graph_have_the_published_size():
    assert round(parameters(RegionalClouds()) / 1e6, 1) == 3.5
    assert round(parameters(PseudoResNet()) / 1e6) == 25  # P3D-63 is a ResNet-50 whose 3x3 kernels have a 3x1 beside
    assert AUGraph().classes.in_features == 9 * 160


def test_every_stage_of_the_point_network_gets_a_gradient():
    # In the published code the first two stages are detached.
    network = RegionalClouds()
    network(torch.randn(2, 8, 600, 6)).sum().backward()
    for stage in (network.first, network.second, network.third):
        assert all(one.grad is not None and one.grad.abs().sum() > 0 for one in stage.parameters())


def inputs_of(made, count: int) -> list[torch.Tensor]:
    torch.manual_seed(3)
    return [
        (torch.rand(count, *one.shape) > 0.3).float() if one.name == "oval" else torch.rand(count, *one.shape)
        for one in made.inputs
    ]


@pytest.mark.parametrize("name", SYSTEMS)
def test_shapes_of_the_outputs(name: str):
    classes = 5
    made = SYSTEMS[name].make(classes, False)
    made.network.eval()
    with torch.inference_mode():
        said = made.network(*inputs_of(made, 2))
    assert classes_of(said).shape == (2, classes)
    if made.unit_names:
        assert said.action_units.shape == (2, len(GRAPH_UNITS)) and made.unit_names == GRAPH_UNITS


CLIP = (3, 8, 24, 24)
TINY: dict[str, tuple[nn.Module, list[tuple[int, ...]]]] = {
    "ststnet": (STSTNet(), [(3, 28, 28)]),
    "htnet": (HTNet(3, HTNetShape(width=12, repeats=(1, 1, 1))), [(3, 28, 28)]),
    "r3d": (ResNet3D(3, ResNet3DShape("r3d", 4)), [CLIP, (1, *CLIP[1:])]),
    "r2plus1d": (ResNet3D(3, ResNet3DShape("r2plus1d", 4)), [CLIP, (1, *CLIP[1:])]),
    "dualbranch": (DualBranch(3, DualBranchShape(9, 27, 4, 32)), [(3, 9, 27, 27)] * 2),
    "stcnn": (STCNN(3, STCNNShape(size=20, filters=8)), [(1, 18, 20, 20)]),
    "fuse_intermediate": (FuseNet(3, "intermediate", STCNNShape(size=40, filters=4, fused=32)), [(1, 18, 20, 20)] * 2),
    "fuse_late": (FuseNet(3, "late", STCNNShape(size=40, filters=4, fused=32)), [(1, 18, 20, 20)] * 2),
    "au_graph": (
        AUGraph(3, AUGraphShape(16, 2, 8, 16, 1, (8, 16), 4, (1, 1, 1, 1))), [(30, 9, 2, 7, 7), (3, 16, 32, 32)],
    ),
    "regional_clouds": (
        RegionalClouds(3, RegionalCloudsShape((16, 8), (8, 8, 16), (16, 16), (32, 32), 16)), [(8, 24, 6)],
    ),
}  # fmt: skip


def test_every_system_has_a_tiny_twin():
    assert set(TINY) == set(SYSTEMS)


@pytest.mark.parametrize("name", TINY)
def test_a_batch_is_learned_by_heart(name: str):
    torch.manual_seed(1)
    network, shapes = TINY[name]
    for module in network.modules():
        if isinstance(module, nn.Dropout | nn.Dropout3d):
            module.p = 0.0
    label = torch.tensor([0, 1, 2, 0, 1, 2])
    # Something in every sample that its label can be told by.
    share = 0.2 + 0.4 * label
    batch = [torch.rand(6, *shape) * share.reshape(-1, *[1] * len(shape)) for shape in shapes]
    optimiser = torch.optim.Adam(network.parameters(), 4e-3)
    network.train()
    for _ in range(150):
        loss = nn.functional.cross_entropy(classes_of(network(*batch)), label)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if loss.item() < 0.05:
            break
    assert loss.item() < 0.2
    assert (classes_of(network(*batch)).argmax(dim=1) == label).all()


def test_units_of_a_graph_are_masked_where_nobody_coded_them():
    import numpy as np

    from models.labels import ACTION_UNITS
    from models.protocol.samples import Inputs

    made = SYSTEMS["au_graph"].make(3, False)
    stored = np.full((2, len(ACTION_UNITS)), -1, np.int8)
    stored[1] = 0
    stored[1, ACTION_UNITS.index("AU12")] = 1
    targets, known = made.units(Inputs(np.array(["a", "b"]), {"units": stored}))
    assert known.tolist() == [False, True] and targets[1].sum() == 1
    assert targets[1, GRAPH_UNITS.index("AU12")] == 1


def test_judging_never_reads_the_annotated_units():
    for name, system in SYSTEMS.items():
        assert "units" not in system.make(3, False).view.needs, name


def test_the_graph_refuses_widths_that_do_not_meet():
    with pytest.raises(ValueError, match="must end in"):
        AUGraph(3, AUGraphShape(graph=(8, 16)))
