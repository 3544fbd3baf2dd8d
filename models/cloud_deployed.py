"""The network `cloud` in fewer passes over its points: what is exported in place of the form that is trained."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from models.cloud_network import POSITION_GAIN

if TYPE_CHECKING:
    from models.cloud_network import CloudNetwork, Logits, RegionLinear


class DeployedCloud(nn.Module):
    """The same function as a trained `CloudNetwork`, up to rounding.

    Each point carries one more channel: 1 where it is present, 0 where it is missing. Biases become the weights of that
    channel, so a missing point stays zero through all layers without being masked again, and what a region's points
    have in common is added through the weights of that channel too. Position's gain and the mirroring of the left half
    are multiplied into the first weights.

    Args:
        network: trained; its parameters are copied.
    """

    carried_in: Tensor
    carried_local: Tensor
    global_weight: Tensor
    context_weight: Tensor
    context_bias: Tensor

    def __init__(self, network: CloudNetwork) -> None:
        super().__init__()
        self.network = network
        with torch.no_grad():
            context = network.context
            nothing = torch.zeros_like(context.bias)
            right = _carrying(network.points_in)
            right[:, :3] *= POSITION_GAIN
            mirror = torch.cat((network.mirror, torch.ones(1))).reshape(1, -1, 1)
            self.register_buffer("carried_in", torch.stack((right, right * mirror)))
            self.register_buffer("carried_local", _carrying(network.points_local))
            self.register_buffer("global_weight", network.points_global.weight.clone())
            self.register_buffer("context_weight", torch.cat((context.weight, nothing), dim=1))
            self.register_buffer("context_bias", context.bias + network.points_global.bias)

    def forward(self, clouds: Tensor) -> Logits:
        """Judge a batch; see `CloudNetwork.forward`."""
        network = self.network
        present = (clouds.abs().sum(dim=3, keepdim=True) > 0).to(clouds.dtype)
        motion, tension, log_amplitude = network.motion_and_tension(clouds, present)
        points = torch.cat((clouds[..., :3], motion, tension * present, present), dim=3)
        halves = torch.stack((points[:, network.right], points[:, network.left]), dim=1)
        local = torch.relu(torch.matmul(torch.relu(torch.matmul(halves, self.carried_in)), self.carried_local))
        context = torch.matmul(local.amax(dim=3, keepdim=True), self.context_weight) + self.context_bias
        weight = torch.cat((self.global_weight.expand(clouds.shape[0], 2, -1, -1, -1), context), dim=3)
        full = torch.relu(torch.matmul(local, weight))
        return network.verdict(full, halves[..., 6:], log_amplitude)


def _carrying(layer: RegionLinear) -> Tensor:
    """Weights (R, inputs + 1, outputs + 1) that apply the bias to present points, and hand presence on."""
    weight = torch.cat((layer.weight, layer.bias), dim=1)
    presence = torch.zeros(weight.shape[0], weight.shape[1], 1)
    presence[:, -1] = 1.0
    return torch.cat((weight, presence), dim=2)
