"""`python -m models score-spotting` and `compare-spotting`: the command lines of the spotting protocol."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from models.refusal import refuse


def score_spotting(
    truth_dir: Annotated[Path, typer.Argument(help="folder with NAME.truth.csv, and the videos or their conditions")],
    events_dir: Annotated[Path, typer.Argument(help="folder with NAME.events.jsonl, as replay writes them")],
    least_intensity: Annotated[
        str, typer.Option(help="events below this FACS intensity (A to E) neither count nor harm")
    ] = "A",
    json_file: Annotated[Path | None, typer.Option("--json", help="write every figure here too")] = None,
) -> None:
    """Score found expressions against the truth, by the protocol of the MEGC spotting challenge.

    An event is found when it overlaps a true one of its kind with IoU of at least 0.5; counts are pooled over all
    recordings. Beside F1: false alarms per minute, errors of onset, apex and offset, and the decision delay.

    Example: python -m models score-spotting out/sim out/found --json out/score.json
    """
    from models.score_spotting import LETTERS, score_folder
    from models.spotting_files import ScoringError, read_scored_clips

    if least_intensity not in LETTERS:
        refuse(f"--least-intensity must be one of {', '.join(LETTERS)}, not {least_intensity}")
    try:
        result = score_folder(read_scored_clips(truth_dir, events_dir), least_intensity)
        if json_file:
            json_file.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    except ScoringError as error:
        refuse(str(error))
    except OSError as error:
        refuse(f"{error.filename}: {error.strerror}")
    _print(result)


def _print(result: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(width=132)
    floor = result["least_intensity"]
    asked = "every intensity" if floor == "A" else f"intensity {floor} and up"
    title = f"{result['clips']} recordings, {result['minutes']:g} minutes, {asked}"
    table = Table("kind", "true", "found", "hits", "precision", "recall", "F1", "false/min", title=title)
    for name in ("onset", "apex", "offset", "decision"):
        table.add_column(f"{name} ms", justify="right")
    for kind in ("micro", "macro", "overall"):
        row = result[kind]
        errors = [row[f"{name}_ms"] for name in ("onset", "apex", "offset", "decision_delay")]
        table.add_row(
            kind,
            *(str(row[name]) for name in ("true", "found", "hits")),
            *(f"{row[name]:.3f}" for name in ("precision", "recall", "f1")),
            f"{row['false_alarms_per_minute']:.2f}",
            *("-" if e is None else f"{e['median']:.0f} / {e['p95']:.0f}" for e in errors),
        )
    console.print(table)
    console.print("Errors: median and 95th percentile of the absolute error; decision: after the true offset.")
    for kind, letters in result["recall_by_intensity"].items():
        told = ", ".join(f"{letter} {hits}/{true}" for letter, (hits, true) in letters.items())
        console.print(f"Found by intensity, {kind}: {told or 'none'}", highlight=False)
    for kind, causes in result["false_alarms_during"].items():
        if causes:
            told = ", ".join(f"{cause} {count}" for cause, count in causes.items())
            console.print(f"False {kind} alarms during: {told}", highlight=False)


def compare_spotting(
    truth_dir: Annotated[Path, typer.Argument(help="folder with NAME.mp4 and NAME.truth.csv, as simulate writes them")],
    out: Annotated[Path, typer.Option(help="folder for traces, comparison.json and comparison.md")],
    least_intensity: Annotated[
        str, typer.Option(help="events below this FACS intensity (A to E) neither count nor harm")
    ] = "A",
) -> None:
    """Compare the spotter with its peer, its training-free form, its offline bound, and itself with parts taken out.

    Every recording is tracked once and its traces are kept in the folder given with --out; a second run takes moments.

    Example: python -m models compare-spotting out/sim --out out/compared
    """
    from engine.classifier import ModelError
    from models.score_spotting import LETTERS
    from models.spotting_comparison import as_markdown, compare
    from models.spotting_files import ScoringError
    from realtime.settings import SettingsError, load_settings

    if least_intensity not in LETTERS:
        refuse(f"--least-intensity must be one of {', '.join(LETTERS)}, not {least_intensity}")
    try:
        results = compare(truth_dir, out, load_settings(), least_intensity, lambda line: typer.echo(line, err=True))
    except (ScoringError, ModelError, SettingsError, OSError) as error:
        refuse(str(error))
    (out / "comparison.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    (out / "comparison.md").write_text(as_markdown(results) + "\n", encoding="utf-8")
    typer.echo(as_markdown(results))
