"""The kernels' benchmark: tables on the terminal and the same figures as JSON."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from kernels.bench_fields import compressed, faces, pairs, portrait
from kernels.bench_flow import milliseconds, ours, peers, score
from kernels.bench_gpu import run_gpu
from kernels.bench_rigid import scores
from kernels.bench_speed import first_use_s, operations

TABLES: dict[str, dict[str, Any]] = {
    "smooth fields": {},
    "gain and offset changed by 5 %": {"light": 0.05},
    "fields cut by a line": {"cut": True},
    "smooth fields after H.264": {},
}


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

    images = [portrait(), *(faces(stills) if stills is not None else [])]
    console.print(f"{machine()}\n{len(images)} faces, {count} pairs per table\n")
    methods = [*peers(slow), *ours()]
    result: dict[str, Any] = {"machine": machine(), "faces": len(images), "pairs": count, "accuracy": {}}
    timed: list[Any] = []
    for name, options in TABLES.items():
        made = list(pairs(images, count, **options))
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
    result["milliseconds"] = _speed(methods, timed, console)
    result["rigid"] = _rigid(count, console)
    result["operations_ms"] = operations()
    result["first_use_s"] = first_use_s()
    result["gpu_ms"] = run_gpu(console)
    table = Table("operation on 256x256, one core", "ms", title="speed")
    for name, value in result["operations_ms"].items():
        table.add_row(name, f"{value:.3f}")
    console.print(table)
    console.print(f"first use in a fresh process: {result['first_use_s']:.2f} s")
    return result


def _speed(methods: list[Any], timed: list[Any], console: Console) -> dict[str, Any]:
    import cv2

    table = Table("method, 224x224", "ms, one thread", "ms, two threads", title="flow: speed, new reference each call")
    figures = {}
    for method, estimate in methods:
        times = []
        for threads in (1, 2):
            cv2.setNumThreads(threads)
            times.append(milliseconds(estimate, timed))
        # Our kernels use one core however many there are, so the second column shows the same twice.
        table.add_row(method, *(f"{value:.2f}" for value in times))
        figures[method] = {"one thread": times[0], "two threads": times[1]}
    console.print(table)
    return figures


def _rigid(count: int, console: Console) -> dict[str, Any]:
    table = Table(
        "method",
        "left on still skin, px RMS",
        "amplitude kept",
        "worst",
        title="rigid removal: sway of 3 px and 2 degrees",
    )
    rows = scores(count)
    for row in rows:
        table.add_row(row.method, f"{row.left:.3f}", f"{row.kept:.3f}", f"{row.worst:.3f}")
    console.print(table)
    return {row.method: {"left": row.left, "kept": row.kept, "worst": row.worst} for row in rows}


def machine() -> str:
    """Processor and Python, in words."""
    processor = platform.processor() or platform.machine()
    information = Path("/proc/cpuinfo")
    cores = 1
    if information.exists():
        lines = information.read_text().splitlines()
        names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
        processor, cores = (names[0], len(names)) if names else (processor, 1)
    return f"{processor}, {cores} cores, Python {platform.python_version()}"
