"""A run of the program with its page, and what is asked of every page that a test looks at."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "out" / "web"
"""Screenshots of every run; not kept in the repository."""
JUST_TAKEN: list[str] = []
"""Names of those that this process has taken and not yet compared with the tour."""


class Program:
    """`run_camera.py` with its page."""

    def __init__(self, *words: str, env: dict[str, str], folder: Path = ROOT) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "run_camera.py"), *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=folder,
            env=os.environ | {"COLUMNS": "200", "PYTHONUNBUFFERED": "1"} | env,
        )
        self.said = ""
        self.url = ""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said += line
            if found := re.search(r"http://127\.0\.0\.1:\d+/\S*", line):
                self.url = found.group(0)
                break
        assert self.url, self.said

    def stop(self) -> int:
        """Ctrl-C, and everything it said until its end."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            said, _ = self.process.communicate(timeout=30)
            self.said += said
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        return self.process.returncode


def picture(page, name: str, whole: bool = False) -> None:
    """Keep a picture of what is seen, or of the whole page."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}.png", full_page=whole)
    JUST_TAKEN.append(name)


def looks_well(page, name: str, whole: bool = False) -> None:
    """Keep a picture, and let axe-core find nothing serious."""
    picture(page, name, whole)
    is_accessible(page)


def is_accessible(page) -> None:
    """axe-core finds nothing serious."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    serious = [
        (one["id"], [node["html"][:150] for node in one["nodes"]][:3])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]
    assert not serious, serious


def wait_until(true, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)
