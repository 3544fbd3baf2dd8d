"""`python -m models data`: what a folder of recordings holds."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from models.datasets.clip import DatasetError, Finding
from models.datasets.label_maps import class_names, class_of
from models.datasets.readers import READERS, find
from models.refusal import refuse

data = typer.Typer(no_args_is_help=True, add_completion=False, help="Look into folders of annotated recordings.")
SHOWN = 20


@data.callback()
def _choose() -> None:
    """Look into folders of annotated recordings."""


@data.command()
def check(
    where: Annotated[str, typer.Argument(metavar="[NAME:]DIR", help=f"NAME is one of {', '.join(READERS)}")],
    every: Annotated[bool, typer.Option("--all", help="list everything that is missing or skipped")] = False,
) -> None:
    """Say what was found in a data set's folder, what is missing, and what was skipped and why.

    The exit code is 0 when clips were found, 1 when none were.

    Example: python -m models data check casme2:/data/CASME2
    """
    try:
        finding = find(where)
    except (DatasetError, OSError) as error:
        refuse(str(error))
    for line in told(finding, 10**6 if every else SHOWN):
        typer.echo(line)
    if not finding.clips:
        raise typer.Exit(1)


@data.command()
def simulate(
    out: Annotated[Path, typer.Argument(metavar="DIR", help="a new folder")],
    layout: Annotated[str, typer.Option(help="casme2, samm, smic, mmew or folders")] = "casme2",
    subjects: Annotated[int, typer.Option(min=1, help="invented people")] = 4,
    events: Annotated[int, typer.Option(min=1, help="expressions of each; classes take turns")] = 3,
    frames: Annotated[int, typer.Option(min=12, max=400, help="frames of each expression")] = 30,
    seed: Annotated[int, typer.Option(min=0, help="the same seed gives the same pixels")] = 1,
) -> None:
    """Simulate a data set in an official layout, with its sheet: to try the commands without a licence.

    Example: python -m models data simulate out/casme2 --layout casme2 --subjects 4
    """
    from models.datasets.miniature import LAYOUTS, Miniature, write_miniature

    if layout not in LAYOUTS:
        refuse(f"no layout {layout!r} to simulate; choose one of: {', '.join(LAYOUTS)}")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        refuse(f"{out} is there already: give a new folder")
    try:
        count = write_miniature(out, layout, Miniature(subjects, events, frames, seed=seed))
    except OSError as error:
        refuse(str(error))
    typer.echo(f"{count} clips of {subjects} invented people written to {out}; next: python -m models data check {out}")


def told(finding: Finding, most: int = SHOWN) -> list[str]:
    """A finding in lines."""
    lines = [f"WARNING: {finding.warning}"] if finding.warning else []
    clips = finding.clips
    subjects = {clip.subject for clip in clips}
    lines.append(f"found: {len(clips)} clips of {len(subjects)} subjects ({finding.dataset})")
    if clips:
        lines.append(f"  annotators' words: {_counted(clip.emotion or '(none)' for clip in clips)}")
        classes = 2 if finding.dataset == "deception" else 3
        names = class_names(finding.dataset, classes)
        kept = [class_of(finding.dataset, clip.emotion, classes) for clip in clips]
        mapped = _counted("left out" if one is None else names[one] for one in kept)
        lines.append(f"  as {classes} classes: {mapped}")
        lines.append(
            f"  apex marked: {sum(clip.apex is not None for clip in clips)}, action units coded: "
            f"{sum(bool(clip.action_units) for clip in clips)}, with depth: {sum(bool(clip.depth) for clip in clips)}"
        )
    lines += _listed("missing", finding.missing, most)
    lines += _listed("skipped", [f"{what}: {why}" for what, why in finding.skipped], most)
    lines += _listed("note", finding.notes, most)
    return lines


def _counted(words: object) -> str:
    counts = Counter(words)  # type: ignore[call-overload]
    return ", ".join(f"{word} {count}" for word, count in counts.most_common())


def _listed(title: str, entries: list[str], most: int) -> list[str]:
    lines = [f"{title}: {entry}" for entry in entries[:most]]
    if len(entries) > most:
        lines.append(f"{title}: {len(entries) - most} more; --all lists them")
    return lines
