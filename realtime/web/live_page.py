"""`--view web`: the live page stays, runs come and go as those who look at it ask."""

from __future__ import annotations

import queue
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
from fastapi import APIRouter
from rich.console import Console

from realtime.failures import UserFacingError
from realtime.graph import Build
from realtime.live_run import LiveRun
from realtime.messages import FaceTracked, Message, MotionMeasured
from realtime.onlookers import Onlookers
from realtime.out_folder import prepare_folder
from realtime.person import known_persons
from realtime.settings import Settings, SpotSettings
from realtime.source import SourceSpec, redact
from realtime.summary import Summary
from realtime.telling import tell_network
from realtime.web.hub import Hub
from realtime.web.live_routes import CAMERA_SOCKET, CameraOffer, Order, live_routes
from realtime.web.operating_points import in_force, operating_points
from realtime.web.page_messages import Ask, PageStatus
from realtime.web.server import PageServer
from realtime.web.session_routes import session_routes
from realtime.wishes import Wishes

_LOOK_S = 0.2
BROWSER, DEMO = "browser", "demo"


def watch_on_page(
    source: str,
    settings: Settings,
    console: Console,
    *,
    record: bool,
    out: Path,
    port: int = 0,
    demo_clip: Callable[[Path], Path] | None = None,
    onlookers: Onlookers | None = None,
) -> str:
    """Serve the page until Ctrl-C; see `realtime.watch.watch_camera`.

    Raises:
        UserFacingError: the port is taken, or there is no such network. What is wrong with a source is told on the
            page, and another one can be chosen there.
    """
    network = tell_network(console, settings.recognise)
    if record:
        prepare_folder(out)
    orders: queue.Queue[Order] = queue.Queue()
    with (
        tempfile.TemporaryDirectory(prefix="glimpse-wishes-") as private,
        PageServer("live.html", port, lambda hub: _routes(hub, orders, out)) as server,
    ):
        console.print(f"Live page: {server.url}", soft_wrap=True, style="bold")
        console.print("Open it in a browser on this machine. Ctrl-C ends the program.")
        run = LiveRun(settings, console, network, out, onlookers or Onlookers())
        leader = LivePage(server, run, orders, Path(private), demo_clip)
        stopped_by = leader.lead(source, record)
    told = sorted(server.hub.latencies)
    if told:
        console.print(
            f"Page: grabbed to shown {told[len(told) // 2]:.0f} ms (median), {told[len(told) * 95 // 100]:.0f} ms "
            f"(95 %), {len(told)} frames shown"
        )
    return stopped_by


def _routes(hub: Hub, orders: queue.Queue[Order], out: Path) -> APIRouter:
    router = live_routes(hub, orders)
    router.include_router(session_routes(out))
    return router


