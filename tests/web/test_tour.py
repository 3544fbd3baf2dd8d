"""The tour is small, whole, and its pictures are taken by tests; each is compared where it is taken, see conftest."""

from __future__ import annotations

import re
from pathlib import Path

from keep_tour import ROOT, TOUR, shown


def test_every_picture_of_the_tour_is_taken_by_a_test():
    tests = "".join(file.read_text() for file in Path(__file__).parent.glob("test_*.py"))
    taken = set(re.findall(r'(?:looks_well|picture)\(\w+, "([\w-]+)"', tests))
    assert set(shown()) <= taken


def test_the_tour_is_small():
    assert sum(file.stat().st_size for file in TOUR.iterdir()) < 600_000
    assert {file.stem for file in TOUR.iterdir()} == set(shown())
    assert "tour.md" in (ROOT / "docs" / "guide.md").read_text()
