"""What is installed fits together, is bounded, and nothing unsafe is called; all of it without a network."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import requires
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_every_dependency_has_an_upper_bound():
    unbounded = [one for one in requires("glimpse") or [] if not re.search(r"==|<", one.split(";")[0])]
    allowed = {"tomli"}  # it is frozen, and only for Python 3.10
    assert {re.split(r"[^\w-]", one)[0] for one in unbounded} <= allowed


def test_what_is_installed_fits_together():
    done = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("unsafe", "rule"),
    [
        ("import pickle\npickle.loads(b'')\n", "S301"),
        ("import subprocess\nsubprocess.run('ls', shell=True)\n", "S602"),
        ("eval('1')\n", "S307"),
        ("import ssl\nssl._create_unverified_context()\n", "S323"),
        ("password = 'hunter2'\n", "S105"),
    ],
)
def test_lint_refuses_what_is_unsafe(unsafe: str, rule: str):
    command = [sys.executable, "-m", "ruff", "check", "--stdin-filename", "realtime/x.py", "--output-format", "concise"]
    done = subprocess.run([*command, "-"], input=unsafe, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and rule in done.stdout
