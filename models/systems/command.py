"""`python -m models compare`: all models on the same folds, written as one table."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from models.refusal import refuse


def compare(
    data: Annotated[list[str], typer.Option(help="megc2019:FILE, prepared:STORE; one table for each")],
    runs: Annotated[Path, typer.Option(help="folder of the runs; finished folds are not run again")],
    out: Annotated[Path | None, typer.Option(help="page whose table is replaced, such as docs/models.md")] = None,
    models: Annotated[str, typer.Option(help="names joined by commas; all that can read the data when empty")] = "",
    seeds: Annotated[int, typer.Option(min=1, help="runs of each model")] = 1,
    jobs: Annotated[int, typer.Option(min=1, help="folds at a time")] = 1,
    done_only: Annotated[
        bool, typer.Option("--done-only", help="run nothing; leave out models of which a fold is missing")
    ] = False,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="MODEL.SETTING=VALUE, such as r3d.epochs=4; repeatable")
    ] = None,
) -> None:
    """Judge every model on people whom it never saw, measure what it costs, and write the table.

    Example: python -m models compare --data prepared:out/store --runs out/compare --out docs/models.md
    """
    try:
        from models.protocol.recipe import UnknownRecipe
        from models.protocol.run import RunError
        from models.protocol.sources import DataError
        from models.systems.compare import compare as run
        from models.systems.table import put_into, table

        command = "python -m models " + shlex.join(sys.argv[1:])
        chosen = _by_model(settings or [])
        wanted = [name for name in models.split(",") if name]
        tables = [
            table(
                run(
                    one,
                    wanted,
                    runs,
                    command,
                    seeds=seeds,
                    jobs=jobs,
                    done_only=done_only,
                    settings=chosen,
                    say=typer.echo,
                ),
                command,
            )
            for one in data
        ]
        if out is not None:
            put_into(out, tables)
    except ModuleNotFoundError as error:
        refuse(f"comparing needs {error.name}: pip install -e '.[train]'")
    except (DataError, RunError, UnknownRecipe, ValueError, OSError) as error:
        refuse(str(error))
    except KeyboardInterrupt:
        refuse(f"stopped; the folds so far are in {runs}, and the same command goes on from there")
    for one in tables:
        typer.echo("")
        typer.echo(one)
    if out is not None:
        typer.echo(f"written into {out}")


def score_units(
    data: Annotated[str, typer.Option(help="prepared:STORE, with action units in its sheets")],
    out: Annotated[Path | None, typer.Option(help="page whose table is replaced, such as docs/models.md")] = None,
    json: Annotated[Path | None, typer.Option(help="file for the figures")] = None,
) -> None:
    """Say how well the shipped network tells action units, clip by clip.

    Example: python -m models score-units --data prepared:out/store
    """
    import msgspec

    from models.preparation.predicted_units import ShippedNetworkMissing
    from models.protocol.samples import MissingInput
    from models.protocol.sources import DataError, read_data
    from models.systems.score_units import score_units as score
    from models.systems.score_units import units_table

    command = "python -m models " + shlex.join(sys.argv[1:])
    try:
        scores = score(read_data(data, typer.echo))
        if json is not None:
            json.write_bytes(msgspec.json.format(msgspec.json.encode(scores), indent=2) + b"\n")
        if out is not None:
            from models.systems.table import public, put_into

            put_into(out, [units_table(scores, public(command))], "units")
    except (DataError, MissingInput, ShippedNetworkMissing, ValueError, OSError) as error:
        refuse(str(error))
    typer.echo(units_table(scores, command))


def step(
    model: Annotated[str, typer.Option(help="a published system")],
    reduced: Annotated[bool, typer.Option("--reduced", help="at the size that is trained by default")] = False,
    batch: Annotated[int, typer.Option(min=2, help="events")] = 2,
) -> None:
    """Take one training step of a published system at its published size, and say what it took.

    Example: python -m models step --model dualbranch
    """
    from models.systems.names import SYSTEM_NAMES

    if model not in SYSTEM_NAMES:
        refuse(f"no published system named {model!r}; choose one of: {', '.join(SYSTEM_NAMES)}")
    try:
        from models.systems.one_step import one_step

        taken = one_step(model, not reduced, batch)
    except ModuleNotFoundError as error:
        refuse(f"training needs {error.name}: pip install -e '.[train]'")
    except (RuntimeError, MemoryError) as error:
        refuse(str(error))
    typer.echo(
        f"{model}: {taken.parameters} parameters, {taken.gflop:.3g} GFLOP an event; a step on {taken.batch} events "
        f"took {taken.seconds:.1f} s and {taken.most_memory_mb:.0f} MB; loss {taken.before:.3f}, then {taken.after:.3f}"
    )


def _by_model(given: list[str]) -> dict[str, dict[str, Any]]:
    """`MODEL.SETTING=VALUE` as settings of each model."""
    from models.protocol.command import read_settings

    settings: dict[str, dict[str, Any]] = {}
    for one in given:
        model, dot, setting = one.partition(".")
        if not dot or "=" in model:
            raise ValueError(f"--set {one}: write MODEL.SETTING=VALUE, such as r3d.epochs=4")
        settings.setdefault(model, {}).update(read_settings([setting]))
    return settings
