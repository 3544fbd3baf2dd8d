"""The command line of `python -m models train`; importable without torch."""

from __future__ import annotations

import importlib.util
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from models.refusal import refuse
from models.systems.names import SYSTEM_NAMES

NETWORKS = ("cloud", "spot", *SYSTEM_NAMES)


def train(
    model: Annotated[str, typer.Option(help=f"which network: {', '.join(NETWORKS)}")],
    out: Annotated[Path, typer.Option(help="folder for samples, checkpoint and result.json")],
    samples: Annotated[int | None, typer.Option(min=128, help="simulated expressions to train on")] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="fixed beforehand; no score chooses among them")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="of the samples, the first weights and their order")] = None,
    config: Annotated[
        Path | None,
        typer.Option(help="TOML file with any setting of models.train.TrainSettings, or see docs/training.md"),
    ] = None,
    data: Annotated[
        list[str] | None, typer.Option(help="prepared:STORE, for the published systems (not cloud, spot)")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="begin anew where --out holds a run that was cut off")] = False,
) -> None:
    """Train a network on simulated faces, and say how it does on simulated people that it never saw.

    Example: python -m models train --model cloud --out out/cloud
    Then: python -m engine export out/cloud/cloud.pt

    Example: python -m models train --model spot --out out/spot
    """
    if model not in NETWORKS:
        refuse(f"no network named {model!r}; choose one of: {', '.join(NETWORKS)}")
    if importlib.util.find_spec("torch") is None:
        refuse("training needs torch: pip install -e '.[train]'")
    command = "python -m models " + shlex.join(sys.argv[1:])
    if model in SYSTEM_NAMES:
        from models.training.command import train_from_command

        return train_from_command(model, data or [], out, config, epochs, seed, fresh, command)
    if model == "spot":
        from models.spotting_train_command import train_spot

        return train_spot(out, samples, epochs, seed, config, command)
    from models import train as training

    try:
        settings = training.read_settings(config, samples=samples, epochs=epochs, seed=seed)
        report = training.train(settings, out, command, typer.echo)
    except (training.TrainError, OSError) as error:
        refuse(str(error))
    typer.echo(
        f"on {settings.held_out} simulated events of people never seen: UF1 {report.uf1:.3f}, UAR {report.uar:.3f}"
    )
    typer.echo(f"action units: mean F1 {report.mean_action_unit_f1:.3f}")
    typer.echo(
        f"an expression at all: recall {report.expression_recall:.3f}, specificity {report.expression_specificity:.3f}"
    )
    typer.echo(
        f"a label is stated from probability {report.certain:.2f} on: "
        f"{report.coverage:.0%} of expressions get one, {report.risk:.1%} of these are wrong"
    )
    typer.echo(
        f"written: {out / 'cloud.pt'} and {out / 'result.json'}; next: python -m engine export {out / 'cloud.pt'}"
    )
