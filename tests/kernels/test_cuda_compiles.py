"""Every CUDA source compiles, without a GPU, for the cards that Glimpse names."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from pathlib import Path

import pytest

from kernels.cuda_launch import SOURCES
from tests.kernels.cuda_on_cpu import CpuLauncher, kernels_in, loops

ARCHITECTURES = ("75", "86", "89", "90", "100")
FILES = sorted(file.stem for file in SOURCES.glob("*.cu"))


def nvrtc() -> ctypes.CDLL | None:
    """NVRTC from its wheel (nvidia-cuda-nvrtc-cu12, or nvidia-cuda-nvrtc of CUDA 13), or from the system."""
    candidates = []
    try:
        import nvidia

        for root in nvidia.__path__:
            candidates += [str(file) for file in sorted(Path(root).rglob("libnvrtc.so.*"))]
    except ImportError:
        pass
    for name in [*candidates, "libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so"]:
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    return None


def compile_with_nvrtc(library: ctypes.CDLL, text: str, architecture: str) -> tuple[int, str]:
    """NVRTC's return code and log."""
    program = ctypes.c_void_p()
    assert library.nvrtcCreateProgram(ctypes.byref(program), text.encode(), b"source.cu", 0, None, None) == 0
    options = [f"--gpu-architecture=sm_{architecture}".encode(), b"-std=c++14", b"--fmad=false"]
    code = library.nvrtcCompileProgram(program, len(options), (ctypes.c_char_p * len(options))(*options))
    size = ctypes.c_size_t()
    library.nvrtcGetProgramLogSize(program, ctypes.byref(size))
    log = ctypes.create_string_buffer(size.value)
    library.nvrtcGetProgramLog(program, log)
    library.nvrtcDestroyProgram(ctypes.byref(program))
    return code, log.value.decode()


def known_architectures(library: ctypes.CDLL) -> set[str]:
    """Those that this NVRTC can compile for."""
    count = ctypes.c_int()
    library.nvrtcGetNumSupportedArchs(ctypes.byref(count))
    found = (ctypes.c_int * count.value)()
    library.nvrtcGetSupportedArchs(found)
    return {str(number) for number in found}


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("source", FILES)
def test_nvrtc_compiles(source, architecture):
    library = nvrtc()
    if library is None:
        pytest.skip("no NVRTC; install it with: pip install nvidia-cuda-nvrtc-cu12")
    if architecture not in known_architectures(library):
        pytest.skip(f"this NVRTC does not know sm_{architecture}")
    code, log = compile_with_nvrtc(library, (SOURCES / f"{source}.cu").read_text(), architecture)
    assert code == 0, log


def test_nvrtc_refuses_what_is_wrong():
    library = nvrtc()
    if library is None:
        pytest.skip("no NVRTC; install it with: pip install nvidia-cuda-nvrtc-cu12")
    code, log = compile_with_nvrtc(library, 'extern "C" __global__ void wrong(float* out) { out[0] = nothing; }', "90")
    assert code != 0 and "nothing" in log


@pytest.mark.parametrize("source", FILES)
def test_every_thread_is_bounded(source):
    """A launch rounds threads up to whole blocks: each kernel must turn the surplus away."""
    text = (SOURCES / f"{source}.cu").read_text()
    for name in kernels_in(source):
        body = text[text.index(f" {name}(") :].split("\n}\n")[0]
        assert ") return;" in body or "if (i < count)" in body, name


def test_the_loop_over_threads_refuses_barriers(tmp_path, monkeypatch, cpu_launcher: CpuLauncher):
    (tmp_path / "barrier.cu").write_text(
        'extern "C" __global__ void barrier(float* out, int count) {\n    __syncthreads();\n    out[0] = count;\n}\n'
    )
    monkeypatch.setattr("tests.kernels.cuda_on_cpu.SOURCES", tmp_path)
    assert "run_barrier" in loops("barrier")
    code = tmp_path / "barrier.cpp"
    header = Path(__file__).with_name("cuda_on_cpu.h")
    code.write_text(f'#include "{header}"\n{(tmp_path / "barrier.cu").read_text()}\n{loops("barrier")}')
    compiler = shutil.which("g++")
    assert compiler is not None
    done = subprocess.run([compiler, "-std=c++14", "-c", str(code), "-o", str(tmp_path / "barrier.o")],
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode != 0 and "barrier" in done.stderr
