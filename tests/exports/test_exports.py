"""Exports, read again by readers that share no code with the writers."""

from __future__ import annotations

import csv
import json
import math
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pyarrow.parquet
import pytest

from realtime.events_file import EventLine
from realtime.export import ENDINGS, export_path
from realtime.failures import UserFacingError
from realtime.frames_file import COLUMNS, FramesFile
from realtime.mesh_regions import mesh_regions
from realtime.messages import EndOfStream, FaceTracked, FrameCaptured, MotionMeasured, Quality
from realtime.parcel import Parcel

ROOT = Path(__file__).resolve().parents[2]
SMILE = EventLine(
    id="talk.mp4#1",
    source="talk.mp4",
    kind="macro",
    onset_s=1.0,
    apex_s=1.4,
    offset_s=3.0,
    onset_frame=30,
    apex_frame=42,
    offset_frame=90,
    label="positive",
    probabilities={"negative": 0.1, "positive": 0.8, "surprise": 0.1},
    action_units={"AU12": 0.9, "AU6": 0.6},
    influence={"mouth_corner_left": 2.3},
    strength=7.5,
    spot_score=40.2,
    latency_ms=80.0,
    model="cloud",
    schema=1,
)
FROWN = msgspec.structs.replace(
    SMILE,
    id="talk.mp4#2",
    kind="micro",
    onset_s=2.0,
    apex_s=2.2,
    offset_s=2.4,
    onset_frame=60,
    apex_frame=66,
    offset_frame=72,
    label="negative",
    action_units={"AU4": 0.7},
)
LATER = msgspec.structs.replace(
    FROWN, id="talk.mp4#3", onset_s=4.0, apex_s=4.1, offset_s=4.3, onset_frame=120, apex_frame=123, offset_frame=129
)


def write_results(folder: Path, name: str = "talk", events=(LATER, SMILE, FROWN)) -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / f"{name}.events.jsonl"
    file.write_bytes(b"".join(msgspec.json.encode(event) + b"\n" for event in events))
    return folder


def stamps(sequence: int) -> dict:
    at = round(sequence / 30 * 1e9)
    return {"source": "talk.mp4", "sequence": sequence, "captured_ns": at, "grabbed_ns": at, "epoch": 0}


