"""The GPU that networks run on, found through CuPy."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

from engine.classifier import ModelError, first_line

_DRIVER = Path("/proc/driver/nvidia/version")


class NoGpu(ModelError):
    """No CuPy, or no GPU that it can use."""


class CudaDevice(NamedTuple):
    """One GPU."""

    arrays: Any  # the module cupy
    name: str
    capability: tuple[int, int]  # compute capability, e.g. (8, 6)
    driver: str


def find_device() -> CudaDevice:
    """The current GPU.

    Raises:
        NoGpu: there is none, or CuPy is not installed; one line that says which.
    """
    try:
        import cupy
    except ImportError as error:
        reason = "CuPy is not installed" if isinstance(error, ModuleNotFoundError) else f"CuPy does not load: {error}"
        raise NoGpu(reason, "pip install -e '.[gpu]' on a machine with an NVIDIA GPU") from None
    try:
        # CuPy 13 raises here where there is no driver, CuPy 14 says False.
        if not cupy.cuda.is_available():
            raise NoGpu("no usable NVIDIA GPU: CuPy finds no device or no driver")
        properties = cupy.cuda.runtime.getDeviceProperties(cupy.cuda.Device().id)
        cuda = cupy.cuda.runtime.driverGetVersion()
    except NoGpu:
        raise
    except Exception as error:  # CuPy raises the errors of three CUDA libraries
        raise NoGpu(f"no usable NVIDIA GPU: {first_line(error)}") from None
    name = properties["name"]
    return CudaDevice(
        cupy,
        name.decode() if isinstance(name, bytes) else str(name),
        (int(properties["major"]), int(properties["minor"])),
        driver_version(cuda),
    )


def driver_version(cuda: int) -> str:
    """The driver's own version where the system tells it, and the CUDA version that it offers."""
    offered = f"CUDA {cuda // 1000}.{cuda % 1000 // 10}"
    try:
        found = re.search(r"\b(\d{3}\.\d+(?:\.\d+)?)\b", _DRIVER.read_text())
    except OSError:
        return offered
    return f"{found[1]}, {offered}" if found else offered
