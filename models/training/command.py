"""What `python -m models train` does for the published systems."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import typer

from models.refusal import refuse


def train_from_command(
    model: str,
    data: Sequence[str],
    out: Path,
    config: Path | None,
    epochs: int | None,
    seed: int | None,
    fresh: bool,
    command: str,
) -> None:
    """Train, and say how it went; errors in one line."""
    if not data:
        refuse(f"{model} is trained on recordings: --data prepared:STORE, made by python -m models prepare")
    try:
        from models.protocol.samples import MissingInput
        from models.protocol.sources import DataError
        from models.training.train_system import TrainError, read_config, train_system

        settings = read_config(config, model, epochs=epochs, seed=seed)
        if fresh:
            (out / "training.pt").unlink(missing_ok=True)
            (out / "config.json").unlink(missing_ok=True)
            shutil.rmtree(out / "tensorboard", ignore_errors=True)
        report = train_system(model, settings, data, out, command, typer.echo)
    except ModuleNotFoundError as error:
        refuse(f"training needs {error.name}: pip install -e '.[train]'")
    except (TrainError, DataError, MissingInput, ValueError, OSError) as error:
        refuse(str(error))
    except KeyboardInterrupt:
        refuse(f"stopped; the same command goes on from the last epoch in {out}")
    typer.echo(
        f"on {report.samples['test']} clips of {report.subjects['test']} subjects never seen: "
        f"UF1 {report.uf1:.3f}, UAR {report.uar:.3f}"
    )
    known = [score for score in report.action_unit_f1.values() if score is not None]
    if known:
        typer.echo(f"action units: mean F1 {sum(known) / len(known):.3f} of the {len(known)} that occur")
    typer.echo(f"written: {out / (model + '.pt')}, result.json, config.json and tensorboard/")
    typer.echo(f"next: python -m engine export {out / (model + '.pt')}")