def write_frames(file: Path, frames: int = 100, faceless=(7,), unmeasured=(8,)) -> None:
    quality = Quality(sharpness=20.0, face_width=210.0, yaw=1.0, pitch=-2.0, roll=3.0, occluded=0.25)
    sink = FramesFile(file)
    for sequence in range(frames):
        at = {**stamps(sequence), "presentation_s": sequence / 30}
        if sequence in faceless:
            sink.take(Parcel(FrameCaptured(**at, width=640, height=480)))
            continue
        sink.take(
            Parcel(
                FaceTracked(
                    **at,
                    crop_epoch=1,
                    crop_from_frame=(1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
                    landmarks=b"",
                    face_width=184.0,
                    quality=quality,
                )
            )
        )
        if sequence not in unmeasured:
            motion = tuple(sequence / 100 + region for region in range(len(mesh_regions())))
            sink.take(Parcel(MotionMeasured(**at, motion=motion, noise=0.5, eyes_open=0.9, active=30 <= sequence < 90)))
    sink.take(Parcel(EndOfStream(**stamps(frames - 1), reason="")))
    sink.close()
    sink.close()


def test_csv_has_one_row_per_event_in_time(tmp_path):
    (file,) = export_path(write_results(tmp_path / "a"), "csv")
    with file.open(newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert [row["id"] for row in rows] == [SMILE.id, FROWN.id, LATER.id]
    assert float(rows[0]["offset_s"]) == 3.0 and int(rows[0]["offset_frame"]) == 90
    assert float(rows[0]["duration_s"]) == 2.0
    assert rows[0]["action_units"] == "AU6+AU12" and float(rows[0]["AU12"]) == 0.9
    assert rows[0]["AU4"] == "" and float(rows[1]["AU4"]) == 0.7
    assert float(rows[1]["p_positive"]) == 0.8
    assert [row["influence_mouth_corner_left"] for row in rows] == ["2.3"] * 3


def test_parquet_is_typed_and_tells_its_units(tmp_path):
    (file,) = export_path(write_results(tmp_path / "a"), "parquet")
    table = pyarrow.parquet.read_table(file)
    rows = table.to_pylist()
    assert [row["label"] for row in rows] == ["positive", "negative", "negative"]
    assert (
        str(table.schema.field("onset_frame").type) == "int64" and str(table.schema.field("onset_s").type) == "double"
    )
    assert table.schema.field("strength").metadata == {b"unit": b"px at 224 px face width"}
    assert rows[0]["AU4"] is None and rows[0]["AU6"] == 0.6
    assert math.isclose(rows[2]["duration_s"], 0.3)


def test_jsonl_and_csv_agree(tmp_path):
    folder = write_results(tmp_path / "a")
    (lines,) = export_path(folder, "jsonl", tmp_path / "merged.jsonl")
    (table,) = export_path(folder, "csv", tmp_path / "merged.csv")
    events = [json.loads(line) for line in lines.read_text().splitlines()]
    assert [event["id"] for event in events] == [SMILE.id, FROWN.id, LATER.id]
    with table.open(newline="") as opened:
        rows = list(csv.DictReader(opened))
    for event, row in zip(events, rows, strict=True):
        plain = {name: value for name, value in event.items() if not isinstance(value, dict)}
        assert {name: row[name] for name in plain} == {name: str(value) for name, value in plain.items()}


def elan(file: Path) -> tuple[ElementTree.Element, dict[str, int]]:
    root = ElementTree.parse(file).getroot()
    times = {slot.get("TIME_SLOT_ID"): int(slot.get("TIME_VALUE")) for slot in root.iter("TIME_SLOT")}
    return root, times


def test_elan_follows_the_published_structure(tmp_path):
    folder = write_results(tmp_path / "a")
    (folder / "talk.mp4").touch()
    (file,) = export_path(folder, "elan")
    root, times = elan(file)
    assert root.tag == "ANNOTATION_DOCUMENT" and {"AUTHOR", "DATE", "FORMAT", "VERSION"} <= set(root.attrib)
    order = [child.tag for child in root]
    ranks = ["HEADER", "TIME_ORDER", "TIER", "LINGUISTIC_TYPE", "CONSTRAINT"]
    assert [ranks.index(tag) for tag in order] == sorted(ranks.index(tag) for tag in order)
    assert root.find("HEADER").get("TIME_UNITS") == "milliseconds"
    assert root.find("HEADER/MEDIA_DESCRIPTOR").get("RELATIVE_MEDIA_URL") == "./talk.mp4"
    assert str(tmp_path) not in file.read_text(), "no path of this machine"
    names = [one.get("ANNOTATION_ID") for one in root.iter() if one.get("ANNOTATION_ID")]
    assert len(names) == len(set(names))
    types = {one.get("LINGUISTIC_TYPE_ID"): one.get("CONSTRAINTS") for one in root.iter("LINGUISTIC_TYPE")}
    tiers = {tier.get("TIER_ID"): tier for tier in root.iter("TIER")}
    assert len(tiers) == len(root.findall("TIER"))
    for tier in tiers.values():
        constraint = types[tier.get("LINGUISTIC_TYPE_REF")]
        assert (tier.get("PARENT_REF") in tiers) == (constraint is not None)
        references = {one.get("ANNOTATION_REF") for one in tier.iter("REF_ANNOTATION")}
        parent = tiers.get(tier.get("PARENT_REF"))
        assert (
            references <= {one.get("ANNOTATION_ID") for one in parent.iter()} if parent is not None else not references
        )
        spans = [
            (times[one.get("TIME_SLOT_REF1")], times[one.get("TIME_SLOT_REF2")])
            for one in tier.iter("ALIGNABLE_ANNOTATION")
        ]
        assert all(start < end for start, end in spans), "ELAN drops annotations without length"
        assert all(before[1] <= after[0] for before, after in pairwise(spans)), "no overlap"
    used = {one.get(f"TIME_SLOT_REF{end}") for one in root.iter("ALIGNABLE_ANNOTATION") for end in (1, 2)}
    assert used == set(times)
    assert list(times.values()) == sorted(times.values())


def test_elan_says_what_the_events_say(tmp_path):
    (file,) = export_path(write_results(tmp_path / "a"), "elan")
    root, times = elan(file)
    found = {}
    for tier in root.iter("TIER"):
        kind = tier.get("TIER_ID").removesuffix(" 2")
        for one in tier.iter("ALIGNABLE_ANNOTATION"):
            span = times[one.get("TIME_SLOT_REF1")], times[one.get("TIME_SLOT_REF2")]
            found[kind, span] = one.findtext("ANNOTATION_VALUE")
    assert found["expression", (1000, 3000)] == "macro" and found["expression", (2000, 2400)] == "micro"
    assert found["phase", (2000, 2200)] == "rise" and found["phase", (2200, 2400)] == "decay"
    told = {one.findtext("ANNOTATION_VALUE") for one in root.iter("REF_ANNOTATION")}
    assert {"positive", "negative", "AU6+AU12", "AU4", "talk.mp4#2"} <= told
    assert root.find("HEADER/MEDIA_DESCRIPTOR") is None, "there is no video beside these events"


def test_openface_rows_hold_what_was_measured(tmp_path):
    folder = write_results(tmp_path / "a")
    write_frames(folder / "talk.frames.csv")
    (file,) = export_path(folder, "openface")
    with file.open(newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert [int(row["frame"]) for row in rows] == list(range(1, 101)), "counted from 1, as OpenFace does"
    assert float(rows[45]["timestamp"]) == pytest.approx(45 / 30, abs=1e-3)
    assert [row["success"] for row in rows[6:10]] == ["1", "0", "0", "1"]
    assert rows[7]["motion_chin"] == "" and rows[7]["confidence"] == "0"
    assert float(rows[8]["confidence"]) == 0.75 and rows[8]["head_yaw"] == "1.0"
    assert float(rows[45]["motion_brow_inner_left"]) == 0.45
    assert [rows[i]["AU12_c"] for i in (29, 30, 90, 91)] == ["0", "1", "1", "0"]
    assert rows[66]["AU04_c"] == "1" and rows[66]["AU06_c"] == "1", "both expressions last"
    assert rows[66]["event"] == FROWN.id and rows[66]["event_phase"] == "apex"
    assert rows[50]["event"] == SMILE.id and rows[50]["event_phase"] == "decay" and rows[10]["event"] == ""
    assert not [name for name in rows[0] if name.endswith("_r")], "intensities are not measured"


def test_a_full_disk_is_told_in_one_line():
    with pytest.raises(UserFacingError, match="/dev/full: cannot be written"):
        write_frames(Path("/dev/full"), 3)


def test_two_recordings_of_a_folder(tmp_path):
    folder = write_results(write_results(tmp_path / "a"), "walk", (msgspec.structs.replace(SMILE, source="walk.mp4"),))
    assert [file.name for file in export_path(folder, "elan")] == ["talk.eaf", "walk.eaf"]
    (merged,) = export_path(folder, "csv", tmp_path / "all.csv")
    with merged.open(newline="") as opened:
        assert [row["source"] for row in csv.DictReader(opened)] == ["talk.mp4"] * 3 + ["walk.mp4"]
    with pytest.raises(UserFacingError, match="2 recordings"):
        export_path(folder, "elan", tmp_path / "all.eaf")


@pytest.mark.parametrize("form", ["csv", "parquet", "jsonl", "elan", "openface"])
def test_nothing_found_is_no_error(tmp_path, form):
    folder = write_results(tmp_path / "a", events=())
    write_frames(folder / "talk.frames.csv", 3)
    (file,) = export_path(folder, form)
    assert file.exists() and file.name == "talk" + ENDINGS[form]


@pytest.mark.parametrize(
    ("spoil", "form", "says"),
    [
        (lambda folder: (folder / "talk.events.jsonl").unlink(), "csv", "holds no events"),
        (lambda folder: (folder / "talk.events.jsonl").write_text("{}\n"), "csv", "events.jsonl:1: not an event"),
        (lambda folder: (folder / "talk.events.jsonl").write_bytes(b"\xff\xfe\n"), "csv", "cannot be read"),
        (lambda folder: write_results(folder, events=(msgspec.structs.replace(SMILE, schema=9),)), "csv", "schema 9"),
        (lambda folder: None, "openface", "--export openface"),
        (lambda folder: (folder / "talk.frames.csv").write_text("a,b\n1,2\n"), "openface", "not a per-frame file"),
        (lambda folder: None, "csv,elan", "choose from jsonl"),
        (lambda folder: None, "", "choose from jsonl"),
        (lambda folder: None, "xlsx", "choose from jsonl, csv, parquet, elan, openface"),
        (lambda folder: (folder / "talk.eaf").mkdir(), "elan", "cannot be written"),
    ],
)
def test_what_cannot_be_exported_is_said_in_one_line(tmp_path, spoil, form, says):
    folder = write_results(tmp_path / "a")
    spoil(folder)
    before = sorted(folder.iterdir())
    with pytest.raises(UserFacingError, match=says) as refusal:
        export_path(folder, form)
    assert "\n" not in str(refusal.value)
    assert sorted(folder.iterdir()) == before, "nothing half-written is left"


def test_the_events_are_never_overwritten(tmp_path):
    folder = write_results(tmp_path / "a")
    with pytest.raises(UserFacingError, match="exported from"):
        export_path(folder, "jsonl", folder / "talk.events.jsonl")


def test_a_replay_exports_and_the_command_exports_again(tmp_path):
    from models.simulator.builtin_clip import make_builtin_clip

    clip = make_builtin_clip(tmp_path)
    out = tmp_path / "out"
    words = ["replay", clip.video, "--out", out, *(f"--export={form}" for form in ("elan", "openface"))]
    run = glimpse(*words)
    assert run.returncode == 0, run.stderr
    with (out / "demo.frames.csv").open(newline="") as opened:
        frames = list(csv.DictReader(opened))
    assert tuple(frames[0]) == COLUMNS and len(frames) == 375
    assert sum(int(row["success"]) for row in frames) > 360
    blink = [float(row["eyes_open"]) for row in frames[39:46] if row["eyes_open"]]
    assert min(blink) < 0.8
    events = [json.loads(line) for line in (out / "demo.events.jsonl").read_text().splitlines()]
    with (out / "demo.openface.csv").open(newline="") as opened:
        named = {row["event"] for row in csv.DictReader(opened)} - {""}
    assert named == {event["id"] for event in events} and named
    root, times = elan(out / "demo.eaf")
    spans = {
        (times[one.get("TIME_SLOT_REF1")], times[one.get("TIME_SLOT_REF2")])
        for one in root.iter("ALIGNABLE_ANNOTATION")
    }
    assert {(round(1000 * e["onset_s"]), round(1000 * e["offset_s"])) for e in events} <= spans
    assert root.find("HEADER/MEDIA_DESCRIPTOR").get("RELATIVE_MEDIA_URL") == "../demo.mp4"

    (again,) = export_path(out, "elan", tmp_path / "again.eaf")
    url = elan(again)[0].find("HEADER/MEDIA_DESCRIPTOR").get("RELATIVE_MEDIA_URL")
    assert url == "./demo.mp4", "the video that was replayed, wherever it lies"
    again = glimpse("export", out, "--format", "parquet", "--out", tmp_path / "table.parquet")
    assert again.returncode == 0, again.stderr
    assert len(pyarrow.parquet.read_table(tmp_path / "table.parquet")) == len(events)
    refused = glimpse("export", tmp_path / "nowhere", "--format", "csv")
    assert refused.returncode == 1 and refused.stderr.startswith("glimpse: ") and refused.stderr.count("\n") == 1


def glimpse(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "run_camera.py"), *map(str, words)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240)
