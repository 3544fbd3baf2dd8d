"""The folder that results go to, checked before any work is done."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from realtime.failures import UserFacingError

_NEEDED = 50 * 2**20


def prepare_folder(folder: Path) -> None:
    """Make the folder, and prove that something can be written there.

    Raises:
        UserFacingError: it cannot be made or written, or the disk is full.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UserFacingError(f"cannot write to {folder}: {error.strerror}; choose another folder with --out") from None
    free = shutil.disk_usage(folder).free
    if free < _NEEDED:
        raise UserFacingError(f"only {free / 2**20:.0f} MiB free for {folder}; make room or choose another with --out")
