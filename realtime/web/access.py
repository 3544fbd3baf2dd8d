"""Who may see the page: holders of the token, on this machine, from this very page.

Loopback alone does not keep others out: every web site that the user visits may send requests to it, and a name that
the site owns may be pointed at 127.0.0.1. So the Host must be ours, the Origin must be ours, and the token must be
known.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from urllib.parse import parse_qs

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from realtime.failures import UserFacingError

LOOPBACK = "127.0.0.1"
_HEADERS = (
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
        b"connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)


class TokenFile:
    """A random token, and a file that only this user can read, with the page's address in it. A context.

    Args:
        port: the page's.

    Raises:
        UserFacingError: the file cannot be written.
    """

    def __init__(self, port: int) -> None:
        self.token = secrets.token_urlsafe(24)
        self.url = f"http://{LOOPBACK}:{port}/?token={self.token}"
        runtime = os.environ.get("XDG_RUNTIME_DIR", "")
        base = Path(runtime) if runtime and Path(runtime).is_dir() else Path(tempfile.gettempdir())
        self.path = base / f"glimpse-page-{os.getuid()}-{port}.url"

    def __enter__(self) -> TokenFile:
        try:
            self.path.unlink(missing_ok=True)
            # Never through a link that somebody else has laid, and never readable for a moment.
            handle = os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise UserFacingError(f"{self.path}: cannot be written: {error.strerror}; remove it") from None
        with os.fdopen(handle, "w") as file:
            file.write(self.url + "\n")
        return self

    def __exit__(self, *_: object) -> None:
        self.path.unlink(missing_ok=True)


class Gate:
    """ASGI middleware before everything else.

    Args:
        app: what lies behind.
        token: that opens it: once in the address, from then on in a cookie.
        port: the page's.
    """

    def __init__(self, app: ASGIApp, token: str, port: int) -> None:
        self._app = app
        self._token = token
        self._hosts = {f"{name}:{port}" for name in (LOOPBACK, "localhost", "[::1]")}
        self._cookie = f"glimpse-{port}"  # cookies know no ports

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let in, or refuse in one line."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        query = parse_qs(scope["query_string"].decode("latin-1"))
        why = self._why_not(scope, headers, query.get("token", []))
        if why:
            await _refuse(scope, receive, send, why)
        elif scope["type"] == "http" and "token" in query:
            # Out of the address bar, the history and every Referer.
            cookie = f"{self._cookie}={self._token}; HttpOnly; SameSite=Strict; Path=/"
            await _answer(send, 303, b"", [(b"location", scope["path"].encode()), (b"set-cookie", cookie.encode())])
        else:
            await self._app(scope, receive, _with_headers(send) if scope["type"] == "http" else send)

    def _why_not(self, scope: Scope, headers: dict[str, str], tokens: Iterable[str]) -> str:
        host, origin = headers.get("host", ""), headers.get("origin")
        if host not in self._hosts:
            return "this page answers only under its own address"
        harmless = scope["type"] == "http" and scope["method"] in ("GET", "HEAD")
        if origin is None and not harmless:
            return "the request does not say from which page it comes"
        if origin is not None and origin != f"http://{host}":
            return "the request comes from another page"
        known = [*tokens, *self._from_cookie(headers.get("cookie", ""))]
        if not any(secrets.compare_digest(one.encode(), self._token.encode()) for one in known):
            return "the token is missing or wrong: open the whole address that the program has printed"
        return ""

    def _from_cookie(self, header: str) -> list[str]:
        try:
            morsel = SimpleCookie(header).get(self._cookie)
        except CookieError:
            return []
        return [morsel.value] if morsel is not None else []


async def _refuse(scope: Scope, receive: Receive, send: Send, why: str) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 4403, "reason": why})
    else:
        await _answer(send, 403, f"Glimpse: {why}.\n".encode(), [(b"content-type", b"text/plain; charset=utf-8")])


async def _answer(send: Send, status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [*headers, *_HEADERS]})
    await send({"type": "http.response.body", "body": body})


def _with_headers(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = {name.lower() for name, _ in message["headers"]}
            message["headers"] = [*message["headers"], *(pair for pair in _HEADERS if pair[0] not in own)]
        await send(message)

    return sent
