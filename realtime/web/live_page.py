"""The live page: what is asked on it is done here, run after run, until Ctrl-C."""

from __future__ import annotations

import queue
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
from fastapi import APIRouter

from realtime.failures import UserFacingError
from realtime.graph import Build
from realtime.live_run import LiveRun, Watched
from realtime.messages import FaceTracked, Message, MotionMeasured
from realtime.out_folder import prepare_folder
from realtime.person import known_persons
from realtime.run_state import RunState
from realtime.settings import SpotSettings
from realtime.source import redact
from realtime.stop_signals import StopSignals
from realtime.summary import Summary
from realtime.watch_sources import watch_sources
from realtime.web.hub import Hub
from realtime.web.live_routes import CAMERA_SOCKET, live_routes
from realtime.web.operating_points import in_force, operating_points
from realtime.web.page_messages import Ask, CameraOffer, Order, PageNote, PageStatus
from realtime.web.page_sources import BROWSER, PageSources
from realtime.web.server import PageServer
from realtime.web.session_routes import session_routes
from realtime.wishes import Wishes

_LOOK_S = 0.2
_RELAY = "realtime.web.page_relay:PageRelay"


def watch_on_page(
    sources: Sequence[str],
    run: LiveRun,
    *,
    record: bool,
    port: int = 0,
    demo_clip: Callable[[Path], Path] | None = None,
) -> str:
    """Serve the page until Ctrl-C; see `realtime.watch.watch_camera`.

    Raises:
        UserFacingError: the port is taken, or a browser's camera stands among several sources. What is wrong with a
            source is told on the page, and another one can be chosen there.
    """
    if record:
        prepare_folder(run.out)
    orders: queue.Queue[Order] = queue.Queue()
    with (
        StopSignals() as signals,
        tempfile.TemporaryDirectory(prefix="glimpse-wishes-") as private,
        PageServer("live.html", port, lambda hub: _routes(hub, orders, run.out)) as server,
    ):
        socket = server.folder / CAMERA_SOCKET
        chosen = PageSources(sources, run.settings.camera, socket, demo_clip, Path(private))
        run.console.print(f"Live page: {server.url}", soft_wrap=True, style="bold")
        run.console.print("Open it in a browser on this machine. Ctrl-C ends the program.")
        stopped_by = LivePage(server, run, orders, chosen, Path(private), signals).lead(record)
    told = sorted(server.hub.latencies)
    if told:
        run.console.print(
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
        sources: opens what is chosen.
        private: folder for wishes.
        signals: noted between the runs, which hear their own.
    """

    def __init__(
        self,
        server: PageServer,
        run: LiveRun,
        orders: queue.Queue[Order],
        sources: PageSources,
        private: Path,
        signals: StopSignals,
    ) -> None:
        self._server, self._run, self._orders, self._private = server, run, orders, private
        self._signals = signals
        self._sources = sources
        self._wishes: dict[str, Wishes] = {}
        self._points = operating_points()
        self._runs = 0
        self._next: Order | None = None
        self._stop_wanted = False
        self._failed: set[str] = set()
        self._status = PageStatus(
            phase="idle",
            network=run.network,
            sources=sources.choices,
            rates=[point.rate for point in self._points],
            rate=in_force(self._points, run.settings.spot),
            persons=known_persons(),
        )

    def lead(self, record: bool) -> str:
        """Run what is asked for, one after the other, until a signal comes.

        Args:
            record: keep the first run's video, events and report.

        Returns:
            The signal's name.
        """
        if self._sources.first == BROWSER:
            self._tell(phase="idle", chosen=BROWSER, says="Choose “This browser's camera” and press Start.")
        else:
            self._next = Ask(do="start", source=self._sources.first, record=record)
        while (order := self._next or self._wait()) is not None:
            self._next = None
            stopped_by = self.once(order)
            if stopped_by in ("Ctrl-C", "SIGTERM"):
                return stopped_by
        return self._signals.received

    def once(self, order: Order) -> str:
        """One run, and what became of it is told on the page.

        Returns:
            What stopped it; empty when its sources ended or could not be opened.
        """
        self._stop_wanted = False
        self._failed.clear()
        chosen = redact(order.source) if isinstance(order, Ask) else BROWSER
        self._tell(phase="starting", chosen=chosen, source="", says="", problem="", recording=order.record)
        try:
            watched = self._watched(order)
            names = [one.name for one in watched]
            words = names[0] if len(names) == 1 else f"{len(names)} sources"
            self._tell(source=words, running=names)
            results = watch_sources(
                watched, self._run, record=order.record, hear=self._hear, see=self._see, stopping=self._stopping
            )
        except UserFacingError as error:
            results = [error]
        for how in results:
            if isinstance(how, UserFacingError):
                self._run.console.print(f"glimpse: {how}", style="red", markup=False, soft_wrap=True)
        ended = [how for how in results if isinstance(how, Summary)]
        problems = [how.problem if isinstance(how, Summary) else str(how) for how in results]
        says = "; ".join(how.line() for how in ended)
        self._tell(phase="idle", says=says, problem="; ".join(filter(None, problems)), recording=False, running=[])
        return next((how.stopped_by for how in ended if how.stopped_by), "")

    def _wait(self) -> Order | None:
        """The next run; None after a signal."""
        while not self._signals.received:
            try:
                order = self._orders.get(timeout=_LOOK_S)
            except queue.Empty:
                continue
            if isinstance(order, CameraOffer) or order.do == "start":
                return order
            self._obey(order)
        return None

    def _watched(self, order: Order) -> list[Watched]:
        """Each with wishes of its own, and of this run: what was wished of an earlier one is over."""
        self._runs += 1
        opened = self._sources.opened_by(order)
        self._wishes = {name: Wishes(self._private / f"{self._runs}-{at}") for at, name in enumerate(opened)}
        hub = self._server.hub
        return [
            Watched(spec, name, wishes, {"page": Build(_RELAY, (hub.socket, hub.watch_file(name), name, wishes))})
            for (name, spec), wishes in zip(opened.items(), self._wishes.values(), strict=True)
        ]

    def _hear(self, message: Message) -> None:
        if self._status.phase == "starting" and isinstance(message, MotionMeasured | FaceTracked):
            self._tell(phase="running")

    def _see(self, state: RunState) -> None:
        if state.failure and state.source not in self._failed:
            self._failed.add(state.source)
            self._server.tell(PageNote(source=state.source, time_s=0.0, what="trouble", says=state.failure))

    def _stopping(self) -> bool:
        """Asked while a run goes on: the page's wishes are looked at here."""
        self._stop_wanted |= bool(self._signals.received)  # came while the run was made ready
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
        elif ask.do == "rate":
            self._set_rate(ask.rate)
        elif ask.do == "leave":
            for wishes in self._wishes.values():
                wishes.ask("leave")
        elif (of_one := self._wishes.get(ask.source)) is not None:
            if ask.do == "reset":
                of_one.ask("reset")
            elif ask.do == "measure":
                of_one.ask("measure", ask.name)

    def _set_rate(self, rate: float) -> None:
        if not self._points:
            return
        point = min(self._points, key=lambda one: abs(one.rate - rate))
        for wishes in self._wishes.values():
            for name, value in point.settings.items():
                wishes.ask("spot", name, value)
        spot = SpotSettings(**(self._run.settings.spot.model_dump() | point.settings))
        self._run = replace(self._run, settings=self._run.settings.model_copy(update={"spot": spot}))
        self._tell(rate=point.rate)

    def _tell(self, **changes: object) -> None:
        self._status = msgspec.structs.replace(self._status, persons=known_persons(), **changes)
        self._server.tell(self._status)
