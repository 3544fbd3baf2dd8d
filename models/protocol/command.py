"""`python -m models loso`: the command line of the protocol."""

from __future__ import annotations

import shlex
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from models.refusal import refuse
from models.work_progress import WorkProgress

if TYPE_CHECKING:
    from models.protocol.outcome import Outcome


def loso(
    data: Annotated[str, typer.Option(help="megc2019:PATH.npz, clips:DIR, or sim:subjects=20,events=8,seed=1")],
    model: Annotated[str, typer.Option(help="which model; an unknown name lists them")],
    out: Annotated[Path, typer.Option(help="folder for predictions.csv, result.json, report.html and finished folds")],
    seeds: Annotated[int, typer.Option(min=1, help="how many runs, each with another seed from 1 on")] = 1,
    jobs: Annotated[int, typer.Option(min=1, help="folds at a time, each in a process of its own")] = 1,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="NAME=VALUE, a setting of the model; may be repeated")
    ] = None,
    against: Annotated[
        list[Path] | None, typer.Option(help="folder of another run to be compared with; may be repeated")
    ] = None,
    leaky_epoch_choice: Annotated[
        bool,
        typer.Option("--leaky-epoch-choice", help="take the epoch that is best on the test subject: shows the leak"),
    ] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="forget the folds of an earlier run in --out")] = False,
) -> None:
    """Judge a model on people whom it never saw: leave-one-subject-out, scored as MEGC 2019 defines it.

    Each fold trains on all subjects but one. A run that was cut off goes on where it stopped.

    Example: python -m models loso --data megc2019:flows.npz --model cloud --seeds 3 --jobs 2 --out out/cloud
    """
    from models.protocol.folds import LeakError
    from models.protocol.outcome import conclude
    from models.protocol.predictions import PredictionsError, read_predictions
    from models.protocol.recipe import UnknownRecipe, load_recipe
    from models.protocol.run import RunError, carry_out, discard, make_plan
    from models.protocol.samples import MissingInput
    from models.protocol.sources import DataError, read_data

    begun = time.monotonic()
    try:
        recipe = load_recipe(model, read_settings(settings or []))
        samples = read_data(data, typer.echo)
        plan = make_plan(data, samples, recipe, leaky_epoch_choice)
        for folder in against or []:
            read_predictions(folder / "predictions.csv")  # refused now rather than after hours of folds
        if fresh:
            discard(out)
        with WorkProgress("folds") as progress:
            predictions = carry_out(plan, samples, seeds, jobs, out, progress.advanced)
        command = "python -m models " + shlex.join(sys.argv[1:])
        outcome = conclude(plan, predictions, against or [], out, command, time.monotonic() - begun)
    except ModuleNotFoundError as error:
        refuse(f"{model} needs {error.name}: pip install -e '.[train]'")
    except (
        DataError,
        MissingInput,
        UnknownRecipe,
        RunError,
        LeakError,
        PredictionsError,
        ValueError,
        OSError,
    ) as error:
        refuse(str(error))
    except KeyboardInterrupt:
        refuse(f"stopped; the folds so far are in {out}, and the same command goes on from there")
    _tell(outcome, out)


def read_settings(given: list[str]) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    read: dict[str, Any] = {}
    for setting in given:
        name, sign, value = setting.partition("=")
        if not sign or not name.isidentifier():
            raise ValueError(f"--set {setting}: write NAME=VALUE")
        try:
            read[name] = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError:
            read[name] = value
    return read


def _tell(outcome: Outcome, out: Path) -> None:
    scores = outcome.scores
    spread = f" (± {scores.uf1.deviation:.3f} over {len(scores.seeds)} seeds)" if len(scores.seeds) > 1 else ""
    if outcome.plan.leaky:
        typer.echo("LEAKY: each fold took the epoch that was best on its test subject; not a figure to be quoted")
    typer.echo(
        f"{outcome.plan.model}: UF1 {scores.uf1.mean:.3f}{spread}, UAR {scores.uar.mean:.3f}, accuracy "
        f"{scores.accuracy.mean:.3f} on {scores.events} events of {scores.subjects} subjects; "
        f"95 % interval of UF1 over subjects {outcome.interval[0]:.3f} to {outcome.interval[1]:.3f}"
    )
    for name, figures in scores.by_dataset.items():
        typer.echo(f"  {name}: UF1 {figures['uf1'].mean:.3f}, UAR {figures['uar'].mean:.3f}")
    if len(scores.seeds) > 1:
        typer.echo(f"  probabilities averaged over the seeds: UF1 {scores.seeds_averaged['uf1']:.3f}")
    for compared in outcome.comparisons:
        typer.echo(
            f"  against {compared.reference}: {compared.difference:+.3f} UF1, 95 % {compared.low:+.3f} to "
            f"{compared.high:+.3f}, better in {compared.better:.0%} of {compared.resamples} resamples of the subjects"
        )
    typer.echo(f"written: {out / 'predictions.csv'}, {out / 'result.json'} and {out / 'report.html'}")
