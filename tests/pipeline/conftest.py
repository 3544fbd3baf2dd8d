"""The built-in clip, made once for all tests here, and its truth."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from models.simulator.builtin_clip import BuiltinClip, make_builtin_clip
from models.spotting_metrics import Interval


@pytest.fixture(scope="session")
def clip(tmp_path_factory) -> BuiltinClip:
    return make_builtin_clip(tmp_path_factory.mktemp("clip"))


@pytest.fixture(scope="session")
def truth(clip: BuiltinClip) -> list[Interval]:
    """The expressions in the clip; blinks are left out."""
    return [row for row in read_truth(clip.truth) if row.kind in ("micro", "macro")]


def read_truth(path: Path) -> list[Interval]:
    with path.open() as file:
        return [
            Interval(row["kind"], float(row["onset_s"]), float(row["apex_s"]), float(row["offset_s"]), row["label"])
            for row in csv.DictReader(file)
        ]
