"""Running the CUDA sources in `kernels/cuda` through CuPy; the only file that imports CuPy."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

SOURCES = Path(__file__).parent / "cuda"
THREADS = 128
"""Threads of a block: small, because most grids of the flow have few cells."""


class Launcher(Protocol):
    """Runs kernels over arrays of one library, which must look like NumPy."""

    arrays: Any
    """The array library: `cupy`, or a stand-in for it."""

    def __call__(self, source: str, kernel: str, threads: int, *arguments: Any) -> None:
        """Run `kernel` of `cuda/<source>.cu` with one thread for each of `threads` items.

        Arrays are passed as they are; int and float stand for C's int and float.
        """


class CudaMissing(RuntimeError):
    """There is no CuPy, or no GPU that it can use."""


class CupyLauncher:
    """Compiles with NVRTC at first use and launches on the current stream.

    Raises:
        CudaMissing: no CuPy, or no GPU.
    """

    def __init__(self) -> None:
        try:
            import cupy

            devices = cupy.cuda.runtime.getDeviceCount()
        except ImportError as error:
            raise CudaMissing("CuPy is not installed; install it with: pip install 'glimpse[gpu]'") from error
        except Exception as error:
            raise CudaMissing(f"no GPU that CUDA can use: {error}") from error
        if not devices:
            raise CudaMissing("no GPU that CUDA can use")
        self.arrays = cupy

    def __call__(self, source: str, kernel: str, threads: int, *arguments: Any) -> None:
        converted = tuple(self._scalar(argument) for argument in arguments)
        _module(source).get_function(kernel)((-(-threads // THREADS),), (THREADS,), converted)

    def _scalar(self, argument: Any) -> Any:
        if isinstance(argument, float):
            return self.arrays.float32(argument)
        if isinstance(argument, int):  # bool too
            return self.arrays.int32(argument)
        return argument


@lru_cache(maxsize=1)
def launcher() -> CupyLauncher:
    """The process's launcher."""
    return CupyLauncher()


@lru_cache(maxsize=16)
def _module(source: str) -> Any:
    import cupy

    # No fused multiply-add contraction: the GPU should round as the reference does.
    return cupy.RawModule(code=(SOURCES / f"{source}.cu").read_text(), options=("-std=c++14", "--fmad=false"))
