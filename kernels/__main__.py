"""`python -m kernels`: measure the kernels, or compile them ahead of their first use."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from kernels.bench import run
from kernels.warm import warm as compile_all

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)


@app.command()
def bench(
    stills: Annotated[Path | None, typer.Option(help="Folder of stills and videos with more faces.")] = None,
    pairs: Annotated[int, typer.Option(min=2, help="Pairs per table.")] = 24,
    slow: Annotated[bool, typer.Option(help="Also TV-L1, which takes minutes.")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures here.")] = None,
) -> None:
    """Accuracy and speed of flow, rigid removal and the rest, beside OpenCV's.

    Example: python -m kernels bench --slow --json bench.json
    """
    console = Console()
    if stills is not None and not stills.is_dir():
        console.print(f"{stills} is not a folder; give a folder of pictures, or leave --stills out")
        raise typer.Exit(2)
    figures = run(stills, pairs, slow, console)
    if json_file is not None:
        json_file.parent.mkdir(parents=True, exist_ok=True)
        json_file.write_text(json.dumps(figures, indent=2) + "\n")


@app.command()
def warm() -> None:
    """Compile every CPU kernel and keep the code on disk, so that no later start waits for it."""
    compile_all()


if __name__ == "__main__":
    app()
