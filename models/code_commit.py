"""Which state of the code made something, for what is kept beside it."""

from __future__ import annotations

import subprocess
from pathlib import Path


def current_commit() -> str:
    """Commit of the code that makes and learns from samples, marked where its files differ from it."""
    head = _git("rev-parse", "--short=12", "HEAD") or "unknown"
    return head + (
        "-changed" if _git("status", "--porcelain", "--untracked-files=no", "--", "models/*.py", "kernels/*.py") else ""
    )


def _git(*arguments: str) -> str:
    root = Path(__file__).resolve().parent.parent
    try:
        found = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False)
    except FileNotFoundError:  # no git on this machine
        return ""
    return found.stdout.strip()
