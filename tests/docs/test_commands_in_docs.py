"""Every command in README and docs is run, as it stands there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from models.simulator.builtin_clip import make_builtin_clip

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

# What would take many minutes is run with these words added; the command itself stays as it is written.
SHORTER = {
    "python -m models train": "--samples 128 --epochs 1",
    "python -m engine check": "--repetitions 20 --no-compile",
    "python -m kernels bench": "--pairs 2",
    "python -m models simulate": "--seconds 3 --clips 1",
}
# Setting up an environment inside a test would install for minutes what this very run stands on.
SETS_UP = ("make ", "python3 -m venv", "pip install", ".venv/bin/pip", ".venv/bin/python -m pytest", ". .venv/")
NO_CAMERA = not list(Path("/dev").glob("video*"))


def commands() -> list[str]:
    found: dict[str, None] = {}
    for page in PAGES:
        for block in re.findall(r"```bash\n(.*?)```", page.read_text(), re.DOTALL):
            for line in block.replace("\\\n", " ").splitlines():
                command = re.sub(r"\s+#.*", "", line).strip()
                if command:
                    found[command] = None
    return list(found)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory) -> Path:
    """A folder that looks like the checkout, so that what the commands write stays out of it."""
    folder = tmp_path_factory.mktemp("checkout")
    for entry in ROOT.iterdir():
        if entry.name not in {"out", ".git"}:
            (folder / entry.name).symlink_to(entry)
    clip = make_builtin_clip(folder / "out" / "clip")
    shutil.copy(clip.video, folder / "interview.mp4")
    return folder


@pytest.mark.parametrize("command", [c for c in commands() if not c.startswith(SETS_UP)])
def test_a_command_runs(command: str, checkout: Path):
    words = command
    for start, added in SHORTER.items():
        if command.startswith(start):
            words = f"{command} {added}"
    words = re.sub(r"^(\.venv/bin/)?python ", f"{sys.executable} ", words)
    run = subprocess.run(
        words,
        shell=True,
        cwd=checkout,
        env=os.environ | {"PYTHONPATH": ".", "XDG_DATA_HOME": str(checkout / "home")},
        capture_output=True,
        text=True,
        timeout=280,
    )
    if NO_CAMERA and re.search(r"(camera|person) 0\b", command):
        assert run.returncode == 1 and "Traceback" not in run.stderr, run.stderr
        assert run.stderr.count("glimpse: ") == 1, run.stderr
        return
    assert run.returncode == 0, run.stderr[-2000:]


@pytest.mark.parametrize("command", [c for c in commands() if c.startswith("make ")])
def test_a_make_target_exists_and_sets_up_first(command: str):
    # These tests themselves run under make, whose flags a second make would take for its own.
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    words = [*command.split(), "--dry-run", "--always-make"]
    run = subprocess.run(words, cwd=ROOT, env=clean, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert "-m venv" in run.stdout and "pip install" in run.stdout
    assert run.stdout.rstrip().splitlines()[-1].split()[1] in ("run_camera.py", "-m", "check", "format")


def test_the_two_commands_come_first():
    assert commands()[:2] == ["make demo", "make test"]


def headings(page: Path) -> set[str]:
    """Addresses of a page's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_links_in_the_pages_lead_somewhere():
    for page in PAGES:
        for target, heading in re.findall(r"\]\(([^)#:]*)(?:#([^)]*))?\)", page.read_text()):
            there = page.parent / target if target else page
            assert there.exists(), f"{page.name}: {target}"
            assert not heading or heading in headings(there), f"{page.name}: {target}#{heading}"
