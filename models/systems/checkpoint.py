"""A trained system as a file that the engine exports, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from models.protocol.samples import Inputs
from models.systems.catalogue import SYSTEMS, Made


def to_checkpoint(name: str, classes: int, full: bool, network: nn.Module) -> dict[str, Any]:
    """Weights and what the network is built from, for `torch.save`."""
    state = {key: value.cpu() for key, value in network.state_dict().items()}
    return {"name": name, "classes": classes, "full": full, "state": state}


def from_checkpoint(stored: dict[str, Any]) -> nn.Module:
    """The network stored by `to_checkpoint`, ready for inference."""
    made = SYSTEMS[stored["name"]].make(int(stored["classes"]), bool(stored["full"]))
    made.network.load_state_dict(stored["state"])
    return made.network.eval()


def input_table(made: Made) -> list[dict[str, Any]]:
    """The network's inputs as the engine's export wants them described."""
    return [{"name": one.name, "shape": list(one.shape), "meaning": one.meaning} for one in made.inputs]


def scrambled_inputs(made: Made, inputs: Inputs, count: int) -> dict[str, torch.Tensor]:
    """Values of `count` samples' inputs in random order, by the inputs' names.

    They prove an exported file as well as real ones do, and go wherever that file goes: they must show nobody's face.
    """
    random = np.random.default_rng(0)
    arrays = made.view.read(inputs.take(np.arange(count) % len(inputs)))
    mixed = (random.permutation(array.ravel()).reshape(array.shape) for array in arrays)
    return {one.name: torch.from_numpy(array) for one, array in zip(made.inputs, mixed, strict=True)}
