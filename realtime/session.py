"""The private folder of one run. Rings and sockets lie in it, and nothing of a run lies anywhere else.

The folder is on `/dev/shm` where there is one, so that files in it are shared memory. Its owner holds a lock on a file
in it for as long as it lives: what a killed owner leaves behind is known by its free lock and swept at the next start.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import tempfile
import time
from pathlib import Path

from realtime.failures import UserFacingError

_PREFIX = "glimpse-"
_OWNER = "owner"
_NEWBORN_S = 10.0  # between making a folder and locking it a run is defenceless


def shared_memory_root() -> Path:
    """Where files are shared memory; on systems without `/dev/shm` the folder for temporary files."""
    linux = Path("/dev/shm")
    return linux if linux.is_dir() else Path(tempfile.gettempdir())


class Session:
    """Make the folder, readable by this user only, and own it until `remove`.

    Raises:
        UserFacingError: the folder cannot be made.
    """

    def __init__(self, root: Path | None = None) -> None:
        root = root or shared_memory_root()
        self.folder = root / f"{_PREFIX}{os.getpid()}-{secrets.token_hex(4)}"
        try:
            self.folder.mkdir(mode=0o700)
            self._lock = (self.folder / _OWNER).open("w")
        except OSError as error:
            raise UserFacingError(
                f"cannot make {self.folder}: {error.strerror}; shared memory must be writable for you"
            ) from None
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def remove(self) -> None:
        """Take away the folder and all in it. A second call does nothing."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._lock.close()


def sweep_leftovers(root: Path | None = None) -> list[Path]:
    """Take away folders whose owner died without removing them.

    Returns:
        The folders removed. Those of other users and of living owners are left alone.
    """
    swept = []
    for folder in (root or shared_memory_root()).glob(f"{_PREFIX}*"):
        try:
            if time.time() - folder.stat().st_mtime < _NEWBORN_S:
                continue
            with (folder / _OWNER).open("r+") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder)
                swept.append(folder)
        except OSError:
            continue  # alive, gone meanwhile, or somebody else's
    return swept
