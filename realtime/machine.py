"""The machine on which a figure was taken, in words."""

from __future__ import annotations

import platform
from pathlib import Path

import psutil


def machine() -> str:
    """Processor, cores, memory and Python."""
    processor = platform.processor() or platform.machine()
    information = Path("/proc/cpuinfo")
    if information.exists():
        names = (line.split(":", 1)[1].strip() for line in information.read_text().splitlines() if "model name" in line)
        processor = next(names, processor)
    memory = psutil.virtual_memory().total / 2**30
    return f"{processor}, {psutil.cpu_count()} cores, {memory:.0f} GiB, Python {platform.python_version()}"


def load() -> float:
    """Runnable processes over the last minute, per core: above a few tenths before a start, figures are noise."""
    return psutil.getloadavg()[0] / (psutil.cpu_count() or 1)
