"""`python -m realtime.web CLIP`: how long from grab to pixel, how heavy the page, how quick a report opens."""

from __future__ import annotations

import queue
import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from realtime.failures import UserFacingError
from realtime.live_run import LiveRun
from realtime.settings import load_settings
from realtime.stop_signals import StopSignals
from realtime.telling import tell_network
from realtime.web.live_page import LivePage
from realtime.web.live_routes import live_routes
from realtime.web.page_messages import Ask, Order
from realtime.web.page_sources import PageSources
from realtime.web.server import STATIC, PageServer

_FLAGS = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
_RUN_IN = 30  # frames that are not counted: the page is still setting up
_OPENINGS = 5


def measure(
    clip: Annotated[Path, typer.Argument(help="Video played as a camera.")],
    report: Annotated[Path | None, typer.Option(help="A report whose opening is timed.")] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Times that the clip is played.")] = 1,
) -> None:
    """Play a clip as a camera, look at it with a headless Chromium, and print what the page measured."""
    console = Console(highlight=False, markup=False)
    try:
        chromium = _chromium()
        latencies = _play(clip, rounds, chromium, console)
        table = Table("what", "figure", box=None)
        if len(latencies) > _RUN_IN:
            counted = sorted(latencies[_RUN_IN:])
            table.add_row("grabbed to shown, median", f"{statistics.median(counted):.1f} ms")
            table.add_row("grabbed to shown, 95 %", f"{counted[len(counted) * 95 // 100]:.1f} ms")
            table.add_row("frames shown", f"{len(counted)}")
        weight = sum(file.stat().st_size for file in STATIC.iterdir())
        table.add_row("page weight", f"{weight / 1000:.0f} kB")
        if report is not None:
            opened_s = _open_report(report, chromium)
            table.add_row("report opens, median of 5", f"{opened_s:.2f} s ({report.stat().st_size / 1e6:.1f} MB)")
        console.print(table)
        if len(latencies) <= _RUN_IN:
            raise UserFacingError(f"only {len(latencies)} frames were shown; give a longer clip")
    except UserFacingError as error:
        Console(stderr=True, highlight=False, soft_wrap=True).print(f"glimpse: {error}", markup=False)
        raise typer.Exit(1) from None


def _chromium() -> str:
    found = shutil.which("chromium")
    try:
        import playwright  # noqa: F401
    except ImportError:
        found = None
    if found is None:
        raise UserFacingError("needs a browser: apt-get install -y chromium, and pip install -e '.[dev]'")
    return found


def _play(clip: Path, rounds: int, chromium: str, console: Console) -> list[float]:
    settings = load_settings()
    orders: queue.Queue[Order] = queue.Queue()
    network = tell_network(console, settings.recognise)
    with (
        tempfile.TemporaryDirectory(prefix="glimpse-measure-") as private,
        PageServer("live.html", 0, lambda hub: live_routes(hub, orders)) as server,
    ):
        stopped = threading.Event()
        looking = threading.Thread(target=_look, args=(chromium, server.url, stopped), daemon=True)
        looking.start()
        folder = Path(private)
        sources = PageSources([str(clip)], settings.camera, folder / "no-camera", None, folder)
        leader = LivePage(server, LiveRun(settings, console, network, folder), orders, sources, folder, StopSignals())
        try:
            for _ in range(rounds):
                leader.once(Ask(do="start", source=str(clip)))
        finally:
            stopped.set()
            looking.join(20)
        return list(server.hub.latencies)


def _look(chromium: str, url: str, stopped: threading.Event) -> None:
    with _browser(chromium) as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        page.goto(url)
        while not stopped.is_set():
            page.wait_for_timeout(100)


def _open_report(report: Path, chromium: str) -> float:
    taken = []
    with _browser(chromium) as browser:
        for _ in range(_OPENINGS):
            page = browser.new_page(viewport={"width": 1280, "height": 720})
            before_s = time.perf_counter()
            page.goto(report.resolve().as_uri(), wait_until="load")
            page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
            taken.append(time.perf_counter() - before_s)
            page.close()
    return statistics.median(taken)


@contextmanager
def _browser(chromium: str) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        one = playwright.chromium.launch(executable_path=chromium, headless=True, args=_FLAGS.split())
        try:
            yield one
        finally:
            one.close()


if __name__ == "__main__":
    typer.run(measure)
