"""What is written while a run goes on, and how results are named."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from message_streams import verdict

from realtime.evidence import EVIDENCE
from realtime.failures import UserFacingError
from realtime.messages import FrameCaptured, MotionMeasured
from realtime.out_folder import prepare_folder
from realtime.parcel import Parcel
from realtime.recording import Recording
from realtime.replay import _expand, _name_results
from realtime.session_record import SessionRecord, read_record

STAMP = {"source": "s", "captured_ns": 0, "grabbed_ns": 0, "epoch": 0}


def motion(sequence: int) -> Parcel:
    values = {"motion": (0.1,) * 15, "noise": 0.2, "eyes_open": 1.0, "active": False, "presentation_s": sequence / 30}
    return Parcel(MotionMeasured(sequence=sequence, **STAMP, **values))


def test_a_record_gives_back_what_it_took(tmp_path):
    evidence = np.zeros((), EVIDENCE)
    evidence["apex"][:] = 7
    given = [motion(0), Parcel(verdict(), evidence), motion(1), Parcel(verdict())]
    record = SessionRecord(tmp_path / "r")
    for parcel in given:
        record.take(parcel)
    record.close()
    back = list(read_record(tmp_path / "r"))
    assert [p.message for p in back] == [p.message for p in given]
    assert back[1].pixels["apex"].min() == 7 and back[3].pixels is None


def test_a_record_cut_short_loses_its_last_message_only(tmp_path):
    record = SessionRecord(tmp_path / "r")
    for sequence in range(5):
        record.take(motion(sequence))
    record.close()
    whole = (tmp_path / "r").read_bytes()
    (tmp_path / "r").write_bytes(whole[:-3])
    assert [p.message.sequence for p in read_record(tmp_path / "r")] == [0, 1, 2, 3]


def test_a_recording_keeps_frames_and_their_times(tmp_path):
    recording = Recording(tmp_path / "v.mp4", 30)
    times = [0.0, 0.033, 0.1, 0.11, 0.25]
    for sequence, time_s in enumerate(times):
        message = FrameCaptured(sequence=sequence, width=65, height=48, presentation_s=time_s, **STAMP)
        recording.take(Parcel(message, np.full((48, 65, 3), 40 * sequence, np.uint8)))
        recording.take(motion(sequence))
    recording.close()
    with av.open(str(tmp_path / "v.mp4")) as container:
        frames = [(f.time, f.to_ndarray(format="rgb24")) for f in container.decode(video=0)]
    assert [t for t, _ in frames] == pytest.approx(times, abs=1e-3)
    reds = [image[10:20, 46:52, 0].astype(int) - image[10:20, 46:52, 2] for _, image in frames]
    assert all(red.max() > 60 for red in reds), "every frame carries the mark of a recording"


def test_results_of_one_name_are_told_apart(tmp_path):
    paths = [Path("a/x.mp4"), Path("b/x.mov"), Path("c/x.mp4"), Path("c/y.mp4")]
    names = [r.events.name for r in _name_results(paths, tmp_path, plain=False)]
    assert names == ["x.events.jsonl", "x.mov.events.jsonl", "x.mp4.events.jsonl", "y.events.jsonl"]


def test_folders_of_videos_of_images_and_of_neither(tmp_path):
    for folder, files in {
        "videos": ["b.mp4", "a.mkv", "notes.txt"],
        "images": ["1.png", "2.png"],
        "other": ["x.txt"],
    }.items():
        (tmp_path / folder).mkdir()
        for name in files:
            (tmp_path / folder / name).touch()
    problems: list[str] = []
    found = _expand([tmp_path / "other", tmp_path / "videos", tmp_path / "images"], problems)
    assert [path.name for path in found] == ["a.mkv", "b.mp4", "images"]
    assert problems == [f"{tmp_path / 'other'}: holds neither videos nor images"]


def test_a_folder_is_proved_before_work_begins(tmp_path):
    prepare_folder(tmp_path / "new" / "deep")
    assert (tmp_path / "new" / "deep").is_dir()
    (tmp_path / "file").touch()
    with pytest.raises(UserFacingError, match="--out"):
        prepare_folder(tmp_path / "file" / "out")
