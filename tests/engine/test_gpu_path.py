"""The whole path of an event on a GPU: its arithmetic on the CPU's stand-in, and itself where there is a GPU."""

from __future__ import annotations

import numpy as np
import pytest
from rich.console import Console

from engine.pick import load
from kernels import cuda_launch
from kernels.expression_cloud import ExpressionCloud
from realtime import bench_gpu_path
from realtime.bench_gpu_path import SIZE, run_gpu_path
from realtime.expression_on_gpu import ExpressionOnGpu, fetched, meter_for
from tests.kernels.cuda_on_cpu import cpu_launcher

__all__ = ["cpu_launcher"]


@pytest.fixture
def stand_in(cpu_launcher, monkeypatch):
    """The CUDA sources, compiled for the CPU, over NumPy arrays."""
    monkeypatch.setattr(cuda_launch, "launcher", lambda: cpu_launcher)


def test_the_gpu_measures_what_the_cpu_measures(stand_in):
    onset, apex, mesh = bench_gpu_path._event()
    expected = ExpressionCloud(SIZE).measure(onset, apex, mesh, 160.0)
    found = ExpressionOnGpu(SIZE).measure(onset, apex, mesh, 160.0)
    assert np.abs(expected.residual).max() > 1.0, "the event must move"
    np.testing.assert_allclose(fetched(found.residual), expected.residual, atol=2e-3)
    np.testing.assert_allclose(fetched(found.strain), expected.strain, atol=2e-3)
    assert found.noise == pytest.approx(expected.noise, abs=1e-3)
    # Nearly equal motions may change places in the cloud; the verdict must not.
    one, other = (load("cloud", "onnxruntime").classify(fetched(m.cloud)[None]) for m in (found, expected))
    np.testing.assert_allclose(one.probabilities, other.probabilities, atol=5e-3)


@pytest.mark.parametrize(("crop", "width"), [((SIZE, SIZE - 1), 160.0), ((SIZE, SIZE), 0.0), ((SIZE, SIZE), np.nan)])
def test_bad_crops_are_refused(stand_in, crop, width):
    black = np.zeros(crop, np.uint8)
    with pytest.raises(ValueError, match=r"crops must be|face width must be"):
        ExpressionOnGpu(SIZE).measure(black, black, np.zeros((468, 3), np.float32), width)


def test_a_network_on_the_cpu_is_measured_for_on_the_cpu():
    assert isinstance(meter_for(load("cloud", "onnxruntime"), SIZE), ExpressionCloud)


def test_the_cpu_column_is_a_measurement():
    figures = bench_gpu_path.measure(ExpressionCloud(SIZE), load("cloud", "onnxruntime"), 2)
    assert 0 < figures["network_ms"] < figures["whole_ms"]
    assert figures["verdict"].shape == (1, 3)


def test_without_a_gpu_one_line_says_so(monkeypatch, capsys):
    monkeypatch.setitem(__import__("sys").modules, "cupy", None)
    assert run_gpu_path(Console()) is None
    said = capsys.readouterr().out
    assert said.startswith("whole path on the GPU not measured: tensorrt: CuPy") and "pip install" in said


@pytest.mark.gpu
def test_on_a_real_gpu():
    figures = run_gpu_path(Console(), calls=20)
    if figures is None:
        pytest.skip("no GPU with CuPy and TensorRT")
    assert figures["difference"] < 0.05
