"""`python -m engine`: export a trained network, and check the shipped ones."""

from __future__ import annotations

import importlib.util
import time
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from engine.classifier import Classifier, ModelError
from engine.manifest import WEIGHTS, find_model, read_manifest
from engine.pick import choose

app = typer.Typer(
    help="A trained network made fast.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)

_REPETITIONS = 300


@app.command()
def export(
    checkpoint: Annotated[Path, typer.Argument(help="DIR/cloud.pt, written by `python -m models train`")],
    out: Annotated[
        Path, typer.Option(help="the ONNX file to write; its folder's manifest.json is kept up to date")
    ] = WEIGHTS / "cloud.onnx",
) -> None:
    """Write a checkpoint as ONNX.

    Example: python -m engine export out/train/cloud.pt
    """
    missing = [name for name in ("torch", "onnx", "onnxscript") if importlib.util.find_spec(name) is None]
    if missing:
        _fail(f"export needs {', '.join(missing)}: pip install -e '.[train]'")
    from engine.export import export_checkpoint

    try:
        parity = export_checkpoint(checkpoint, out)
    except ModelError as error:
        _fail(str(error))
    typer.echo(f"{out}: {out.stat().st_size / 1e6:.2f} MB")
    typer.echo(
        "largest difference to torch: "
        f"probabilities {parity.probabilities:.1e}, action units {parity.action_units:.1e}, "
        f"expression {parity.expression:.1e}"
    )


@app.command()
def check(folder: Annotated[Path, typer.Option(help="where manifest.json lies")] = WEIGHTS) -> None:
    """Load every shipped model in every runtime of this machine, and time it on one thread.

    Example: python -m engine check
    """
    try:
        for name in read_manifest(folder).models:
            path, entry = find_model(name, folder)
            typer.echo(
                f"{name}: {path.name}, {entry.bytes / 1e6:.2f} MB, SHA-256 {entry.sha256[:12]} as in the manifest"
            )
            for backend in ("onnxruntime",):
                classifier = choose(name, backend, folder).classifier
                for batch in (1, 8, 64):
                    median, late = _latency_ms(classifier, batch)
                    typer.echo(f"  {backend}, batch {batch}: median {median:.3f} ms, 99th percentile {late:.3f} ms")
    except ModelError as error:
        _fail(str(error))


def _latency_ms(classifier: Classifier, batch: int) -> tuple[float, float]:
    clouds = np.random.default_rng(1).normal(0, 0.5, (batch, 8, 128, 6)).astype(np.float32)
    taken = np.empty(max(_REPETITIONS // batch, 30))
    for index in range(len(taken)):
        start = time.perf_counter_ns()
        classifier.classify(clouds)
        taken[index] = (time.perf_counter_ns() - start) / 1e6
    return float(np.median(taken)), float(np.percentile(taken, 99))


def _fail(message: str) -> None:
    typer.echo(f"error: {message}", err=True)
    raise typer.Exit(1)


if __name__ == "__main__":
    app(prog_name="python -m engine")
