"""Who is let in to the page, and who is not: real sockets, no browser needed."""

from __future__ import annotations

import http.client
import os
import stat
from pathlib import Path

import pytest
from fastapi import APIRouter, WebSocket
from page_program import Program
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from realtime.failures import UserFacingError
from realtime.web.server import PageServer


def routes(_hub) -> APIRouter:
    router = APIRouter()

    @router.post("/order")
    def order() -> str:
        return "done"

    @router.websocket("/live")
    async def live(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text("hello")

    return router


@pytest.fixture(scope="module")
def server():
    with PageServer("live.html", 0, routes) as one:
        yield one


def ask(server, method="GET", path="/", **headers):
    line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    sent = {"Host": f"127.0.0.1:{server.port}"} | {name.replace("_", "-"): value for name, value in headers.items()}
    line.putrequest(method, path, skip_host=True)
    for name, value in sent.items():
        line.putheader(name, value)
    line.endheaders()
    answer = line.getresponse()
    return answer.status, dict(answer.getheaders()), answer.read().decode()


def cookie(server) -> str:
    return f"glimpse-{server.port}={server._token.token}"


def origin(server) -> str:
    return f"http://127.0.0.1:{server.port}"


def test_the_token_moves_from_the_address_into_a_cookie(server):
    status, headers, _ = ask(server, path=server.url.split(str(server.port))[1])
    assert (status, headers["location"]) == (303, "/")
    assert "HttpOnly" in headers["set-cookie"] and "SameSite=Strict" in headers["set-cookie"]
    status, headers, page = ask(server, Cookie=headers["set-cookie"].split(";")[0])
    assert status == 200 and "<title>Glimpse" in page
    assert "default-src 'none'" in headers["content-security-policy"]


@pytest.mark.parametrize("path", ["/", "/?token=wrong", "/static/live.js", "/sessions.json", "/nowhere"])
def test_without_the_token_nothing_is_served(server, path):
    status, _, says = ask(server, path=path, Cookie=f"glimpse-{server.port}=wrong")
    assert status == 403 and says.count("\n") == 1 and "token" in says


def test_a_name_pointed_at_this_machine_is_refused(server):
    status, _, says = ask(server, Host=f"evil.example:{server.port}", Cookie=cookie(server))
    assert status == 403 and "its own address" in says


@pytest.mark.parametrize("said", [None, "http://evil.example", "null", "http://127.0.0.1:1"])
def test_orders_from_other_pages_are_refused(server, said):
    headers = {"Cookie": cookie(server)} | ({"Origin": said} if said else {})
    assert ask(server, "POST", "/order", **headers)[0] == 403


def test_orders_from_the_page_itself_are_taken(server):
    assert ask(server, "POST", "/order", Cookie=cookie(server), Origin=origin(server))[0] == 200


@pytest.mark.parametrize(
    ("cookie_of", "origin_of"),
    [
        (cookie, lambda server: None),
        (cookie, lambda server: "http://evil.example"),
        (lambda server: "", origin),
        (lambda server: f"glimpse-{server.port}=wrong", origin),
    ],
)
def test_a_websocket_needs_token_and_origin(server, cookie_of, origin_of):
    with pytest.raises(InvalidStatus) as refused:
        connect(
            f"ws://127.0.0.1:{server.port}/live",
            origin=origin_of(server),
            additional_headers={"Cookie": cookie_of(server)},
        )
    assert refused.value.response.status_code == 403


def test_a_websocket_of_the_page_is_let_in(server):
    headers = {"Cookie": cookie(server)}
    with connect(f"ws://127.0.0.1:{server.port}/live", origin=origin(server), additional_headers=headers) as socket:
        assert socket.recv(timeout=5) == "hello"


def test_the_token_lies_in_a_file_of_this_user_only_and_goes_with_the_page(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    with PageServer("live.html", 0, routes) as one:
        (file,) = tmp_path.glob("glimpse-page-*.url")
        assert stat.S_IMODE(file.stat().st_mode) == 0o600 and file.stat().st_uid == os.getuid()
        assert file.read_text().strip() == one.url and len(one.url.split("token=")[1]) >= 32
        folder = one.folder
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not file.exists() and not folder.exists()


@pytest.mark.parametrize(
    "words", [("view",), ("camera", "browser", "--view", "web", "--out")], ids=["view", "idle page"]
)
def test_a_page_that_is_terminated_takes_its_token_along(tmp_path, words):
    out = tmp_path / "out"
    out.mkdir()
    (out / "events.jsonl").touch()
    program = Program(*words, str(out), env={"XDG_RUNTIME_DIR": str(tmp_path)})
    assert list(tmp_path.glob("glimpse-page-*.url"))
    program.process.terminate()
    program.process.communicate(timeout=60)
    assert program.process.returncode == 130 and not list(tmp_path.glob("glimpse-page-*.url"))


def test_a_link_laid_in_wait_is_not_followed(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    with PageServer("live.html", 0, routes) as one:
        path, port = one._token.path, one.port
    path.symlink_to(victim)
    with PageServer("live.html", port, routes):
        assert not path.is_symlink()
    assert victim.read_text() == "untouched"


def test_a_taken_port_is_told_in_one_line(server):
    with pytest.raises(UserFacingError, match="choose another with --port"):
        PageServer("live.html", server.port, routes)


def test_only_the_loopback_address_is_bound(server):
    listening = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    ours = [line[1] for line in listening if line[1].endswith(f":{server.port:04X}") and line[3] == "0A"]
    assert ours == [f"0100007F:{server.port:04X}"]
