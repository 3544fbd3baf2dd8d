"""The kernels' benchmark: tables on the terminal and the same figures as JSON."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from kernels.bench_fields import Faces, compressed, faces, pairs, portrait
from kernels.bench_flow import milliseconds, milliseconds_side_by_side, ours, peers, score
from kernels.bench_gpu import run_gpu
from kernels.bench_rigid import RigidScore, scores
from kernels.bench_speed import first_use_s, operations

TABLES: dict[str, dict[str, Any]] = {
    "smooth fields": {},
    "gain and offset changed by 5 %": {"light": 0.05},
    "fields cut by a line": {"cut": True},
    "smooth fields after H.264": {},
}
HELD_OUT: dict[str, Any] = {"seed": 7001, "splines": True}
"""What makes the held-out tables differ besides the faces: other fields, sampled otherwise."""


def run(stills: Path | None, count: int, slow: bool, console: Console) -> dict[str, Any]:
    """All tables.

    Args:
        stills: folder of more faces, or None for the portrait alone.
        count: pairs per table.
        slow: TV-L1 as well.
        console: where to print.

    Returns:
        The figures, ready for JSON.
    """
    import cv2

    found = faces(stills) if stills is not None else Faces([], [])
    images, others = [portrait(), *found.tuned], found.held_out
    if not others:
        others = [np.ascontiguousarray(portrait()[:, ::-1])]
        console.print("No further faces, so the held-out tables show the portrait mirrored, under new fields.")
    console.print(f"{machine()}\n{len(images)} faces, {len(others)} held out, {count} pairs per table\n")
    methods = [*peers(slow), *ours()]
    result: dict[str, Any] = {
        **{"machine": machine(), "faces": len(images), "faces held out": len(found.held_out), "pairs": count},
        "accuracy": {},
    }
    timed: list[Any] = []
    tables = [(name, images, options) for name, options in TABLES.items()]
    tables += [(f"held out: {name}", others, {**options, **HELD_OUT}) for name, options in TABLES.items()]
    for name, stand, options in tables:
        made = list(pairs(stand, count, **options))
        if "H.264" in name:
            made = [compressed(pair) for pair in made]
        timed = timed or made
        table = Table("method", "all, px", "moving, px", title=name)
        cv2.setNumThreads(2)
        rows = [score(method, estimate, made) for method, estimate in methods]
        for row in rows:
            table.add_row(row.method, f"{row.everywhere:.3f}", f"{row.moving:.3f}")
        console.print(table)
        result["accuracy"][name] = {row.method: {"all": row.everywhere, "moving": row.moving} for row in rows}
    result["milliseconds"] = _speed(methods, timed, slow, console)
    result["rigid"] = _rigid(2 * count, console)
    result["operations_ms"] = operations()
    result["first_use_s"] = first_use_s()
    result["gpu_ms"] = run_gpu(console)
    table = Table("operation on 256x256, one core", "ms", title="speed")
    for name, value in result["operations_ms"].items():
        table.add_row(name, f"{value:.3f}")
    console.print(table)
    console.print(f"first use in a fresh process: {result['first_use_s']:.2f} s")
    return result


def _speed(methods: list[Any], timed: list[Any], slow: bool, console: Console) -> dict[str, Any]:
    import cv2

    table = Table(
        *("method, 224x224", "ms per call, one thread", "ms per call, two threads", "ms per pair, two pairs at once"),
        title="flow: speed, new reference each call",
    )
    # The peers that share nothing between calls; ours own their buffers, so each thread gets its own.
    beside = dict([*peers(slow), *ours()])
    figures = {}
    for method, estimate in methods:
        times = []
        for threads in (1, 2):
            cv2.setNumThreads(threads)
            times.append(milliseconds(estimate, timed))
        cv2.setNumThreads(1)
        times.append(milliseconds_side_by_side((estimate, beside[method]), timed, 15 if times[0] < 100 else 2))
        # A call of ours uses one core however many there are; two threads serve two pairs at once.
        own = method.startswith("Glimpse")
        table.add_row(method, f"{times[0]:.2f}", "one core" if own else f"{times[1]:.2f}", f"{times[2]:.2f}")
        figures[method] = {"one thread": times[0], "two threads": times[1], "two pairs at once, per pair": times[2]}
    console.print(table)
    return figures


def _rigid(count: int, console: Console) -> dict[str, Any]:
    """Tuned and held-out sways."""
    tables = {"rigid removal: sway of 3 px and 2 degrees": False, "held out: rigid removal": True}
    return {title: _rigid_table(title, scores(count, held_out=held_out), console) for title, held_out in tables.items()}


def _rigid_table(title: str, rows: list[RigidScore], console: Console) -> dict[str, Any]:
    table = Table(
        "method",
        "left on still skin, px RMS",
        "amplitude kept",
        "worst",
        title=title,
    )
    for row in rows:
        table.add_row(row.method, f"{row.left:.3f}", f"{row.kept:.3f}", f"{row.worst:.3f}")
    console.print(table)
    return {row.method: {"left": row.left, "kept": row.kept, "worst": row.worst} for row in rows}


def machine() -> str:
    """Processor and Python, in words."""
    information = Path("/proc/cpuinfo")
    lines = information.read_text().splitlines() if information.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    processor = names[0] if names else platform.processor() or platform.machine()
    return f"{processor}, {os.cpu_count() or 1} cores, Python {platform.python_version()}"
