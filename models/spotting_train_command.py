"""`python -m models train --model spot`, behind the command line of all networks."""

from __future__ import annotations

from pathlib import Path

import msgspec
import typer

from models.refusal import refuse


def train_spot(
    out: Path, samples: int | None, epochs: int | None, seed: int | None, config: Path | None, command: str
) -> None:
    """Train the spotting network; `samples` are measured expressions, and one epoch is a hundred steps."""
    from models.code_commit import current_commit
    from models.spotting_train import SpotTrainSettings, train_spotting

    try:
        settings = msgspec.toml.decode(config.read_bytes(), type=SpotTrainSettings) if config else SpotTrainSettings()
        if samples is not None:
            settings = msgspec.structs.replace(settings, patterns=samples)
        fit = settings.fit
        if epochs is not None:
            fit = msgspec.structs.replace(fit, steps=100 * epochs)
        if seed is not None:
            fit = msgspec.structs.replace(fit, seed=seed)
        settings = msgspec.structs.replace(settings, fit=fit)
        report = train_spotting(settings, out, command, current_commit(), typer.echo)
    except (OSError, msgspec.MsgspecError, ValueError) as error:
        refuse(str(error))
    typer.echo(f"{report['parameters']} parameters, learned from {report['minutes']:.0f} minutes")
    typer.echo(
        f"written: {out / 'spot.pt'} and {out / 'spot.onnx'}; put {out / 'spot.onnx'} and {out / 'manifest.json'}"
    )
    typer.echo("into models/weights/spot to use it, and choose its threshold with `python -m calibrate threshold`")
