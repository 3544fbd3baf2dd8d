"""Dense flow on a GPU, ours and PyTorch's, beside OpenCV on the same machine's CPU: one pair and batches."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from kernels.bench_fields import SIZE, Pair, pairs, portrait
from kernels.bench_flow import FlowScore, peers, score
from kernels.cuda_launch import CudaMissing, CupyLauncher
from kernels.flow import FlowEstimator
from kernels.flow_presets import PRESETS

BATCHES = (1, 8, 64)
CALLS = 30
CPU_PEERS = ("DIS fast", "DIS medium", "Farneback")

Images = NDArray[np.float32]
Call = Callable[[], Any]


def run_gpu(console: Console) -> dict[str, Any] | None:
    """Milliseconds per call and batch, and errors, or None where there is no GPU that CuPy can use."""
    try:
        cupy = CupyLauncher().arrays
    except CudaMissing as missing:
        console.print(f"GPU not measured: {missing}", markup=False)
        return None
    import cv2

    cv2.setNumThreads(0)  # OpenCV's own choice: all cores of this machine
    name = cupy.cuda.runtime.getDeviceProperties(0)["name"].decode()
    made = list(pairs([portrait()], max(BATCHES)))
    methods = [*ours(cupy, cupy.cuda.Device().synchronize), *torch_peer("cuda", console), *opencv()]
    return {"device": name, **measured(methods, made, BATCHES, CALLS, console, f"flow on {name}, {SIZE}x{SIZE}")}


Method = tuple[str, Callable[[Images, Images], tuple[Call, Call]]]
"""Name, and what turns images (pairs, H, W) into a call, whose result lies where it was made, and its retrieval: the
flow of the last call as NumPy (pairs, H, W, 2). Both wait until the work is done."""


def ours(arrays: Any, synchronize: Callable[[], None]) -> Iterator[Method]:
    """Both presets, with the images already on the GPU.

    Args:
        arrays: the array library, CuPy.
        synchronize: waits for the GPU.
    """
    for preset in PRESETS:

        def prepared(before: Images, after: Images, preset: Any = preset) -> tuple[Call, Call]:
            estimate = FlowEstimator(before.shape[1], before.shape[2], preset, "cupy", pairs=len(before))
            images = arrays.asarray(before), arrays.asarray(after)
            out = arrays.empty((*before.shape, 2), "float32")

            def call() -> None:
                estimate(*images, out=out)
                synchronize()

            return call, lambda: out.get() if hasattr(out, "get") else out

        yield f"Glimpse {preset}", prepared


def torch_peer(device: str, console: Console) -> Iterator[Method]:
    """Lucas-Kanade in PyTorch on `device`; nothing, said so, where PyTorch or its part for that device is missing."""
    try:
        import torch
    except ImportError:
        console.print("PyTorch's flow not measured: install it with: pip install 'glimpse[train]'", markup=False)
        return
    if device == "cuda" and not torch.cuda.is_available():
        console.print("PyTorch's flow not measured: this PyTorch was built without CUDA", markup=False)
        return
    from kernels.bench_torch_flow import TorchFlow

    def prepared(before: Images, after: Images) -> tuple[Call, Call]:
        estimate = TorchFlow(device)
        images = [torch.from_numpy(stack).to(device) for stack in (before, after)]
        last: list[Any] = []

        def call() -> None:
            last[:] = [estimate(*images)]
            if device == "cuda":
                torch.cuda.synchronize()

        return call, lambda: last[0].cpu().numpy()

    yield f"PyTorch Lucas-Kanade ({device})", prepared


def opencv() -> Iterator[Method]:
    """OpenCV's flows on the CPU, pair after pair."""
    for name, estimate in peers(slow=False):
        if name not in CPU_PEERS:
            continue

        def prepared(before: Images, after: Images, estimate: Any = estimate) -> tuple[Call, Call]:
            images = [stack.astype(np.uint8) for stack in (before, after)]
            last: list[Any] = []

            def call() -> None:
                last[:] = [estimate(*pair) for pair in zip(*images, strict=True)]

            return call, lambda: np.stack(last)

        yield f"OpenCV {name} (CPU)", prepared


def measured(
    methods: list[Method], made: list[Pair], batches: tuple[int, ...], calls: int, console: Console, title: str
) -> dict[str, Any]:
    """Median times of every method at every batch, and its error on the largest, as a table and for JSON.

    Args:
        methods: what to measure.
        made: at least as many pairs as the largest batch.
        batches: pairs per call, ascending.
        calls: timed at each.
        console: where the table goes.
        title: the table's.
    """
    times: dict[str, dict[str, float]] = {}
    errors: dict[str, FlowScore] = {}
    before, after = (np.stack([pair[i] for pair in made]).astype(np.float32) for i in (0, 1))
    for name, prepared in methods:
        for count in batches:
            call, retrieve = prepared(before[:count], after[:count])
            times.setdefault(name, {})[str(count)] = _median_ms(call, calls)
            flows = iter(np.asarray(retrieve()))
            errors[name] = score(name, lambda *_, flows=flows: next(flows), made[:count])
    shown = Table(
        "method", *(f"{count} pairs, ms" for count in batches), "ms per pair", "all / moving, px", title=title
    )
    for name, row in times.items():
        values = [f"{row[str(count)]:.2f}" for count in batches]
        error = errors[name]
        per_pair = f"{row[str(batches[-1])] / batches[-1]:.3f}"
        shown.add_row(name, *values, per_pair, f"{error.everywhere:.3f} / {error.moving:.3f}")
    console.print(shown)
    return {
        "milliseconds": times,
        "errors": {name: {"all": error.everywhere, "moving": error.moving} for name, error in errors.items()},
    }


def _median_ms(call: Call, calls: int) -> float:
    call()
    times = []
    for _ in range(calls):
        begun = time.perf_counter()
        call()
        times.append(time.perf_counter() - begun)
    return float(np.median(times)) * 1e3
