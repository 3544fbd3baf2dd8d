"""A missing system library gets the line that installs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from realtime.system_libraries import missing_library_advice

ROOT = Path(__file__).resolve().parents[2]
MISSING_GL = "libGL.so.1: cannot open shared object file: No such file or directory"


def test_known_and_unknown_libraries():
    assert missing_library_advice(ImportError(MISSING_GL)).endswith("sudo apt-get install -y libgl1")
    strange = ImportError(MISSING_GL.replace("libGL.so.1", "libstrange.so.7"))
    assert "libstrange.so.7" in missing_library_advice(strange)
    assert missing_library_advice(ImportError("No module named 'cv2'")) is None


def test_the_command_line_says_it_in_one_line(tmp_path):
    """An OpenCV that cannot find libGL stands in the way of the real one."""
    (tmp_path / "cv2.py").write_text(f"raise ImportError({MISSING_GL!r})\n")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); sys.argv[0] = 'run_camera.py'; "
    code += "import run_camera; run_camera.app()"
    command = [sys.executable, "-c", code, "demo", "--out", str(tmp_path / "out")]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert run.returncode == 1
    assert run.stderr.count("\n") == 1 and "sudo apt-get install -y libgl1" in run.stderr, run.stderr
