"""Dense flow on a GPU: one pair and batches, with the arrays already there."""

from __future__ import annotations

import time

import numpy as np
from rich.console import Console
from rich.table import Table

from kernels.bench_fields import SIZE, portrait
from kernels.cuda_launch import CudaMissing, CupyLauncher
from kernels.flow import FlowEstimator
from kernels.flow_presets import PRESETS

BATCHES = (1, 8, 64)
CALLS = 30


def run_gpu(console: Console) -> dict[str, dict[str, float]] | None:
    """Milliseconds per call and batch, or None where there is no GPU."""
    try:
        cupy = CupyLauncher().arrays
    except CudaMissing as missing:
        console.print(f"GPU not measured: {missing}", markup=False)
        return None
    face = portrait()
    table = Table("preset", "pairs", "ms per call", "ms per pair", title="flow on the GPU, 224x224")
    figures: dict[str, dict[str, float]] = {}
    for preset in PRESETS:
        for pairs in BATCHES:
            estimate = FlowEstimator(SIZE, SIZE, preset, "cupy", pairs=pairs)
            before = cupy.asarray(np.repeat(face[None], pairs, axis=0))
            after = cupy.roll(before, 1, axis=2)
            estimate(before, after)
            times = []
            for _ in range(CALLS):
                cupy.cuda.Device().synchronize()
                begun = time.perf_counter()
                estimate(before, after)
                cupy.cuda.Device().synchronize()
                times.append(time.perf_counter() - begun)
            value = float(np.median(times)) * 1e3
            table.add_row(preset, str(pairs), f"{value:.2f}", f"{value / pairs:.3f}")
            figures.setdefault(preset, {})[str(pairs)] = value
    console.print(table)
    return figures
