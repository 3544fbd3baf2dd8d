"""The command line of `python -m calibrate int8`."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from calibrate.outcome import stop


def int8(
    model: Annotated[str, typer.Option(help="A float32 network of models/weights that reads clouds.")] = "cloud",
    out: Annotated[Path, typer.Option(help="Folder for the INT8 file, its test vector and report.json.")] = Path(
        "out/int8"
    ),
    events: Annotated[int, typer.Option(min=16, help="Simulated events for the ranges.")] = 300,
    test_events: Annotated[int, typer.Option(min=32, help="Simulated events of other people for the loss.")] = 1000,
    method: Annotated[str, typer.Option(help="How ranges are chosen: minmax, entropy or percentile.")] = "minmax",
    loso: Annotated[
        str | None, typer.Option(help="Also the loss under leave-one-subject-out: data as `models loso --data`.")
    ] = None,
    recipe: Annotated[str | None, typer.Option(help="With --loso: what is trained; default: --model.")] = None,
    install: Annotated[
        bool, typer.Option("--install", help="Put it into models/weights as MODEL-int8, if it loses little enough.")
    ] = False,
) -> None:
    """Quantise a network: ranges from clouds, explicit Q/DQ, and what the rounding costs."""
    console = Console(highlight=False, markup=False, soft_wrap=True)

    def say(line: str) -> None:
        console.print(line, markup=False)

    needed = ("onnx", "torch", "onnxscript") if loso else ("onnx",)
    missing = [name for name in needed if importlib.util.find_spec(name) is None]
    if missing:
        stop(f"INT8 needs {', '.join(missing)}: pip install -e '.[train]'")
    if method not in ("minmax", "entropy", "percentile"):
        stop(f"no method named {method!r}; choose minmax, entropy or percentile")
    import msgspec

    from calibrate import int8 as quantising
    from calibrate.int8_loso import loss_on_loso
    from engine.classifier import ModelError

    try:
        report = quantising.calibrate_int8(model, out, events, test_events, method, say)  # type: ignore[arg-type]
        if loso is not None:
            report.losses.append(loss_on_loso(loso, recipe or model, {}, method, say))  # type: ignore[arg-type]
        (out / "report.json").write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")
    except (ModelError, ValueError, OSError) as error:
        stop(str(error))
    say(f"{report.file}: {report.products} products in INT8, ranges by {report.method} of {report.range_events} events")
    for loss in report.losses:
        say(loss.line())
    if not install:
        say(f"{report.refusal}: it would not be installed" if report.refusal else "may be installed: add --install")
        return
    try:
        say(f"installed: {quantising.install(report)}; use it with --model {model}-int8")
    except ModelError as error:
        stop(str(error))
