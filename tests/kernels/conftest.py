"""Faces and fields for the kernels' tests."""

from __future__ import annotations

import numpy as np
import pytest

from kernels import cuda_launch
from kernels.bench_fields import portrait, portrait_mesh
from tests.kernels.cuda_on_cpu import CpuLauncher, cpu_launcher

__all__ = ["cpu_launcher"]


@pytest.fixture(scope="session")
def face() -> np.ndarray:
    """Grey float32 (224, 224)."""
    image = portrait()
    image.setflags(write=False)
    return image


@pytest.fixture(scope="session")
def mesh() -> np.ndarray:
    """float32 (468, 3) of `face`."""
    points = portrait_mesh()
    points.setflags(write=False)
    return points


@pytest.fixture
def cuda_sources(cpu_launcher: CpuLauncher, monkeypatch: pytest.MonkeyPatch) -> CpuLauncher:
    """backend="cupy" runs the CUDA sources on the CPU, over NumPy arrays."""
    monkeypatch.setattr(cuda_launch, "launcher", lambda: cpu_launcher)
    return cpu_launcher
