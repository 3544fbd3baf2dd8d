import errno
import os
import re
import resource
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from message_streams import Stream, verdict

from realtime.events_file import EventLine, EventsFile, event_line
from realtime.failures import UserFacingError
from realtime.parcel import Parcel

ROOT = Path(__file__).resolve().parents[2]
ORDER = [
    *("id", "source", "kind", "onset_s", "apex_s", "offset_s", "onset_frame", "apex_frame", "offset_frame"),
    *("decided_s", "label", "probabilities", "action_units", "influence", "strength", "spot_score", "confidence"),
    *("latency_ms", "model", "schema"),
]


def lines_of(path):
    return [msgspec.json.decode(line, type=EventLine) for line in path.read_bytes().splitlines()]


def test_each_line_is_on_disk_while_the_file_is_open(tmp_path):
    path = tmp_path / "events.jsonl"
    sink = EventsFile(path)
    assert path.read_bytes() == b""
    for number in (1, 2, 3):
        sink.take(Parcel(verdict(number)))
        assert [line.id for line in lines_of(path)] == [f"clip.mp4#{n}" for n in range(1, number + 1)]
    sink.close()
    sink.close()


def test_fields_stand_in_their_order(tmp_path):
    with_everything = verdict(source="Привет ☺.mp4", onset_s=1 / 3)
    sink = EventsFile(tmp_path / "e.jsonl")
    sink.take(Parcel(with_everything))
    sink.close()
    raw = (tmp_path / "e.jsonl").read_text()
    assert list(msgspec.json.decode(raw)) == ORDER
    assert raw.endswith("}\n") and "Привет ☺.mp4" in raw
    (line,) = lines_of(tmp_path / "e.jsonl")
    assert line == event_line(with_everything)
    assert (line.onset_s, line.latency_ms, line.schema) == (0.3333, 87.3, 1)


@given(source=st.text(), strength=st.floats(0, 100), label=st.sampled_from(["negative", "uncertain"]))
def test_any_source_name_keeps_one_line_per_event(source, strength, label):
    line = event_line(verdict(source=source, strength=strength, label=label))
    encoded = msgspec.json.encode(line)
    assert b"\n" not in encoded
    assert msgspec.json.decode(encoded, type=EventLine) == line


def test_only_verdicts_are_written(tmp_path):
    sink = EventsFile(tmp_path / "e.jsonl")
    for parcel in Stream([n / 30 for n in range(60)], [verdict()]).parcels():
        sink.take(parcel)
    sink.close()
    assert len(lines_of(tmp_path / "e.jsonl")) == 1


def test_the_documentation_lists_every_field_in_order():
    text = (ROOT / "docs" / "events.md").read_text()
    assert re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE) == list(EventLine.__struct_fields__)
    example = re.search(r"```json\n(.*)\n```", text)
    assert example is not None
    decoded = msgspec.json.decode(example[1], type=EventLine)
    assert list(msgspec.json.decode(example[1])) == ORDER and decoded.schema == 1


def test_a_full_device_loses_nothing(capsys):
    sink = EventsFile(Path("/dev/full"))
    sink.take(Parcel(verdict(1)))
    sink.take(Parcel(verdict(2)))
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "No space left on device" in err and "/dev/full" in err
    with pytest.raises(UserFacingError, match="2 events could not be written"):
        sink.close()
    printed = capsys.readouterr().out.splitlines()
    assert [msgspec.json.decode(line, type=EventLine).id for line in printed] == ["clip.mp4#1", "clip.mp4#2"]


FILLED = """
import resource, sys
from pathlib import Path
sys.path.insert(0, {streams!r})
from message_streams import verdict
from realtime.events_file import EventsFile
from realtime.parcel import Parcel

path = Path({path!r})
sink = EventsFile(path)
sink.take(Parcel(verdict(1)))
room = path.stat().st_size + 40
resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
sink.take(Parcel(verdict(2)))
print(path.read_text().count(chr(10)), path.read_text()[-1] == chr(10))
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
sink.take(Parcel(verdict(3)))
sink.close()
"""


def test_half_a_line_is_taken_back_and_written_when_there_is_room(tmp_path):
    if resource.getrlimit(resource.RLIMIT_FSIZE)[1] != resource.RLIM_INFINITY:
        pytest.skip("file sizes are limited here")
    path = tmp_path / "e.jsonl"
    script = FILLED.format(streams=str(Path(__file__).parent), path=str(path))
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "1 True\n"
    assert os.strerror(errno.EFBIG) in done.stderr
    assert [line.id for line in lines_of(path)] == ["clip.mp4#1", "clip.mp4#2", "clip.mp4#3"]


def test_a_place_that_cannot_be_written_is_refused_at_once(tmp_path):
    with pytest.raises(UserFacingError, match="choose another folder with --out"):
        EventsFile(tmp_path / "missing" / "e.jsonl")
