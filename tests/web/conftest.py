"""A real Chromium, a real program, and the built-in clip as a simulated camera."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from keep_tour import ALIKE, likeness, shown
from page_program import JUST_TAKEN

from models.simulator.builtin_clip import make_builtin_clip
from realtime.settings import SpotSettings

CHROMIUM = shutil.which("chromium")
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)
DEFAULT = SpotSettings()
TABLE = f"""# of a test: noise_factor and threshold differ so much that nothing is found at the left end
false_alarms_per_minute,noise_factor,threshold
0.01,4000,0.999999
0.5,{DEFAULT.noise_factor},{DEFAULT.threshold}
2,{0.8 * DEFAULT.noise_factor},{0.5 * DEFAULT.threshold}
"""


@pytest.fixture(scope="module", autouse=True)
def tour_is_current() -> Iterator[None]:
    """After each file of tests: the tour's pictures show what the page looked like in them."""
    yield
    taken = {name for name in JUST_TAKEN if name in shown()}
    JUST_TAKEN.clear()
    changed = sorted(name for name in taken if likeness(name) <= ALIKE)
    assert not changed, f"the page has changed ({', '.join(changed)}): run python tests/web/keep_tour.py"


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
