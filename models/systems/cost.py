"""What a network costs: parameters, arithmetic, and time for one event."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence

import msgspec
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from models.parameter_count import parameter_count

WARM_UPS = 3


class Cost(msgspec.Struct, frozen=True):
    """Of one event. GFLOP count a multiplication and an addition as two, in matrix products and convolutions."""

    parameters: int
    gflop: float
    cpu_ms: float | None = None  # median, one thread, torch; without making the input
    gpu_ms: float | None = None


def gflop(network: nn.Module, batch: Sequence[Tensor]) -> float:
    """Arithmetic of one forward pass, billions; works on the meta device, where nothing is computed."""
    network.eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(*batch)
    return float(counter.get_total_flops()) / 1e9


def milliseconds(network: nn.Module, batch: Sequence[Tensor], runs: int, device: str = "cpu") -> float:
    """Median time of a forward pass over `runs` runs, on one CPU thread or on a GPU."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        network.to(device).eval()
        there = [one.to(device) for one in batch]
        taken = []
        with torch.inference_mode():
            for run in range(WARM_UPS + runs):
                begun = time.perf_counter()
                network(*there)
                if device == "cuda":
                    torch.cuda.synchronize()
                if run >= WARM_UPS:
                    taken.append(1e3 * (time.perf_counter() - begun))
        return statistics.median(taken)
    finally:
        torch.set_num_threads(threads)
        network.to("cpu")


def cost_of(make: Callable[[], nn.Module], shapes: Sequence[tuple[int, ...]], runs: int) -> Cost:
    """Everything about a network; with `runs` 0 nothing is computed, so that the largest can be counted anywhere."""
    if not runs:
        with torch.device("meta"):
            network = make()
            batch = [torch.zeros(1, *shape) for shape in shapes]
            return Cost(parameter_count(network), gflop(network, batch))
    network = make()
    batch = [torch.rand(1, *shape) for shape in shapes]
    on_gpu = milliseconds(network, batch, runs, "cuda") if torch.cuda.is_available() else None
    return Cost(parameter_count(network), gflop(network, batch), milliseconds(network, batch, runs), on_gpu)
