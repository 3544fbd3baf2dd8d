"""The arrows between rooms, and the few imports that may stand in one place only."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("kernels", "models", "engine", "calibrate", "realtime")
OURS = {*ROOMS, "run_camera"}

ALLOWED: dict[str, set[str]] = {
    "kernels": set(),
    "models": {"kernels", "realtime.face_mesh"},
    "engine": {"models"},
    "calibrate": {
        *("kernels", "engine", "realtime", "models.simulator"),
        *(
            "models.simulated_clouds",
            "models.labels",
            "models.metrics",
            "models.protocol",
        ),  # INT8: clouds and their truth
        # The operating point: recordings with their truth, and how they are scored.
        *("models.spotting_files", "models.spotting_metrics", "models.spotting_recordings", "models.spotting_replay"),
        "models.score_spotting",
    },
    "realtime": {"kernels", "engine"},
    "run_camera": {"realtime", "models.simulator"},
}
# What is learned about spotting is learned from, and scored on, the very signals that the spotter sees.
SPOTTING_ALLOWED = {"realtime", "engine.stream_network", "engine.manifest", "engine.classifier"}
KERNEL_LIBRARIES = {"numpy", "numba", "cupy", "llvmlite"}
KERNEL_TOOLS = ("kernels/bench", "kernels/__main__")  # command line and benchmark: they may name peers
TORCH_FREE = ("kernels", "realtime", "calibrate", "run_camera", "models/simulator", "models/metrics")


def python_files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True)
    files = [Path(line) for line in listed.stdout.splitlines()]
    return [f for f in files if f.parts[0] in ROOMS or f.name == "run_camera.py"]


def imports_of(file: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse((ROOT / file).read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
            found.add(node.module or "")
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def within(module: str, prefix: str) -> bool:
    return module == prefix or module.startswith(prefix + ".")


@pytest.mark.parametrize("file", python_files(), ids=str)
def test_a_room_imports_only_what_it_may(file: Path):
    room = file.parts[0] if file.parts[0] in ROOMS else "run_camera"
    for module in imports_of(file):
        owner = module.split(".")[0]
        if owner not in OURS or owner == room:
            continue
        # `from models import simulator` shows up as both models and models.simulator; the longer name decides.
        arrows = ALLOWED[room] | (SPOTTING_ALLOWED if str(file).startswith("models/spotting") else set())
        allowed = any(within(module, one) or within(one, module) for one in arrows)
        assert allowed, f"{file} imports {module}"
        if room == "engine":
            assert file.name in ("export.py", "__main__.py"), f"{file} imports {module}: only the export may"


def test_mediapipe_is_imported_in_one_file():
    assert [str(f) for f in python_files() if any(within(m, "mediapipe") for m in imports_of(f))] == [
        "realtime/face_mesh.py"
    ]


def test_the_face_mesh_imports_nothing_else_of_ours():
    assert not [m for m in imports_of(Path("realtime/face_mesh.py")) if m.split(".")[0] in OURS]


@pytest.mark.parametrize("file", [f for f in python_files() if f.parts[0] == "kernels"], ids=str)
def test_kernels_need_only_array_libraries(file: Path):
    if str(file).startswith(KERNEL_TOOLS):
        return
    standard = {"__future__", "typing", "collections", "dataclasses", "pathlib", "math", "enum", "functools", "os"}
    standard |= {"contextlib", "abc", "threading", "tempfile", "warnings", "time", "importlib", "types", "itertools"}
    standard |= {"fcntl", "hashlib", "operator", "sys", "ctypes"}
    foreign = {m.split(".")[0] for m in imports_of(file)} - standard - KERNEL_LIBRARIES - {"kernels"}
    assert not foreign, f"{file} imports {foreign}"


@pytest.mark.parametrize("file", [f for f in python_files() if str(f).startswith(TORCH_FREE)], ids=str)
def test_running_needs_no_torch(file: Path):
    if str(file).startswith("kernels/bench"):
        return
    assert not [m for m in imports_of(file) if within(m, "torch")]


@pytest.mark.parametrize("file", python_files(), ids=str)
def test_no_file_is_over_300_lines(file: Path):
    assert len((ROOT / file).read_text().splitlines()) <= 300


def test_packages_are_listed_one_by_one():
    text = (ROOT / "pyproject.toml").read_text()
    folders = {str(f.parent).replace("/", ".") for f in python_files() if f.parent != Path()}
    for folder in folders:
        assert f'"{folder}"' in text, f"{folder} is missing from packages in pyproject.toml"
    assert '"tests"' not in text.split("[tool.setuptools]")[1].split("[tool.pytest")[0]
