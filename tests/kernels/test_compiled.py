"""Machine code on disk: quick to load, dropped when sources change, safe when processes start together."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import kernels
from kernels import compiled

FIRST_USE = (
    "import numpy as np\n"
    "from kernels.flow import FlowEstimator\n"
    "image = np.random.default_rng(0).integers(0, 255, (64, 64)).astype(np.uint8)\n"
    "print(repr(float(FlowEstimator(64, 64)(image, np.roll(image, 1, 1)).sum())))\n"
)


@pytest.fixture
def package(tmp_path):
    """A copy of the package without any compiled code."""
    source = Path(kernels.__file__).parent
    shutil.copytree(source, tmp_path / "kernels", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def start(package: Path) -> subprocess.Popen:
    environment = {**os.environ, "PYTHONPATH": str(package), "NUMBA_CACHE_DIR": ""}
    return subprocess.Popen(
        [sys.executable, "-c", FIRST_USE],
        cwd=package,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
def test_processes_that_start_together_agree_and_leave_good_code(package):
    together = [start(package) for _ in range(3)]
    ended = [(*process.communicate(timeout=240), process.returncode) for process in together]
    assert [code for _, _, code in ended] == [0, 0, 0], ended
    kept = {file.name: file.stat().st_mtime_ns for file in (package / "kernels/__pycache__").glob("*.nbc")}
    assert kept
    out, errors = start(package).communicate(timeout=120)
    assert {text for text, _, _ in ended} == {out}, errors
    after = {file.name: file.stat().st_mtime_ns for file in (package / "kernels/__pycache__").glob("*.nbc")}
    assert after == kept, "a later process compiled again instead of loading"


def test_code_of_other_sources_is_dropped(tmp_path, monkeypatch):
    monkeypatch.setattr(compiled, "_SOURCES", tmp_path)
    monkeypatch.setattr(compiled, "_CACHE", tmp_path / "__pycache__")
    (tmp_path / "one.py").write_text("a = 1\n")
    compiled.drop_stale_code()
    code = tmp_path / "__pycache__" / "one.nbi"
    code.write_text("machine code")
    compiled.drop_stale_code()
    assert code.exists()
    (tmp_path / "one.py").write_text("a = 2\n")
    compiled.drop_stale_code()
    assert not code.exists()


@pytest.mark.slow
def test_each_kernel_is_kept_once(package):
    """Two signatures would let processes that save them at once exchange them in Numba's index."""
    environment = {**os.environ, "PYTHONPATH": str(package), "NUMBA_CACHE_DIR": ""}
    program = "from kernels.warm import warm; warm()"
    subprocess.run([sys.executable, "-c", program], cwd=package, env=environment, check=True, timeout=240)
    kept = [file.name for file in (package / "kernels/__pycache__").glob("*.nbc")]
    assert len(kept) > 20
    assert not [name for name in kept if not name.endswith(".1.nbc")]
