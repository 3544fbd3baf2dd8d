"""What this machine has, what will be used, and what is missing."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil

from realtime.system_libraries import missing_library_advice

_NEEDED_SHM = 128 * 2**20


@dataclass(frozen=True)
class Finding:
    """One line of the examination."""

    what: str
    state: Literal["ok", "absent", "broken"]  # absent: optional and not there; broken: nothing runs without it
    says: str


def examine() -> Iterator[Finding]:
    """Look at everything that a run needs or could use."""
    yield _python()
    yield _machine()
    yield from _libraries()
    yield _shared_memory()
    yield _model()
    yield _face_mesh()
    yield _video_writing()
    yield _cameras()
    yield _display()
    yield from _accelerators()


def _python() -> Finding:
    version = platform.python_version()
    if (3, 10) <= sys.version_info[:2] <= (3, 12):
        return Finding("Python", "ok", version)
    return Finding("Python", "broken", f"{version}: Glimpse needs 3.10, 3.11 or 3.12")


def _machine() -> Finding:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    memory = psutil.virtual_memory()
    says = f"{platform.machine()}, {cores} cores, {memory.available / 2**30:.1f} of {memory.total / 2**30:.1f} GiB free"
    return Finding("machine", "ok", says + (" (two cores are advised)" if cores < 2 else ""))


def _libraries() -> Iterator[Finding]:
    for name, package in (("OpenCV", "cv2"), ("PyAV", "av"), ("Numba", "numba"), ("ONNX Runtime", "onnxruntime")):
        try:
            module = __import__(package)
        except ImportError as error:
            yield Finding(name, "broken", missing_library_advice(error) or f"{error}; pip install -e .")
        else:
            yield Finding(name, "ok", str(module.__version__))


def _shared_memory() -> Finding:
    folder = Path("/dev/shm")
    if not folder.is_dir():
        return Finding("shared memory", "ok", "no /dev/shm on this system; the system's own is used")
    free = shutil.disk_usage(folder).free
    if free < _NEEDED_SHM:
        says = f"only {free / 2**20:.0f} MiB free in /dev/shm; in a container start with --shm-size=256m"
        return Finding("shared memory", "broken", says)
    return Finding("shared memory", "ok", f"{free / 2**20:.0f} MiB free in /dev/shm")


def _model() -> Finding:
    from engine.classifier import ModelError
    from engine.pick import choose

    try:
        return Finding("model", "ok", choose("cloud").line())
    except ModelError as error:
        return Finding("model", "broken", str(error))


def _face_mesh() -> Finding:
    try:
        from realtime.face_mesh import FaceMesh

        FaceMesh(still=True).close()
    except (ImportError, RuntimeError, OSError) as error:
        advice = missing_library_advice(error) if isinstance(error, ImportError) else None
        return Finding("face mesh", "broken", advice or f"MediaPipe does not start: {error}")
    return Finding("face mesh", "ok", f"MediaPipe {importlib.metadata.version('mediapipe')}, models in the wheel")


def _video_writing() -> Finding:
    try:
        import av
    except ImportError:
        return Finding("H.264 writing", "broken", "PyAV is missing")
    if "libx264" in av.codecs_available:
        return Finding("H.264 writing", "ok", "libx264")
    return Finding("H.264 writing", "broken", "this PyAV has no libx264; pip install --force-reinstall av")


def _cameras() -> Finding:
    devices = sorted(str(path) for path in Path("/dev").glob("video*"))
    if devices:
        return Finding("cameras", "ok", ", ".join(devices))
    return Finding("cameras", "absent", "none under /dev/video*; videos and network cameras work all the same")


def _display() -> Finding:
    screen = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if screen or sys.platform in ("darwin", "win32"):
        return Finding("display", "ok", screen or "of the system")
    return Finding("display", "absent", "none; '--view window' is not available here")


def _accelerators() -> Iterator[Finding]:
    from engine.cuda_device import NoGpu, find_device

    try:
        device = find_device()
    except NoGpu as error:
        yield Finding("CUDA (CuPy)", "absent", f"{error.reason}; flow runs in Numba on the CPU")
    else:
        major, minor = device.capability
        says = f"CuPy {device.arrays.__version__}, {device.name}, compute capability {major}.{minor}, {device.driver}"
        yield Finding("CUDA (CuPy)", "ok", says)
    training = importlib.util.find_spec("torch") is not None
    says = "installed" if training else "not installed; running needs none, training does: pip install -e '.[train]'"
    yield Finding("torch", "ok" if training else "absent", says)
