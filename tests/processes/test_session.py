"""The private folder of a run."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from realtime.failures import UserFacingError
from realtime.session import Session, sweep_leftovers

OWNER = """
import sys, time
from pathlib import Path
from realtime.session import Session
session = Session(Path(sys.argv[1]))
print(session.folder, flush=True)
time.sleep(60)
"""


def age(folder: Path) -> None:
    os.utime(folder, (time.time() - 60, time.time() - 60))


def test_the_folder_is_private_and_named_after_its_owner(tmp_path: Path):
    session = Session(tmp_path)
    assert stat.S_IMODE(session.folder.stat().st_mode) == 0o700
    assert session.folder.name.startswith(f"glimpse-{os.getpid()}-")
    session.remove()
    assert not session.folder.exists()
    session.remove()


def test_what_a_killed_owner_leaves_is_swept_and_the_living_are_left_alone(tmp_path: Path):
    mine = Session(tmp_path)
    owner = subprocess.Popen([sys.executable, "-c", OWNER, tmp_path], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    theirs = Path(owner.stdout.readline().strip())
    for folder in (mine.folder, theirs):
        age(folder)
    assert sweep_leftovers(tmp_path) == []
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    owner.stdout.close()
    assert sweep_leftovers(tmp_path) == [theirs]
    assert mine.folder.is_dir()
    mine.remove()


def test_a_folder_just_made_is_not_swept(tmp_path: Path):
    (tmp_path / "glimpse-1-new").mkdir()
    (tmp_path / "glimpse-1-new" / "owner").touch()
    assert sweep_leftovers(tmp_path) == []


def test_other_peoples_files_are_left_alone(tmp_path: Path):
    other = tmp_path / "glimpse-not-a-folder"
    other.touch()
    age(other)
    empty = tmp_path / "glimpse-empty"
    empty.mkdir()
    age(empty)
    assert sweep_leftovers(tmp_path) == []
    assert other.exists()
    assert empty.exists()


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path):
    with pytest.raises(UserFacingError, match=r"cannot make .*shared memory must be writable"):
        Session(tmp_path / "missing")
