"""Take the screenshots of the last test run into docs/tour: `python -m pytest tests/web`, then this file."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
TAKEN = ROOT / "out" / "web"
TOUR = ROOT / "docs" / "tour"
WIDEST, TALLEST = 960, 1.5  # px, and times as tall as wide
ALIKE = 0.75
"""Least `likeness`: faces and cards differ from run to run, the layout does not."""


def shown() -> list[str]:
    """Names of the pictures in the tour."""
    return re.findall(r"\]\(tour/([\w-]+)\.webp\)", (ROOT / "docs" / "tour.md").read_text())


def smaller(path: Path) -> Image.Image:
    """A screenshot as the tour shows it; a long page is cut, a phone's keeps its length."""
    image = Image.open(path).convert("RGB")
    if image.width > WIDEST:
        image = image.crop((0, 0, image.width, min(image.height, round(image.width * TALLEST))))
    width = min(WIDEST, image.width)
    return image.resize((width, round(image.height * width / image.width)), Image.Resampling.LANCZOS)


def likeness(name: str) -> float:
    """Correlation of the tour's picture with the screenshot of that name, both 48 px wide; -1 where widths differ."""
    kept, taken = Image.open(TOUR / f"{name}.webp"), smaller(TAKEN / f"{name}.png")
    if kept.width != taken.width:
        return -1.0
    one, two = (np.asarray(image.convert("L").resize((48, 27)), float).ravel() for image in (kept, taken))
    return float(np.corrcoef(one, two)[0, 1])


if __name__ == "__main__":
    missing = [name for name in shown() if not (TAKEN / f"{name}.png").exists()]
    if missing:
        sys.exit(f"no screenshot of {', '.join(missing)} in {TAKEN}: run python -m pytest tests/web, with chromium")
    TOUR.mkdir(exist_ok=True)
    for name in shown():
        smaller(TAKEN / f"{name}.png").save(TOUR / f"{name}.webp", quality=72, method=6)
        print(f"{name}: {(TOUR / f'{name}.webp').stat().st_size // 1000} kB")
