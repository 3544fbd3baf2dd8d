"""Data sets of videos: MEVIEW, the real-life deception set, and any folder per class."""

from __future__ import annotations

import re
from pathlib import Path

from models.datasets.clip import IMAGES, VIDEOS, AnnotatedClip, Finding
from models.datasets.folders import frame_folders, numbered_images, plain_subject
from models.datasets.sheet_reader import APEX, OFFSET, ONSET, SUBJECT, UNITS, plain_units
from models.datasets.sheets import Row, frame_number, rows_of, sheet_files

DECEPTION_WARNING = (
    "A micro-expression is no evidence of deception: a face that moved briefly does not say why. This label map is for "
    "research on that question only. Do not use Glimpse to judge whether somebody lies."
)
MEVIEW_RATE = 25.0


def _videos(root: Path) -> list[Path]:
    return sorted(file for file in root.rglob("*") if file.suffix.lower() in VIDEOS)


def meview(root: Path) -> Finding:
    """MEVIEW (Husak et al., 2017): 31 videos of poker games and interviews, a sheet with onset, offset and emotion.

    Videos are named in the sheet with or without an ending. Without a column for the person, each video counts as a
    subject of its own, and the finding says so: the same player may stand on both sides of a fold.
    """
    finding = Finding("meview")
    columns = {
        "video": ("Video", "Filename", "File name", "Name", "Clip"), "subject?": (*SUBJECT, "Player", "Person"),
        "onset": ONSET, "apex?": APEX, "offset": OFFSET, "emotion": ("Emotion", "Estimated Emotion"),
        "units?": (*UNITS, "FACS"),
    }  # fmt: skip
    videos = _videos(root)
    by_name = {name: file for file in videos for name in (file.name.lower(), file.stem.lower())}
    rows = [row for file in sheet_files(root) for row in rows_of(file, columns)]
    if not rows:
        finding.missing.append(f"no sheet with Video, Onset, Offset and Emotion in {root}")
    if not videos:
        finding.missing.append(f"no video below {root}")
    if rows and videos and not any(row["subject"] for row in rows):
        finding.notes.append("the sheet names no persons: each video counts as a subject of its own")
    for row in rows if videos else []:
        _take_video(row, by_name, finding)
    return finding


def _take_video(row: Row, by_name: dict[str, Path], finding: Finding) -> None:
    title = f"{row['video']} ({row.place})"
    file = by_name.get(row["video"].lower())
    if file is None:
        finding.missing.append(f"{title}: no video of that name")
        return
    try:
        onset, apex, offset = (frame_number(row[column]) for column in ("onset", "apex", "offset"))
    except ValueError as error:
        finding.skipped.append((title, str(error)))
        return
    if onset is None or offset is None or offset <= onset:
        finding.skipped.append((title, "onset and offset must be marked, the onset first"))
        return
    name = file.stem if sum(clip.frames[0] == file for clip in finding.clips) == 0 else f"{file.stem}_{onset}"
    # Players of video count frames from 1.
    first, peak, last = (None if mark is None else max(mark - 1, 0) for mark in (onset, apex, offset))
    finding.add(
        AnnotatedClip(
            "meview", plain_subject(row["subject"] or file.stem), name, (file,), MEVIEW_RATE, first, peak, last,
            row["emotion"].strip().lower(), plain_units(row["units"]),
        )
    )  # fmt: skip


def deception(root: Path) -> Finding:
    """The real-life trial set (Perez-Rosas et al., 2015): Clips/Deceptive, Clips/Truthful, and a sheet.

    Nothing is annotated but truthful or deceptive; who is who is not told, so without a column for the person no fold
    by subject is honest, and the finding says so.
    """
    finding = Finding("deception", warning=DECEPTION_WARNING)
    columns = {"name": ("id", "Video", "Filename"), "class": ("class", "label"), "subject?": (*SUBJECT, "speaker")}
    rows = [row for file in sheet_files(root) for row in rows_of(file, columns)]
    told = {Path(row["name"]).stem.lower(): row for row in rows}
    videos = _videos(root)
    if not videos:
        finding.missing.append(f"no video below {root} (Clips/Deceptive/trial_lie_001.mp4)")
    if not rows:
        finding.missing.append(f"no sheet with id and class in {root}; folders named Truthful and Deceptive decide")
    for file in videos:
        row = told.get(file.stem.lower())
        words = [row["class"]] if row is not None else list(reversed(file.relative_to(root).parts[:-1]))
        label = next(filter(None, map(_verdict, words)), None)
        if label is None:
            finding.skipped.append((file.name, "neither sheet nor folder says truthful or deceptive"))
            continue
        subject = plain_subject(row["subject"]) if row is not None and row["subject"] else file.stem
        finding.add(AnnotatedClip("deception", subject, file.stem, (file,), 30.0, None, None, None, label))
    unheard = sorted(set(told) - {file.stem.lower() for file in videos})
    finding.missing += [f"{name}: in the sheet, but no video" for name in unheard if videos]
    if finding.clips and all(clip.subject == clip.name for clip in finding.clips):
        finding.notes.append("no speakers are named: clips of one person may stand on both sides of a fold")
    return finding


def _verdict(word: str) -> str | None:
    low = word.lower()
    if "truth" in low:
        return "truthful"
    return "deceptive" if "decepti" in low or "lie" in re.split(r"[^a-z]+", low) else None


def class_folders(root: Path) -> Finding:
    """One folder per class, in it subjects with clips, or clips: `joy/anna/clip1/001.jpg`, `joy/anna_1.mp4`.

    A clip is a video or a folder of numbered frames. Without a folder for the subject, the clip's name up to the first
    underscore is the subject; a name without one is a subject of its own. Where a person has clips of one name in
    several folders, the later ones are called by their folders too.
    """
    finding = Finding("folders")
    clips: list[tuple[Path, tuple[Path, ...]]] = [(video, (video,)) for video in _videos(root)]
    for folder in frame_folders(root):
        images = numbered_images(folder)
        if len(images) < 2:
            finding.skipped.append((str(folder.relative_to(root)), "fewer than two numbered frames"))
        else:
            clips.append((folder, tuple(images.values())))
    taken: set[tuple[str, str]] = set()
    for place, frames in sorted(clips):
        parts = place.relative_to(root).parts
        if len(parts) < 2:
            finding.skipped.append((str(place.relative_to(root)), "lies in no folder of a class"))
            continue
        name = place.stem if frames[0] == place else place.name
        subject = plain_subject(parts[1] if len(parts) > 2 else name.partition("_")[0])
        if (subject, name) in taken:
            name = "_".join((parts[0], *parts[2:-1], name))
        taken.add((subject, name))
        finding.add(AnnotatedClip("folders", subject, name, frames, 30.0, None, None, None, parts[0].lower()))
    if not finding.clips:
        endings = ", ".join(sorted(VIDEOS | IMAGES))
        finding.missing.append(f"no CLASS/SUBJECT/CLIP below {root}; clips are folders of frames or videos ({endings})")
    return finding
