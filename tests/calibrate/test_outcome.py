"""Files that a measurement is asked for are tried beforehand, and nothing of anybody's is lost by that."""

import io

import msgspec
import pytest
from rich.console import Console

from calibrate.outcome import check_writable, keep
from realtime.failures import UserFacingError


class Figures(msgspec.Struct):
    rate: float = 30.0


def test_trying_a_file_leaves_the_folder_as_it_was(tmp_path):
    empty, full, absent = tmp_path / "empty", tmp_path / "full", tmp_path / "new" / "absent"
    empty.touch()
    full.write_text("kept")
    link = tmp_path / "link"
    link.symlink_to("/dev/null")
    check_writable(empty, full, absent, link, None)
    assert empty.exists() and full.read_text() == "kept" and link.is_symlink() and not absent.exists()


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(UserFacingError, match=r"folder: cannot be written"):
        check_writable(tmp_path / "absent", _folder(tmp_path))


def test_the_file_that_failed_is_named(tmp_path):
    console = Console(file=io.StringIO())
    folder, picture = _folder(tmp_path), tmp_path / "picture.png"
    with pytest.raises(UserFacingError, match="folder: cannot be written"):
        keep(console, Figures(), folder, picture, lambda path: None)

    def draw(path):
        raise ValueError("no such format")

    with pytest.raises(UserFacingError, match=r"picture\.png: cannot be written: no such format"):
        keep(console, Figures(), tmp_path / "figures.json", picture, draw)


def _folder(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir(exist_ok=True)
    return folder
