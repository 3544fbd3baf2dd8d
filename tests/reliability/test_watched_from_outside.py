"""`camera --metrics --log-json` as a program: health follows a network camera that is watched, stalls and returns."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from realtime.session import shared_memory_root

ROOT = Path(__file__).resolve().parents[2]
CAMERA = ROOT / "tests" / "sources" / "mjpeg_server.py"


class Watched:
    """The program under way."""

    def __init__(self, folder: Path) -> None:
        self.order, self.log, self._out = folder / "order", folder / "log.json", folder / "out"
        self.order.write_text("run")
        command = [sys.executable, str(CAMERA), "0", str(self.order)]
        self.camera = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.camera.stdout is not None
        url = f"http://viewer:s3cret@127.0.0.1:{self.camera.stdout.readline().strip()}/video"
        env = os.environ | {"XDG_DATA_HOME": str(folder / "data"), "GLIMPSE_CAMERA__STALL_S": "1", "COLUMNS": "200"}
        command = [sys.executable, "run_camera.py", "camera", url, "--metrics", "0", "--log-json", str(self.log)]
        with self._out.open("w") as out:
            self.process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=out, stderr=subprocess.STDOUT)
        self._token = folder / "data" / "glimpse" / "metrics.token"

    @property
    def said(self) -> str:
        return self._out.read_text()

    def ask(self, path: str) -> str:
        base = re.search(r"http://127\.0\.0\.1:\d+(?=/metrics)", self.said)
        if base is None:
            return ""
        header = {"Authorization": f"Bearer {self._token.read_text().strip()}"}
        try:
            with urllib.request.urlopen(urllib.request.Request(base[0] + path, headers=header), timeout=10) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.read().decode()
        except OSError:
            return ""

    def health(self) -> dict:
        return json.loads(self.ask("/health") or "{}")

    def wait_for(self, holds: Callable[[], bool], seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not holds():
            assert self.process.poll() is None and time.monotonic() < deadline, f"{self.said}\n{self.health()}"
            time.sleep(0.1)

    def connected(self) -> bool:
        """Whether anybody reads from the camera."""
        return any(c.status == "ESTABLISHED" for c in psutil.Process(self.camera.pid).net_connections(kind="tcp"))


def runs(process: psutil.Process) -> bool:
    """Not even when nobody has asked yet how it ended."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    watched = Watched(tmp_path)
    yield watched
    for process in (watched.process, watched.camera):
        if process.poll() is None:
            process.kill()
        process.wait()
    assert watched.camera.stdout is not None
    watched.camera.stdout.close()


def test_health_metrics_and_log_follow_the_camera(watched: Watched):
    watched.wait_for(lambda: watched.health().get("status") == "ok")
    (source,) = watched.health()["sources"]
    assert source["network"].startswith("cloud ") and "onnxruntime" in source["network"]
    assert source["last_frame_age_s"] < 2
    assert re.search(r'^glimpse_up\{source="http://\*\*\*@127[^"]*"\} 1\.0$', watched.ask("/metrics"), re.MULTILINE)
    watched.order.write_text("stall")
    watched.wait_for(lambda: watched.health().get("status") == "failing")
    watched.order.write_text("run")
    watched.wait_for(lambda: watched.health().get("status") == "ok")
    everything = watched.ask("/metrics") + watched.ask("/health")
    assert 'glimpse_reconnects_total{source="http://***@127.0.0.1' in everything
    watched.process.send_signal(signal.SIGINT)
    assert watched.process.wait(40) == 130
    events = [json.loads(line)["event"] for line in watched.log.read_text().splitlines()]
    assert events[0] == "run_begun" and events[-1] == "run_ended"
    assert events.count("source_opened") >= 2 and "source_lost" in events
    everything += watched.said + watched.log.read_text()
    assert "s3cret" not in everything and "viewer" not in everything


def test_a_killed_program_leaves_no_child_no_connection_and_no_shared_memory(watched: Watched):
    watched.wait_for(lambda: watched.health().get("status") == "ok")
    program = psutil.Process(watched.process.pid)
    children = [one for one in program.children(recursive=True) if "spawn_main" in " ".join(one.cmdline())]
    assert len(children) == 4 and watched.connected()
    assert list(shared_memory_root().glob(f"glimpse-{program.pid}-*"))
    watched.process.kill()
    killed_at = time.monotonic()
    watched.process.wait()
    while any(runs(one) for one in children) or watched.connected():
        assert time.monotonic() - killed_at < 3, "they had three seconds"
        time.sleep(0.02)
    assert not list(shared_memory_root().glob(f"glimpse-{program.pid}-*"))
