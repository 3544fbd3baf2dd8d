"""SMIC (Li et al., 2013), high-speed, visual and near-infrared: no sheet, everything stands in folder names."""

from __future__ import annotations

import re
from pathlib import Path

from models.datasets.clip import AnnotatedClip, Finding
from models.datasets.folders import frame_folders, numbered_images, plain_subject

RATES = {"hs": 100.0, "vis": 25.0, "nir": 25.0}
EMOTIONS = {"ne": "negative", "po": "positive", "sur": "surprise", "su": "surprise"}
_CLIP = re.compile(r"(s\d+)_(ne|po|sur|su)_(\d+)", re.IGNORECASE)


def smic(root: Path) -> Finding:
    """Folders such as HS/s1/micro/negative/s1_ne_01, each from onset to offset; no apex is marked.

    The camera is the part of the path that says HS, VIS or NIR; one without is taken for HS, and said so. The same
    expression under several cameras is one clip per camera, with a name of its own and one subject.
    """
    finding = Finding("smic")
    unnamed = 0
    for folder in frame_folders(root):
        parts = folder.relative_to(root).parts if folder != root else (folder.name,)
        title = "/".join(parts)
        match = _CLIP.fullmatch(folder.name)
        if any("non_micro" in part.lower() or "nonmicro" in part.lower() for part in parts):
            continue
        if match is None:
            finding.skipped.append((title, "not named like s1_ne_01"))
            continue
        camera = _camera((root.name, *parts))
        unnamed += camera is None
        images = numbered_images(folder)
        if len(images) < 2:
            finding.skipped.append((title, "fewer than two numbered frames"))
            continue
        name = folder.name if camera in (None, "hs") else f"{folder.name}_{camera}"
        finding.add(
            AnnotatedClip(
                "smic", plain_subject(match.group(1).lower()), name, tuple(images.values()), RATES[camera or "hs"],
                0, None, len(images) - 1, EMOTIONS[match.group(2).lower()],
            )
        )  # fmt: skip
    if unnamed:
        finding.notes.append(f"{unnamed} clips under no folder HS, VIS or NIR: taken for HS, 100 frames/s")
    if not finding.clips:
        finding.missing.append(f"no folder like HS/s1/micro/negative/s1_ne_01 below {root}")
    return finding


def _camera(parts: tuple[str, ...]) -> str | None:
    for part in reversed(parts):
        for camera in RATES:
            if camera in re.split(r"[^a-z]+", part.lower()):
                return camera
    return None
