"""`python -m models score-verdicts`: the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from models.refusal import refuse


def score_verdicts(
    truth_dir: Annotated[Path, typer.Argument(help="folder with NAME.truth.csv, and the videos or their conditions")],
    events_dir: Annotated[Path, typer.Argument(help="folder with NAME.events.jsonl, as replay writes them")],
    least_occurrences: Annotated[
        int, typer.Option(min=1, help="of an action unit among the spotted expressions for its F1 to count")
    ] = 5,
    json_file: Annotated[Path | None, typer.Option("--json", help="write every figure here too")] = None,
) -> None:
    """Score the verdicts on spotted expressions against the truth: classes and action units.

    An expression counts as spotted when an event of its kind overlaps it with IoU of at least 0.5. Its class is the one
    of largest probability, whether it was stated or called uncertain.

    Example: python -m models score-verdicts out/sim out/found
    """
    from models import score_verdicts as scoring
    from models.spotting_files import ScoringError

    try:
        result = scoring.score_verdicts(*scoring.read_verdicts(truth_dir, events_dir), least_occurrences)
        if json_file:
            json_file.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    except ScoringError as error:
        refuse(str(error))
    except OSError as error:
        refuse(f"{error.filename}: {error.strerror}")
    _print(result)


def _print(result: dict[str, Any]) -> None:
    typer.echo(f"{result['spotted']} of {result['true']} expressions were spotted; of these:")
    by_kind = ", ".join(f"{kind} {value:.3f}" for kind, value in result["uf1_by_kind"].items())
    typer.echo(f"class: UF1 {result['uf1']:.3f} ({by_kind}), UAR {result['uar']:.3f}, right {result['accuracy']:.1%}")
    typer.echo("recall: " + ", ".join(f"{name} {value:.3f}" for name, value in result["recall"].items()))
    if result["right_of_stated"] is not None:
        typer.echo(f"a class was stated for {result['stated']:.0%}, {result['right_of_stated']:.0%} of these right")
    typer.echo(f"expected calibration error: {result['calibration_error']:.3f}")
    units = {name.removeprefix("AU"): value for name, value in result["action_unit_f1"].items() if value is not None}
    if units:
        typer.echo(
            f"action units: mean F1 {result['mean_action_unit_f1']:.3f} over the {len(units)} that occur "
            f"{result['least_occurrences']} times or more; pooled F1 {result['pooled_action_unit_f1']:.3f}"
        )
        typer.echo("F1 by action unit: " + ", ".join(f"{name}: {value:.2f}" for name, value in units.items()))
    else:
        typer.echo(f"action units: none occurs {result['least_occurrences']} times")
