"""A real Chromium, a real program, and the built-in clip as a simulated camera."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.simulator.builtin_clip import make_builtin_clip

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "out" / "web"
"""Screenshots of every run; not kept in the repository."""
CHROMIUM = shutil.which("chromium")
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)
TABLE = """# of a test: noise_factor and threshold differ so much that nothing is found at the left end
false_alarms_per_minute,noise_factor,threshold
0.01,4000,0.999999
0.5,5.0,0.5
2,4.0,0.3
"""


class Program:
    """`run_camera.py` with its page."""

    def __init__(self, *words: str, env: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "run_camera.py"), *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
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


@pytest.fixture(scope="session")
def home(tmp_path_factory) -> Path:
    """Where the program keeps what it knows of persons, and the slider's table."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "glimpse").mkdir()
    (folder / "glimpse" / "operating_points.csv").write_text(TABLE)
    return folder


@pytest.fixture(scope="session")
def clip(tmp_path_factory) -> Path:
    return make_builtin_clip(tmp_path_factory.mktemp("clip")).video


@pytest.fixture(scope="session")
def launch() -> Iterator:
    """Starts Chromium with further flags; closed at the end."""
    if CHROMIUM is None:
        pytest.skip("no chromium: apt-get install -y chromium")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        open_ones = []

        def start(*flags: str):
            open_ones.append(playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=[*FLAGS, *flags]))
            return open_ones[-1]

        yield start
        for one in open_ones:
            one.close()


@pytest.fixture(scope="session")
def browser(launch):
    return launch()


def looks_well(page, name: str) -> None:
    """Keep a picture, and let axe-core find nothing serious."""
    from axe_playwright_python.sync_playwright import Axe

    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}.png")
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
