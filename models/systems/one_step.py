"""One training step at the published size: that it can be had, and what it takes."""

from __future__ import annotations

import resource
import time

import msgspec
import torch
from torch import nn

from models.parameter_count import parameter_count
from models.systems.catalogue import SYSTEMS
from models.systems.cost import gflop
from models.training.loop import classes_of


class Step(msgspec.Struct, frozen=True):
    """What one step took."""

    parameters: int
    gflop: float  # of one event, forward
    batch: int
    seconds: float
    most_memory_mb: float  # of this process so far
    before: float  # loss on the batch
    after: float  # and once its weights have moved


def one_step(name: str, full: bool = True, batch: int = 2, seed: int = 1) -> Step:
    """Build a network, and take one step of Adam at its own rate on a batch of noise.

    Args:
        name: a key of `models.systems.catalogue.SYSTEMS`.
        full: the published size, else the reduced one.
        batch: events.
        seed: of weights and noise.

    Raises:
        RuntimeError: the loss or a weight is no finite number afterwards, or no weight has moved.
    """
    torch.manual_seed(seed)
    system = SYSTEMS[name]
    made = system.make(3, full)
    events = [torch.rand(batch, *one.shape) for one in made.inputs]
    label = torch.arange(batch) % 3
    optimiser = torch.optim.Adam(made.network.parameters(), system.fit.learning_rate)
    first = next(iter(made.network.parameters())).detach().clone()
    made.network.train()
    begun = time.perf_counter()
    loss = nn.functional.cross_entropy(classes_of(made.network(*events)), label)
    loss.backward()  # type: ignore[no-untyped-call]
    optimiser.step()
    seconds = time.perf_counter() - begun
    with torch.no_grad():
        after = nn.functional.cross_entropy(classes_of(made.network(*events)), label)
    moved = not torch.equal(first, next(iter(made.network.parameters())).detach())
    if not torch.isfinite(after) or not moved:
        raise RuntimeError(f"{name}: the step left no finite loss, or moved nothing")
    with torch.device("meta"):
        empty = system.make(3, full)
        cost = gflop(empty.network, [torch.zeros(1, *one.shape) for one in empty.inputs])
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Step(parameter_count(made.network), cost, batch, seconds, memory, float(loss.detach()), float(after))
