"""A network camera as a process of its own, so that it can be killed and frozen."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).with_name("mjpeg_server.py")


class NetworkCamera:
    """Serves MJPEG on a port that it keeps when it is started again."""

    def __init__(self, folder: Path) -> None:
        self._order = folder / "order"
        self.tell("run")
        self._port = 0
        self.start()

    @property
    def url(self) -> str:
        return f"http://viewer:s3cret@127.0.0.1:{self._port}/video"

    def tell(self, order: str) -> None:
        part = self._order.with_suffix(".part")
        part.write_text(order)
        part.replace(self._order)

    def start(self) -> None:
        command = [sys.executable, str(PROGRAM), str(self._port), str(self._order)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self._port = int(self.process.stdout.readline())

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()