class LivePage:
    """Leads the runs.

    Args:
        server: of the page.
        run: what is the same for every run.
        orders: from the page.
        private: folder for wishes and the built-in clip.
        demo_clip: makes the built-in clip.
    """

    def __init__(
        self,
        server: PageServer,
        run: LiveRun,
        orders: queue.Queue[Order],
        private: Path,
        demo_clip: Callable[[Path], Path] | None,
    ) -> None:
        self._server, self._run, self._orders, self._private = server, run, orders, private
        self._demo_clip = demo_clip
        self._wishes = Wishes(private / "wishes")
        self._points = operating_points()
        self._next: Order | None = None
        self._stop_wanted = False
        self._status = PageStatus(
            phase="idle",
            network=run.network,
            sources=_choices(demo_clip is not None),
            rates=[point.rate for point in self._points],
            rate=in_force(self._points, run.settings.spot),
            persons=known_persons(),
        )

    def lead(self, source: str, record: bool) -> str:
        """Run what is asked for, one after the other, until a signal comes.

        Args:
            source: to begin with; `browser` waits for a page to offer its camera.
            record: keep the first run's video, events and report.

        Returns:
            The signal's name.
        """
        if source == BROWSER:
            self._tell(phase="idle", source=BROWSER, says="Choose “This browser's camera” and press Start.")
        else:
            self._next = Ask(do="start", source=source, record=record)
        try:
            while True:
                order = self._next or self._wait()
                self._next = None
                stopped_by = self._begin(order)
                if stopped_by in ("Ctrl-C", "SIGTERM"):
                    return stopped_by
        except KeyboardInterrupt:
            return "Ctrl-C"

    def once(self, order: Order) -> str:
        """One run, and what became of it is told on the page.

        Returns:
            What stopped it; empty when its source ended or could not be opened.
        """
        return self._begin(order)

    def _wait(self) -> Order:
        while True:
            try:
                order = self._orders.get(timeout=_LOOK_S)
            except queue.Empty:
                continue
            if isinstance(order, CameraOffer) or order.do == "start":
                return order
            self._obey(order)

    def _begin(self, order: Order) -> str:
        """One run, and what became of it is told on the page."""
        self._stop_wanted = False
        label = redact(order.source) if isinstance(order, Ask) else "this browser's camera"
        self._tell(phase="starting", source=label, says="", problem="", recording=order.record)
        try:
            spec = self._spec(order)
            summary = self._watch(spec, label, order.record)
        except UserFacingError as error:
            self._run.console.print(f"glimpse: {error}", style="red", markup=False, soft_wrap=True)
            self._tell(phase="idle", problem=str(error), recording=False)
            return ""
        self._tell(phase="idle", says=summary.line(), problem=summary.problem, recording=False)
        return summary.stopped_by

    def _watch(self, spec: SourceSpec, label: str, record: bool) -> Summary:
        hub = self._server.hub
        sinks = {"page": Build("realtime.web.page_relay:PageRelay", (hub.socket, hub.watched, label, self._wishes))}

        def hear(message: Message) -> None:
            if self._status.phase == "starting" and isinstance(message, MotionMeasured | FaceTracked):
                self._tell(phase="running")

        return self._run.watch(spec, sinks, self._wishes, record=record, name=label, hear=hear, stopping=self._stopping)

    def _stopping(self) -> bool:
        """Asked while a run goes on: the page's wishes are looked at here."""
        while not self._stop_wanted:
            try:
                order = self._orders.get_nowait()
            except queue.Empty:
                break
            if isinstance(order, CameraOffer) or order.do == "start":
                self._next, self._stop_wanted = order, True
            else:
                self._obey(order)
        if self._stop_wanted and self._status.phase != "stopping":
            self._tell(phase="stopping")
        return self._stop_wanted

    def _obey(self, ask: Ask) -> None:
        if ask.do == "stop":
            self._stop_wanted = True
        elif ask.do == "reset":
            self._wishes.ask("reset")
        elif ask.do == "rate":
            self._set_rate(ask.rate)
        elif ask.do == "measure":
            self._wishes.ask("measure", ask.name)
        elif ask.do == "leave":
            self._wishes.ask("leave")

    def _set_rate(self, rate: float) -> None:
        if not self._points:
            return
        point = min(self._points, key=lambda one: abs(one.rate - rate))
        for name, value in point.settings.items():
            self._wishes.ask("spot", name, value)
        spot = SpotSettings(**(self._run.settings.spot.model_dump() | point.settings))
        self._run = replace(self._run, settings=self._run.settings.model_copy(update={"spot": spot}))
        self._tell(rate=point.rate)

    def _spec(self, order: Order) -> SourceSpec:
        camera = self._run.settings.camera
        if isinstance(order, CameraOffer):
            path = f"browser:{self._server.folder / CAMERA_SOCKET}"
            return SourceSpec(path, width=order.width, height=order.height, fps=order.fps)
        if order.source == DEMO:
            if self._demo_clip is None:
                raise UserFacingError("there is no built-in clip here; choose a camera")
            return SourceSpec(str(self._demo_clip(self._private)), realtime=True)
        spec = SourceSpec(order.source, width=camera.width, height=camera.height, fps=camera.fps)
        # A recording is played at its own pace, as a camera would give it.
        return spec if spec.is_camera or spec.is_url else SourceSpec(order.source, realtime=True)

    def _tell(self, **changes: object) -> None:
        persons = {} if self._status.phase == "running" else {"persons": known_persons()}
        self._status = msgspec.structs.replace(self._status, **{**persons, **changes})
        self._server.tell(self._status)


def _choices(demo: bool) -> list[tuple[str, str]]:
    cameras = sorted(Path("/dev").glob("video*"), key=lambda path: (len(path.name), path.name))
    found = [(str(path), f"camera {path}") for path in cameras] or [("0", "camera 0")]
    return [*found, (BROWSER, "this browser's camera"), *([(DEMO, "the built-in clip")] if demo else [])]
