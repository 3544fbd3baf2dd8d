"""Readers on miniature trees in the official layouts, made of simulated faces."""

from __future__ import annotations

import shutil
from pathlib import Path

import av
import cv2
import numpy as np
import openpyxl
import pytest
from typer.testing import CliRunner

from models.datasets.command import data
from models.datasets.miniature import Miniature, simulate_events, write_images, write_miniature
from models.datasets.readers import find
from models.datasets.videos import DECEPTION_WARNING
from models.simulator.video_writer import VideoWriter


@pytest.fixture(scope="module")
def events():
    return list(simulate_events(Miniature(subjects=2, events=2, frames=16, size=96)))


def write_sheet(file: Path, *tables: list[list[object]]) -> None:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for number, table in enumerate(tables):
        sheet = book.create_sheet(f"table {number}")
        for row in table:
            sheet.append(row)
    book.save(file)


def write_video(file: Path, frames: list[np.ndarray]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with VideoWriter(file, frames[0].shape[1], frames[0].shape[0], 25) as video:
        for at, frame in enumerate(frames):
            video.write(frame, at / 25)


@pytest.mark.parametrize("layout", ["casme2", "samm", "smic", "mmew", "folders"])
def test_a_simulated_data_set_is_recognised_and_read_whole(layout: str, tmp_path: Path):
    plan = Miniature(subjects=2, events=2, frames=14, size=64)
    written = write_miniature(tmp_path / "set", layout, plan)
    finding = find(str(tmp_path / "set"))
    assert finding.dataset == layout and not finding.missing and not finding.skipped
    assert len(finding.clips) == written * (3 if layout == "smic" else 1)
    assert {clip.subject for clip in finding.clips} == {
        clip.subject for clip in find(f"{layout}:{tmp_path / 'set'}").clips
    }
    assert len({clip.subject for clip in finding.clips}) == 2
    for clip in finding.clips:
        assert all(frame.is_file() for frame in clip.frames)
        if layout in ("casme2", "samm", "mmew"):
            assert clip.onset == 3 and clip.offset == 10 and 3 < clip.apex < 10 and clip.action_units


def test_casme2_with_spaced_headers_stars_and_padding(events, tmp_path: Path):
    rows: list[list[object]] = [
        ["coded 2014"],
        [],
        ["Subject ", " File name", "Onset Frame", "Apex  Frame", "Offset Frame"],
    ]
    rows[2] += ["Action Units", "Estimated Emotion"]
    for number, (event, apex) in enumerate(zip(events[:3], ("*", "/", 44), strict=True), start=1):
        clip = f"EP{number:02d}_05f"
        place = tmp_path / "Cropped" / f"sub{event.subject:02d}" / clip
        write_images(place, event.frames, lambda at: f"reg_img{at + 40}.jpg")
        rows.append([float(event.subject), clip.lower(), 41, apex, 57 if number == 3 else 50, "4 + L14?", " Disgust"])
    rows.append([9, "EP09_09f", 1, 2, 3, "", "fear"])
    rows.append([1, "EP01_05f", "ten", 2, 3, "", "fear"])
    rows.append([1, "EP01_05f", 90, 95, 99, "", "fear"])
    write_sheet(tmp_path / "CASME2-coding-20140508.xlsx", rows)
    finding = find(str(tmp_path))
    assert finding.dataset == "casme2"
    assert [(clip.subject, clip.onset, clip.apex, clip.offset) for clip in finding.clips] == [
        ("1", 1, None, 10),
        ("1", 1, None, 10),
        ("2", 1, 4, 15),
    ]
    assert finding.clips[0].action_units == "4+L14" and finding.clips[0].emotion == "disgust"
    assert any("9/EP09_09f" in line for line in finding.missing)
    reasons = " ".join(why for _, why in finding.skipped)
    assert "ten" in reasons and "onset 90 is not among its frames 40 to 55" in reasons
    assert any("offset 57 lies beyond the last frame 55" in note for note in finding.notes)


def test_samm_keeps_text_above_its_header_out(events, tmp_path: Path):
    rows: list[list[object]] = [["SAMM Micro-Expressions"], ["Please cite"], [None], ["Notes:", "see paper"]]
    rows.append(["Subject", "Filename", "Inducement Code", "Onset Frame", "Apex Frame", "Offset Frame", "Action Units"])
    rows[-1] += ["Estimated Emotion", "Objective Classes"]
    write_images(tmp_path / "SAMM" / "006" / "006_1_2", events[0].frames, lambda at: f"006_{5562 + at:05d}.jpg")
    rows.append([6, "006_1_2", 1, 5563, 5570, 5576, "12A+R25B", "Happiness", 5])
    write_sheet(tmp_path / "SAMM_Micro_FACS_Codes_v2.xlsx", rows)
    (clip,) = find(str(tmp_path)).clips
    assert (clip.dataset, clip.subject, clip.onset, clip.apex, clip.offset) == ("samm", "6", 1, 8, 14)
    assert clip.action_units == "12+R25" and clip.fps == 200


def test_smic_cameras_are_told_apart_and_not_micro_is_left_out(events, tmp_path: Path):
    for camera in ("HS", "VIS", "NIR"):
        write_images(
            tmp_path / camera / "s3" / "micro" / "surprise" / "s3_sur_01", events[0].frames, lambda at: f"{at}.jpg"
        )
    write_images(tmp_path / "HS" / "s3" / "non_micro" / "s3_ne_02", events[0].frames[:3], lambda at: f"{at}.jpg")
    write_images(tmp_path / "HS" / "s3" / "micro" / "odd", events[0].frames[:3], lambda at: f"{at}.jpg")
    finding = find(f"smic:{tmp_path}")
    assert [(clip.name, clip.fps, clip.apex) for clip in finding.clips] == [
        ("s3_sur_01", 100, None),
        ("s3_sur_01_nir", 25, None),
        ("s3_sur_01_vis", 25, None),
    ]
    assert [what for what, _ in finding.skipped] == ["HS/s3/micro/odd"]


@pytest.mark.parametrize("with_header", [True, False])
def test_casme_squared_in_both_forms_of_its_sheet(with_header: bool, events, tmp_path: Path):
    write_images(
        tmp_path / "rawpic" / "s15" / "15_0101disgustingteeth", events[0].frames, lambda at: f"img{at + 1:03d}.jpg"
    )
    if with_header:
        header = ["Subject", "Folders", "Onset", "Apex", "Offset", "Emotion Type", "Emotion", "Category"]
        rows = [["s15", "15_0101", 2, 8, 12, "micro-expression", "negative", "disgust"]]
        rows.append(["s15", "15_0101", 13, 0, 15, "micro-expression", "positive", "happiness"])
        rows.append(["s15", "15_0101", 1, 3, 16, "macro-expression", "positive", "happiness"])
        write_sheet(tmp_path / "CAS(ME)^2code_final.xlsx", [header, *rows])
    else:
        final = [[1, "disgust1_1", 2, 8, 12, "4", "negative", "micro-expression", "disgust"]]
        final.append([1, "disgust1_2", 13, 0, 15, "12", "positive", "micro-expression", "happiness"])
        final.append([1, "disgust1_3", 1, 3, 16, "12", "positive", "macro-expression", "happiness"])
        final.append([1, "unheard_1", 1, 3, 16, "12", "positive", "micro-expression", "happiness"])
        names = [["0101", "disgust1", "disgustingteeth"]]
        write_sheet(tmp_path / "CAS(ME)^2code_final.xlsx", final, names, [[1, "A", "s15"]])
    finding = find(f"casme_squared:{tmp_path}")
    assert [(clip.subject, clip.onset, clip.apex, clip.offset, clip.emotion) for clip in finding.clips] == [
        ("s15", 1, 7, 11, "negative"),
        ("s15", 12, None, 14, "positive"),
    ]
    assert len({clip.name for clip in finding.clips}) == 2
    assert any("1 macro-expression" in note for note in finding.notes)
    assert len(finding.skipped) == (0 if with_header else 1)


def test_casme3_part_a_brings_depth_and_part_c_needs_no_apex(events, tmp_path: Path):
    part = tmp_path / "a" / "data" / "spNO.1" / "a"
    write_images(part / "color", events[0].frames, lambda at: f"{at}.jpg")
    (part / "depth").mkdir()
    for at in range(len(events[0].frames)):
        cv2.imwrite(str(part / "depth" / f"{at}.png"), np.full((96, 96), 800 + at, np.uint16))
    header = ["Subject", "Filename", "Onset", "Apex", "Offset", "AU", "Objective class", "emotion"]
    rows = [["spNO.1", "a", 2, 7, 12, "4+7", "IV", "disgust"], ["spNO.1", "b", 2, 7, 12, "4", "IV", "fear"]]
    write_sheet(tmp_path / "a" / "cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx", [header, *rows])
    finding = find(f"casme3a:{tmp_path / 'a'}")
    (clip,) = finding.clips
    assert (clip.onset, clip.apex, clip.offset) == (2, 7, 12)
    assert len(clip.depth) == len(clip.frames) == 16
    assert finding.missing == ["spNO.1/b: no folder of frames of that name"]

    write_images(tmp_path / "c" / "frame" / "7" / "color", events[0].frames, lambda at: f"{at}.jpg")
    write_sheet(tmp_path / "c" / "cas(me)3_part_C_ME.xlsx", [["sub", "onset", "offset", "emotion"], [7, 1, 9, "Fear"]])
    (clip,) = find(f"casme3c:{tmp_path / 'c'}").clips
    assert (clip.subject, clip.onset, clip.apex, clip.offset, clip.emotion) == ("7", 1, None, 9, "fear")


def test_meview_videos_count_their_frames_from_one(events, tmp_path: Path):
    write_video(tmp_path / "videos" / "anna_01.avi.mp4", events[0].frames)
    write_video(tmp_path / "videos" / "02.mp4", events[1].frames)
    header = ["Video", "Onset", "Offset", "Emotion", "FACS"]
    rows = [["02", 3, 12, "Surprise", "1+2"], ["03", 1, 5, "fear", ""], ["02", 9, 4, "fear", ""]]
    write_sheet(tmp_path / "annotations.xlsx", [header, *rows])
    finding = find(f"meview:{tmp_path}")
    (clip,) = finding.clips
    assert clip.is_video and (clip.onset, clip.offset, clip.apex) == (2, 11, None)
    assert len(finding.missing) == 1 and "03" in finding.missing[0]
    assert len(finding.skipped) == 1 and "a subject of its own" in " ".join(finding.notes)


def test_the_deception_set_is_read_and_warned_of(events, tmp_path: Path):
    write_video(tmp_path / "Clips" / "Deceptive" / "trial_lie_001.mp4", events[0].frames)
    write_video(tmp_path / "Clips" / "Truthful" / "trial_truth_001.mp4", events[1].frames)
    (tmp_path / "Annotation").mkdir()
    sheet = "id,OtherGestures,Smile,class\ntrial_lie_001.mp4,1,0,deceptive\ntrial_truth_001.mp4,0,1,truthful\n"
    (tmp_path / "Annotation" / "All_Gestures_Deceptive and Truthful.csv").write_text(
        sheet + "trial_lie_002.mp4,0,0,deceptive\n"
    )
    shown = CliRunner().invoke(data, ["check", str(tmp_path)])
    assert shown.exit_code == 0 and shown.stdout.startswith(f"WARNING: {DECEPTION_WARNING}")
    assert "truthful 1" in shown.stdout and "deceptive 1" in shown.stdout
    assert "missing: trial_lie_002" in shown.stdout and "both sides of a fold" in shown.stdout


def test_check_says_what_is_missing_and_fails_only_when_nothing_was_found(events, tmp_path: Path):
    runner = CliRunner()
    empty = runner.invoke(data, ["check", f"casme2:{tmp_path}"])
    assert empty.exit_code == 1 and "found: 0 clips" in empty.stdout
    assert "missing: no sheet with the columns of casme2" in empty.stdout
    for wrong, told in ((str(tmp_path / "nowhere"), "no such folder"), (f"casme9:{tmp_path}", "no data set named")):
        refused = runner.invoke(data, ["check", wrong])
        assert refused.exit_code == 1 and told in refused.output and refused.exception.__class__ is SystemExit
    (tmp_path / "label.xls").write_bytes(b"old")
    assert "old .xls form" in runner.invoke(data, ["check", f"samm:{tmp_path}"]).output
    (tmp_path / "label.xls").unlink()
    (tmp_path / "label.xlsx").write_bytes(b"PK broken")
    assert "save it anew as .csv" in runner.invoke(data, ["check", f"samm:{tmp_path}"]).output


def test_a_clip_in_two_trees_is_read_from_the_raw_one(events, tmp_path: Path):
    write_miniature(tmp_path / "set", "casme2", Miniature(subjects=1, events=1, frames=14, size=64))
    shutil.copytree(tmp_path / "set" / "CASME2-RAW", tmp_path / "set" / "Cropped")
    finding = find(str(tmp_path / "set"))
    assert "CASME2-RAW" in str(finding.clips[0].frames[0])
    assert any("2 folders fit" in note for note in finding.notes)


def test_videos_written_here_open_elsewhere(events, tmp_path: Path):
    write_video(tmp_path / "a.mp4", events[0].frames)
    with av.open(str(tmp_path / "a.mp4")) as container:
        assert sum(1 for _ in container.decode(video=0)) == 16


def test_clips_of_one_name_under_several_classes_are_all_kept(tmp_path: Path):
    places = ("joy/anna/clip1", "anger/anna/clip1", "anger/anna/monday/clip1", "anger/bert/clip1")
    for place in places:
        (tmp_path / place).mkdir(parents=True)
        for number in range(3):
            (tmp_path / place / f"{number}.jpg").touch()
    finding = find(f"folders:{tmp_path}")
    assert len(finding.clips) == 4 and not finding.skipped
    assert sorted((clip.subject, clip.name, clip.emotion) for clip in finding.clips) == [
        ("anna", "anger_monday_clip1", "anger"),
        ("anna", "clip1", "anger"),
        ("anna", "joy_clip1", "joy"),
        ("bert", "clip1", "anger"),
    ]
