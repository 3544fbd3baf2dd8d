"""`python -m engine`: export a trained network, build its TensorRT plan, and check the shipped ones."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from engine import bench
from engine.check import REPETITIONS
from engine.classifier import ModelError
from engine.manifest import WEIGHTS, find_model

app = typer.Typer(
    help="A trained network made fast.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)


@app.command(epilog="Example: python -m engine export out/cloud/cloud.pt")
def export(
    checkpoint: Annotated[Path, typer.Argument(help="DIR/NAME.pt, written by `python -m models train`")],
    out: Annotated[
        Path | None,
        typer.Option(
            help="the ONNX file to write, its test vector beside it, its folder's manifest.json kept up to date; "
            "default: NAME.onnx in models/weights"
        ),
    ] = None,
) -> None:
    """Write a checkpoint as ONNX, and prove that it answers as torch does."""
    missing = [name for name in ("torch", "onnx", "onnxscript") if importlib.util.find_spec(name) is None]
    if missing:
        _fail(f"export needs {', '.join(missing)}: pip install -e '.[train]'")
    from engine.export import export_checkpoint

    target = out or WEIGHTS / f"{checkpoint.stem}.onnx"
    try:
        parity = export_checkpoint(checkpoint, target)
    except ModelError as error:
        _fail(str(error))
    typer.echo(f"{target}: {target.stat().st_size / 1e6:.2f} MB, checked by onnx.checker")
    typer.echo(
        "largest difference to torch on real and random events: "
        f"probabilities {parity.probabilities:.1e}, action units {parity.action_units:.1e}, "
        f"expression {parity.expression:.1e}"
    )


@app.command(
    epilog="Example: python -m engine build; without a GPU: python -m engine build --capability 8.6 --capability 12.0"
)
def build(
    model: Annotated[str, typer.Option(help="network of models/weights")] = "cloud",
    precision: Annotated[
        str | None, typer.Option(help="float32 or float16; default: float16, int8 for an INT8 file")
    ] = None,
    capability: Annotated[
        list[str] | None,
        typer.Option(help="try a build for this compute capability, e.g. 8.6; needs no GPU, and nothing is kept"),
    ] = None,
    folder: Annotated[Path, typer.Option(help="where manifest.json lies")] = WEIGHTS,
) -> None:
    """Build the TensorRT plan of a network for this machine's GPU, and keep it."""
    from engine.tensorrt_library import find_library
    from engine.tensorrt_plan import read_network
    from engine.tensorrt_run import open_tensorrt

    def say(line: str) -> None:
        typer.echo(line)

    try:
        path, _ = find_model(model, folder)
        if not capability:
            classifier = open_tensorrt(path, precision, say=say)
            classifier.warm()
            typer.echo(f"{classifier.provenance}, {classifier.graphs}")
            return
        from engine.tensorrt_build import build_plan

        library, network = find_library(), read_network(path, precision)
        for wanted in capability:
            major, dot, minor = wanted.partition(".")
            if not (dot and major.isdecimal() and minor.isdecimal()):
                _fail(f"--capability {wanted}: write it as 8.6")
            built = build_plan(library, network.onnx, model, capability=(int(major), int(minor)), say=say)
            typer.echo(
                f"{model} in {network.precision} for compute capability {wanted}: {built.layers} layers, "
                f"{len(built.plan) / 1e6:.1f} MB, {built.seconds:.1f} s ({library}); not kept"
            )
    except ModelError as error:
        _fail(str(error))


@app.command(epilog="Example: python -m engine check --json out/engine.json")
def check(
    folder: Annotated[Path, typer.Option(help="where manifest.json lies")] = WEIGHTS,
    json_file: Annotated[Path | None, typer.Option("--json", help="write the figures here")] = None,
    repetitions: Annotated[int, typer.Option(min=10, help="calls at batch 1")] = REPETITIONS,
    compile_: Annotated[
        bool, typer.Option("--compile/--no-compile", help="also torch.compile, which takes some twenty seconds")
    ] = True,
) -> None:
    """Run every shipped network in every runtime of this machine: answers against torch, and latency beside torch's."""
    try:
        figures = bench.run(Console(), json_file, folder, repetitions, compile_)
    except (ModelError, OSError) as error:
        _fail(str(error))
    wrong = bench.differs(figures)
    if wrong:
        _fail(f"answers stray from torch's: {'; '.join(wrong)}")


def _fail(message: str) -> None:
    typer.echo(f"error: {message}", err=True)
    raise typer.Exit(1)


if __name__ == "__main__":
    app(prog_name="python -m engine")
