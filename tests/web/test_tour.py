"""The tour's pictures show what the page looks like; runs after the tests that take the screenshots."""

from __future__ import annotations

import numpy as np
import pytest
from keep_tour import ROOT, TAKEN, TOUR, shown, smaller
from PIL import Image

ALIKE = 0.75  # correlation of two pictures 48 px wide: faces and cards differ from run to run, the layout does not


@pytest.mark.parametrize("name", shown())
def test_a_picture_of_the_tour_is_current(name):
    if not (TAKEN / f"{name}.png").exists():
        pytest.skip("no screenshot of this run: needs chromium")
    kept, taken = Image.open(TOUR / f"{name}.webp"), smaller(TAKEN / f"{name}.png")
    assert kept.width == taken.width
    one, two = (np.asarray(image.convert("L").resize((48, 27)), float).ravel() for image in (kept, taken))
    assert np.corrcoef(one, two)[0, 1] > ALIKE, "the page has changed: run python tests/web/keep_tour.py"


def test_the_tour_is_small():
    assert sum(file.stat().st_size for file in TOUR.iterdir()) < 600_000
    assert {file.stem for file in TOUR.iterdir()} == set(shown())
    assert "tour.md" in (ROOT / "docs" / "guide.md").read_text()
