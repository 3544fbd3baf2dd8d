"""The page's server: FastAPI under uvicorn, in a thread beside the supervisor, on the loopback address only."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import tempfile
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import uvicorn
from fastapi import APIRouter, FastAPI
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles

from realtime.failures import UserFacingError
from realtime.web.access import LOOPBACK, Gate, TokenFile
from realtime.web.hub import Hub
from realtime.web.page_messages import PageNote, PageStatus

STATIC = Path(__file__).parent / "static"
_START_S = 10.0
_LARGEST_MESSAGE = 5 * 2**20
_END_S = 2


class PageServer:
    """A context: serves while it is open. Its thread never touches the run; it is told, and it hands orders on.

    Args:
        first: the page under `/`, a file in `static`.
        port: 0 for any that is free.
        router: made when the hub is there; further routes.

    Raises:
        UserFacingError: the port is taken.
    """

    def __init__(self, first: str, port: int, router: Callable[[Hub], APIRouter]) -> None:
        self._socket = _listen(port)
        self.port: int = self._socket.getsockname()[1]
        self._private = tempfile.TemporaryDirectory(prefix="glimpse-page-")
        self.folder = Path(self._private.name)
        self.hub = Hub(self.folder)
        self._token = TokenFile(self.port)
        self.url = self._token.url
        app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, lifespan=self._life)
        app.include_router(router(self.hub))
        app.add_api_route("/", lambda: FileResponse(STATIC / first), methods=["GET"])
        app.mount("/static", StaticFiles(directory=STATIC))
        config = uvicorn.Config(
            Gate(app, self._token.token, self.port),
            log_level="critical",
            access_log=False,
            ws="auto",
            ws_max_size=_LARGEST_MESSAGE,
            ws_per_message_deflate=False,  # pictures are compressed already
            timeout_graceful_shutdown=_END_S,
            lifespan="on",
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._serve, name="page-server", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._up = threading.Event()

    def __enter__(self) -> PageServer:
        self._token.__enter__()
        self._thread.start()
        if not self._up.wait(_START_S):
            self.__exit__()
            raise UserFacingError(f"the page's server did not start within {_START_S:g} s")
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(_START_S)
        self._socket.close()
        self._token.__exit__()
        self._private.cleanup()

    def tell(self, said: PageStatus | PageNote) -> None:
        """How the run stands, or what happened, for all who look on; from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            with contextlib.suppress(RuntimeError):  # closed at this very moment
                self._loop.call_soon_threadsafe(self.hub.tell, said)

    def _serve(self) -> None:
        self._server.run(sockets=[self._socket])

    @contextlib.asynccontextmanager
    async def _life(self, _app: FastAPI) -> AsyncIterator[None]:
        self._loop = asyncio.get_running_loop()
        await self.hub.open()
        self._up.set()
        try:
            yield
        finally:
            await self.hub.close()


def _listen(port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((LOOPBACK, port))
        listening.listen()  # who comes before the server runs waits a moment
    except OSError as error:
        listening.close()
        raise UserFacingError(f"port {port}: {error.strerror}; choose another with --port") from None
    return listening
