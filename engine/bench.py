"""`python -m engine check` and `run_camera.py bench engine`: the table of every way to run every shipped network."""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from engine.check import BATCHES, REPETITIONS, Checked, check_model
from engine.manifest import WEIGHTS, find_model, read_manifest


def run(
    console: Console,
    json_file: Path | None = None,
    folder: Path = WEIGHTS,
    repetitions: int = REPETITIONS,
    compiling: bool = True,
) -> dict[str, Any]:
    """Check and time every network of a folder, print the tables, and write the figures.

    Args:
        console: where to print.
        json_file: where to write the figures.
        folder: with manifest.json.
        repetitions: of each call at batch 1.
        compiling: also `torch.compile`, which takes some twenty seconds per network.

    Returns:
        The figures, ready for JSON.

    Raises:
        ModelError: no manifest, or a network or its test vector is missing or damaged.
    """

    def say(line: str) -> None:
        console.print(line, markup=False, highlight=False, soft_wrap=True)

    names = list(read_manifest(folder).models)
    for name in names:
        find_model(name, folder)
    say(machine())
    checked = [check_model(name, folder, say, repetitions, compiling) for name in names]
    for network in checked:
        _tell(network, console)
    figures = {"machine": machine(), "networks": msgspec.to_builtins(checked), "ratios": _ratios(checked)}
    if json_file is not None:
        json_file.parent.mkdir(parents=True, exist_ok=True)
        json_file.write_text(json.dumps(figures, indent=2) + "\n")
    return figures


def differs(figures: dict[str, Any]) -> list[str]:
    """Networks and runtimes whose answers stray by more than their precision allows."""
    return [
        f"{network['model']} in {row['backend']}, {row['precision']}"
        for network in figures["networks"]
        for row in network["rows"]
        if not row["missing"] and not row["difference"] <= row["allowed"]
    ]


def _tell(network: Checked, console: Console) -> None:
    title = (
        f"{network.model}: {network.file}, {network.megabytes:.2f} MB, SHA-256 {network.sha256[:12]} as in the manifest"
    )
    table = Table("runtime", "precision", "difference to torch", title=title, box=None, title_justify="left")
    for batch in BATCHES:
        table.add_column(f"batch {batch}: median / p99, ms", justify="right")
    table.add_column("times torch", justify="right")
    absent = []
    for row in network.rows:
        if row.missing:
            absent.append(f"{row.backend}, {row.precision}: {row.missing}")
            continue
        ratio = network.ratio(row)
        # An INT8 file's stored answers are its own, so its column says how well the runtime carries it out.
        table.add_row(
            f"{row.backend} ({row.runs})",
            row.precision,
            f"{row.difference:.1e}" + ("" if row.agrees else f" > {row.allowed:.0e}: WRONG"),
            *(f"{row.latency_ms[str(batch)].median:.3f} / {row.latency_ms[str(batch)].p99:.3f}" for batch in BATCHES),
            "" if ratio is None else f"{ratio:.1f}",
        )
    console.print(table)
    for reason in dict.fromkeys(absent):
        console.print(f"  not run: {reason}", markup=False, highlight=False, soft_wrap=True)


def _ratios(checked: list[Checked]) -> dict[str, dict[str, float]]:
    """By network and runtime: how many times faster than torch eager on the CPU at batch 1."""
    return {
        network.model: {
            f"{row.backend} {row.precision} {row.runs.partition(',')[0]}": round(ratio, 2)
            for row in network.rows
            if (ratio := network.ratio(row)) is not None
        }
        for network in checked
    }


def machine() -> str:
    """Processor and Python, in words."""
    information = Path("/proc/cpuinfo")
    lines = information.read_text().splitlines() if information.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    processor = names[0] if names else platform.processor() or platform.machine()
    return f"{processor}, {os.cpu_count() or 1} cores, Python {platform.python_version()}; one thread per runtime"
