"""A launcher that runs the CUDA sources on the CPU: the same .cu files, compiled by g++ through a small header."""

from __future__ import annotations

import ctypes
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kernels.cuda_launch import SOURCES, THREADS

HEADER = Path(__file__).with_name("cuda_on_cpu.h")
KERNEL = re.compile(r'extern "C" __global__ void (\w+)\(([^)]*)\)', re.DOTALL)


def kernels_in(source: str) -> dict[str, list[str]]:
    """Names of a source's kernels, with their parameters."""
    text = (SOURCES / f"{source}.cu").read_text()
    return {name: [" ".join(p.split()) for p in parameters.split(",")] for name, parameters in KERNEL.findall(text)}


def loops(source: str) -> str:
    """C functions that call each kernel once per thread, as a launch would."""
    lines = []
    for name, parameters in kernels_in(source).items():
        names = ", ".join(parameter.split()[-1].lstrip("*") for parameter in parameters)
        lines.append(
            f'extern "C" void run_{name}(int threads, int block, {", ".join(parameters)}) {{\n'
            f"    blockDim.x = block;\n"
            f"    for (int i = 0; i < (threads + block - 1) / block * block; ++i) {{\n"
            f"        blockIdx.x = i / block;\n        threadIdx.x = i % block;\n        {name}({names});\n    }}\n}}\n"
        )
    return "\n".join(lines)


class CpuLauncher:
    """A `Launcher` over NumPy arrays."""

    arrays = np

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._libraries: dict[str, ctypes.CDLL] = {}
        self.launched: set[tuple[str, str]] = set()

    def __call__(self, source: str, kernel: str, threads: int, *arguments: Any) -> None:
        self.launched.add((source, kernel))
        parameters = kernels_in(source)[kernel]
        assert len(parameters) == len(arguments), f"{kernel} takes {parameters}"
        converted = [self._converted(p, a) for p, a in zip(parameters, arguments, strict=True)]
        getattr(self._library(source), f"run_{kernel}")(ctypes.c_int(threads), ctypes.c_int(THREADS), *converted)

    @staticmethod
    def _converted(parameter: str, argument: Any) -> Any:
        if isinstance(argument, np.ndarray):
            kind = {"float": np.float32, "double": np.float64, "int": np.int32, "short": np.int16}
            wanted = kind[parameter.replace("const ", "").replace("unsigned ", "").split("*")[0].strip()]
            assert "*" in parameter and argument.dtype == wanted, f"{parameter} got {argument.dtype}"
            assert argument.flags.c_contiguous, parameter
            return argument.ctypes.data_as(ctypes.c_void_p)
        assert "*" not in parameter, parameter
        return ctypes.c_float(argument) if parameter.startswith("float") else ctypes.c_int(argument)

    def _library(self, source: str) -> ctypes.CDLL:
        if source not in self._libraries:
            code = self._folder / f"{source}.cpp"
            code.write_text(f'#include "{HEADER}"\n{(SOURCES / f"{source}.cu").read_text()}\n{loops(source)}')
            library = code.with_suffix(".so")
            command = ["g++", "-O2", "-std=c++14", "-ffp-contract=off", "-shared", "-fPIC", "-o", library, code]
            done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
            self._libraries[source] = ctypes.CDLL(str(library))
        return self._libraries[source]


@pytest.fixture(scope="session")
def cpu_launcher(tmp_path_factory: pytest.TempPathFactory) -> CpuLauncher:
    if shutil.which("g++") is None:
        pytest.skip("no g++ to compile the CUDA sources for the CPU")
    return CpuLauncher(tmp_path_factory.mktemp("cuda"))
