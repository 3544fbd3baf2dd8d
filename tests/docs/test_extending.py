"""The Python in docs/extending.md is run, in its order, as one program."""

from __future__ import annotations

import re
from pathlib import Path

from realtime.source import SourceSpec

PAGE = Path(__file__).resolve().parents[2] / "docs" / "extending.md"


def written() -> dict:
    names: dict = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL):
        exec(compile(block, str(PAGE), "exec"), names)
    return names


def test_a_source_and_a_sink_as_described_work_together(tmp_path):
    names = written()
    names["run_in_one_process"](names["Drifting"](20), names["Tally"](tmp_path / "none.txt"))
    assert (tmp_path / "none.txt").read_text() == ""


def test_the_sink_counts_what_is_in_the_built_in_clip(tmp_path):
    from models.simulator.builtin_clip import make_builtin_clip

    names = written()
    source = SourceSpec(str(make_builtin_clip(tmp_path).video)).open()
    names["run_in_one_process"](source, names["Tally"](tmp_path / "tally.txt"))
    counts = dict(line.split() for line in (tmp_path / "tally.txt").read_text().splitlines())
    assert sum(map(int, counts.values())) >= 3 and counts["surprise"] == "1"
