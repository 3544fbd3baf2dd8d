"""`/metrics` and `/health`, on the loopback address only and for holders of a token."""

from __future__ import annotations

import json
import os
import secrets
import socketserver
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import make_wsgi_app

from realtime.data_folder import data_folder
from realtime.failures import UserFacingError
from realtime.health import SERVING, health
from realtime.metrics import registry_of
from realtime.run_state import RunState

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_LOOPBACK = "127.0.0.1"
_PATIENCE_S = 5.0  # with a client that connects and says nothing
_POLL_S = 0.05


def token_path() -> Path:
    """Where this user's token lies; it stays the same, so that a scraper's settings may name the file."""
    return data_folder() / "metrics.token"


def read_token(path: Path) -> str:
    """The token; made when there is none.

    Raises:
        UserFacingError: it cannot be made or read, or others may read it.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600)
            with os.fdopen(handle, "w") as file:
                file.write(secrets.token_urlsafe(24) + "\n")
        if path.stat().st_mode & 0o077:
            raise UserFacingError(f"{path}: others may read this token; chmod 600 it, or delete it for a new one")
        token = path.read_text().strip()
    except OSError as error:
        raise UserFacingError(f"{path}: {error.strerror}; set XDG_DATA_HOME to a folder of yours") from None
    if len(token) < 16:
        raise UserFacingError(f"{path}: holds no token; delete it for a new one")
    return token


class MetricsServer:
    """A context: serves while it is open, in threads that only read.

    Args:
        port: 0 for any that is free.
        states: of all runs, asked at each request.
        token: that opens it, as `Authorization: Bearer TOKEN`.

    Raises:
        UserFacingError: the port is taken.
    """

    def __init__(self, port: int, states: Callable[[], Sequence[RunState]], token: str) -> None:
        self._states, self._token = states, token
        self._metrics = make_wsgi_app(registry_of(states), disable_compression=True)
        try:
            self._server = make_server(_LOOPBACK, port, self._answer, _Threads, _Quiet)
        except OSError as error:
            raise UserFacingError(f"port {port}: {error.strerror}; choose another with --metrics") from None
        self.url = f"http://{_LOOPBACK}:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(_POLL_S,), name="metrics", daemon=True)

    def __enter__(self) -> MetricsServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        given = str(environ.get("HTTP_AUTHORIZATION", ""))
        if not secrets.compare_digest(given.encode(), f"Bearer {self._token}".encode()):
            return _say(start, "401 Unauthorized", "the token is missing or wrong: Authorization: Bearer TOKEN\n")
        if environ.get("REQUEST_METHOD") not in ("GET", "HEAD"):
            return _say(start, "405 Method Not Allowed", "GET only\n")
        if environ.get("PATH_INFO") == "/metrics":
            return self._metrics(environ, start)
        if environ.get("PATH_INFO") == "/health":
            found = health(self._states())
            status = "200 OK" if found["status"] in SERVING else "503 Service Unavailable"
            return _say(start, status, json.dumps(found, indent=1) + "\n", "application/json")
        return _say(start, "404 Not Found", "there is /metrics and /health\n")


def _say(start: StartResponse, status: str, text: str, kind: str = "text/plain; charset=utf-8") -> Iterable[bytes]:
    headers = [("Content-Type", kind), ("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff")]
    if status.startswith("401"):
        headers.append(("WWW-Authenticate", "Bearer"))
    start(status, headers)
    return [text.encode()]


class _Threads(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is nobody's news either."""


class _Quiet(WSGIRequestHandler):
    timeout = _PATIENCE_S  # of the socket, set by StreamRequestHandler

    def log_message(self, format: str, *args: object) -> None:
        """Scrapes are nobody's news."""
