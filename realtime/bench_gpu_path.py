"""How long one event takes on a GPU from crops on the host to a verdict on the host: flow, cloud and network."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from engine.classifier import Classifier, ModelError
from engine.pick import load
from kernels.bench_fields import portrait, portrait_mesh
from kernels.expression_cloud import ExpressionCloud
from realtime.expression_on_gpu import ExpressionOnGpu, fetched

SIZE = 224
CALLS = 200


def run_gpu_path(console: Console, calls: int = CALLS) -> dict[str, Any] | None:
    """Print and return the medians, beside the same event on the CPU; None where there is no GPU or no TensorRT.

    Args:
        console: where to print.
        calls: medians are over so many.

    Raises:
        ModelError: the GPU's verdict is not the CPU's.
    """
    try:
        on_gpu = load("cloud", "tensorrt")
    except ModelError as missing:
        console.print(f"whole path on the GPU not measured: {missing}", markup=False, highlight=False, soft_wrap=True)
        return None
    on_cpu = load("cloud", "onnxruntime")
    figures: dict[str, Any] = {
        "gpu": measure(ExpressionOnGpu(SIZE), on_gpu, calls),
        "cpu": measure(ExpressionCloud(SIZE), on_cpu, max(calls // 10, 1)),
        "provenance": str(on_gpu.provenance),
    }
    table = Table(f"one event, {SIZE}x{SIZE}, ms", "flow and cloud", "network", "whole", box=None)
    for place in ("gpu", "cpu"):
        table.add_row(place, *(f"{figures[place][part]:.3f}" for part in ("cloud_ms", "network_ms", "whole_ms")))
    console.print(str(on_gpu.provenance), markup=False, highlight=False, soft_wrap=True)
    console.print(table)
    difference = float(np.abs(figures["gpu"].pop("verdict") - figures["cpu"].pop("verdict")).max())
    console.print(f"largest difference of a probability between the two: {difference:.1e}", highlight=False)
    if not difference <= 0.05:
        raise ModelError(f"the GPU's verdict strays from the CPU's by {difference:.1e}")
    return {**figures, "difference": difference}


def measure(meter: ExpressionCloud | ExpressionOnGpu, classifier: Classifier, calls: int) -> dict[str, Any]:
    """Medians of one event: to the cloud, through the network, and both; every verdict ends up on the host."""
    onset, apex, mesh = _event()
    width = float(np.linalg.norm(mesh[454] - mesh[234]))
    meter.warm()
    classifier.warm()
    both = np.empty((calls, 2))
    verdict: NDArray[np.float32] = np.empty(0, np.float32)
    for call in range(-3, calls):
        start = time.perf_counter_ns()
        cloud = meter.measure(onset, apex, mesh, width).cloud
        measured = time.perf_counter_ns()
        verdict = classifier.classify(cloud[None]).probabilities
        done = time.perf_counter_ns()
        if call >= 0:
            both[call] = (measured - start) / 1e6, (done - measured) / 1e6
    cloud_ms, network_ms = np.median(both, axis=0)
    # On the GPU the split is where the host stopped waiting, not where the device did.
    whole = float(np.median(both.sum(axis=1)))
    return {
        "cloud_ms": float(cloud_ms), "network_ms": float(network_ms), "whole_ms": whole, "verdict": fetched(verdict),
    }  # fmt: skip


def _event() -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.float32]]:
    """The portrait, its mouth corners drawn outwards by two pixels."""
    import cv2

    onset, mesh = np.asarray(portrait()), np.asarray(portrait_mesh(), np.float32)
    y, x = np.mgrid[: onset.shape[0], : onset.shape[1]].astype(np.float32)
    for corner, way in ((61, -1.0), (291, 1.0)):
        bump = np.exp(-0.5 * ((x - mesh[corner, 0]) ** 2 + (y - mesh[corner, 1]) ** 2) / 10.0**2)
        x = (x - way * 2.0 * bump).astype(np.float32)
    apex = cv2.remap(onset.astype(np.float32), x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return onset.clip(0, 255).astype(np.uint8), np.asarray(apex.clip(0, 255).astype(np.uint8)), mesh
