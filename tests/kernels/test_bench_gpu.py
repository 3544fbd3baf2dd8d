"""The GPU's benchmark, as far as it goes without one: its methods on the CPU, its table, and why it is skipped."""

from __future__ import annotations

import io
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from rich.console import Console

from kernels import bench_gpu
from kernels.bench_fields import pairs, portrait
from kernels.cuda_launch import CudaMissing, CupyLauncher


@pytest.fixture(scope="module")
def made():
    return list(pairs([portrait()], 2))


def test_every_method_is_measured_on_the_same_pairs(made, cuda_sources):
    pytest.importorskip("torch")
    console = Console(file=io.StringIO(), width=200)
    methods = [
        *bench_gpu.ours(np, lambda: None),
        *bench_gpu.torch_peer("cpu", console),
        *bench_gpu.opencv(),
    ]
    found = bench_gpu.measured(methods, made, (1, 2), 1, console, "here")
    names = {"Glimpse tracking", "Glimpse precise", "PyTorch Lucas-Kanade (cpu)", "OpenCV DIS medium (CPU)"}
    assert names <= set(found["milliseconds"]) and set(found["errors"]) == set(found["milliseconds"])
    assert all(set(row) == {"1", "2"} and min(row.values()) > 0 for row in found["milliseconds"].values())
    nothing = np.mean([np.linalg.norm(pair.truth, axis=2).mean() for pair in made])
    assert all(row["all"] < nothing for row in found["errors"].values()), found["errors"]
    assert "OpenCV Farneback" in console.file.getvalue()


def test_torch_flow_follows_a_shift():
    torch = pytest.importorskip("torch")
    from kernels.bench_torch_flow import TorchFlow

    face = torch.from_numpy(portrait())
    before, after = torch.stack([face, face]), torch.stack([torch.roll(face, 2, 1), torch.roll(face, -1, 0)])
    flow = TorchFlow("cpu")(before, after).numpy()
    assert flow.shape == (2, 224, 224, 2)
    inside = flow[:, 30:-30, 30:-30].reshape(2, -1, 2)
    np.testing.assert_allclose(np.median(inside, axis=1), [[2, 0], [0, -1]], atol=0.1)


def _driverless(version: str) -> SimpleNamespace:
    """CuPy without a driver: `is_available` raises in 13.6 and is False in 14; asking for devices raises in both."""

    def raises() -> int:
        raise RuntimeError("cudaErrorInsufficientDriver")

    available = raises if version == "13.6" else lambda: False
    runtime = SimpleNamespace(getDeviceCount=raises)
    return SimpleNamespace(cuda=SimpleNamespace(runtime=runtime, is_available=available))


@pytest.mark.parametrize("version", ["13.6", "14"])
def test_cupy_without_a_driver(monkeypatch, version):
    monkeypatch.setitem(sys.modules, "cupy", _driverless(version))
    with pytest.raises(CudaMissing, match="no GPU that CUDA can use"):
        CupyLauncher()
    console = Console(file=io.StringIO(), width=200)
    assert bench_gpu.run_gpu(console) is None
    assert "GPU not measured: no GPU" in console.file.getvalue()


def test_without_cupy(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    console = Console(file=io.StringIO(), width=200)
    assert bench_gpu.run_gpu(console) is None
    assert "CuPy is not installed" in console.file.getvalue()
