"""The API reference says what the docstrings say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_reference_is_current():
    print_it = "import sys; sys.path[:0] = ['docs', '.']; import make_api; print(make_api.page(), end='')"
    made = subprocess.run([sys.executable, "-c", print_it], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert (ROOT / "docs" / "api.md").read_text() == made, "docstrings have changed: run python docs/make_api.py"


def test_every_entry_says_something():
    entries = (ROOT / "docs" / "api.md").read_text().split("\n### ")[1:]
    assert len(entries) >= 20
    for entry in entries:
        assert len(entry.split("```")[-1].split()) >= 4, entry[:80]
