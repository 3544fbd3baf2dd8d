"""A recorded session says what it keeps, and can be forgotten without touching anything else."""

from __future__ import annotations

import hashlib

import pytest

from realtime.export_results import results_of
from realtime.failures import UserFacingError
from realtime.kept_files import KeptFiles
from realtime.kept_session import begin_session, forget_session, read_manifest, seal_session
from realtime.noted_source import note_source

NAMES = ("recording.mp4", "events.jsonl", "report.html")


@pytest.fixture
def session(tmp_path):
    folder = tmp_path / "2026-01-01_10-00-00"
    folder.mkdir()
    begin_session(folder, "glimpse 0", "rtsp://***@camera/1", "video", NAMES)
    (folder / "recording.mp4").write_bytes(b"pixels")
    (folder / "events.jsonl").write_bytes(b"{}\n")
    return folder


def test_a_sealed_manifest_lists_what_was_written_and_its_hash(session):
    seal_session(session)
    manifest = read_manifest(session)
    sizes = {file.name: file.size for file in manifest.files}
    assert sizes == {"recording.mp4": 6, "events.jsonl": 3, "report.html": None}
    assert manifest.files[0].sha256 == hashlib.sha256(b"pixels").hexdigest()
    assert manifest.ended is not None and manifest.keeps == "video"


def test_a_session_cut_off_is_forgotten_whole(session):
    assert read_manifest(session).ended is None
    done = forget_session(session)
    assert set(done.files) == {"recording.mp4", "events.jsonl", "manifest.json"} and done.left == ()
    assert not session.exists()


def test_what_a_replay_into_its_folder_left_is_forgotten_too(tmp_path):
    kept = KeptFiles(tmp_path / "session", pixels=True)
    kept.folder.mkdir()
    begin_session(kept.folder, "glimpse 0", "camera", kept.keeps, kept.names)
    replayed = results_of(kept.folder / "recording.events.jsonl")
    for file in (replayed.events_file, replayed.frames_file, kept.folder / "recording.annotated.mp4"):
        file.touch()
    note_source(replayed.events_file, kept.video, 30.0)
    assert forget_session(kept.folder).left == () and not kept.folder.exists()


def test_the_folder_of_several_sources_goes_with_the_last_of_them(tmp_path):
    together = tmp_path / "2026-01-31_09-30-00"
    for name in ("camera-0", "camera-1"):
        (together / name).mkdir(parents=True)
        begin_session(together / name, "glimpse", name, "video", ["events.jsonl"])
    forget_session(together / "camera-0")
    assert together.is_dir()
    forget_session(together / "camera-1")
    assert not together.exists() and tmp_path.is_dir()


def test_what_was_not_recorded_is_left_and_named(session):
    (session / "notes.txt").write_text("mine")
    assert forget_session(session).left == ("notes.txt",)
    assert [path.name for path in session.iterdir()] == ["notes.txt"]


def test_a_manifest_cannot_lead_out_of_its_folder(session):
    outside = session.parent / "precious"
    outside.write_text("keep")
    begin_session(session, "glimpse 0", "x", "video", ("../precious", str(outside)))
    forget_session(session)
    assert outside.read_text() == "keep"


def test_a_folder_that_is_no_session_is_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(UserFacingError, match="no recorded session"):
        forget_session(tmp_path)
    assert (tmp_path / "thesis.tex").exists()


def test_a_damaged_manifest_is_refused(session):
    (session / "manifest.json").write_text('{"files": 3')
    with pytest.raises(UserFacingError, match="damaged"):
        forget_session(session)
    assert (session / "recording.mp4").exists()
