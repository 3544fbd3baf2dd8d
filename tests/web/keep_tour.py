"""Take the screenshots of the last test run into docs/tour: `python tests/web/keep_tour.py`."""

from __future__ import annotations

import re
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
TAKEN = ROOT / "out" / "web"
TOUR = ROOT / "docs" / "tour"
WIDEST = 960


def shown() -> list[str]:
    """Names of the pictures in the tour."""
    return re.findall(r"\]\(tour/([\w-]+)\.webp\)", (ROOT / "docs" / "tour.md").read_text())


def smaller(path: Path) -> Image.Image:
    """A screenshot as the tour shows it; a long page is cut."""
    image = Image.open(path).convert("RGB")
    width = min(WIDEST, image.width)
    return image.resize((width, round(image.height * width / image.width)), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    TOUR.mkdir(exist_ok=True)
    for name in shown():
        smaller(TAKEN / f"{name}.png").save(TOUR / f"{name}.webp", quality=72, method=6)
        print(f"{name}: {(TOUR / f'{name}.webp').stat().st_size // 1000} kB")
