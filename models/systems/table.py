"""The comparison as a page shows it."""

from __future__ import annotations

import platform
import re
from collections.abc import Sequence
from pathlib import Path

from models.systems.catalogue import SYSTEMS
from models.systems.compare import OURS, Line
from models.systems.cost import Cost

_TITLES = {"megc2019": "MEGC 2019, the part at hand", "prepared": "Prepared clips"}


def table(lines: Sequence[Line], command: str) -> str:
    """Lines of one data set as Markdown, best UF1 first."""
    if not lines:
        return "No model was run.\n"
    scores = lines[0].outcome.scores
    gpu = any(line.cost is not None and line.cost.gpu_ms is not None for line in lines)
    rows = [
        "| model | UF1 | 95 % over subjects | UAR | epochs | parameters | GFLOP | ms, CPU | "
        f"{'ms, GPU | ' if gpu else ''}reduced to | at published size | published | its protocol |",
        "|---" * (13 if gpu else 12) + "|",
    ]
    for line in sorted(lines, key=lambda one: -one.outcome.scores.uf1.mean):
        system = SYSTEMS.get(line.model)
        title = f"`{line.model}` (ours)" if line.model == OURS else f"`{line.model}`"
        low, high = line.outcome.interval
        rows.append(
            f"| {title} | {line.outcome.scores.uf1.mean:.3f} | {low:.3f} to {high:.3f} "
            f"| {line.outcome.scores.uar.mean:.3f} | {line.epochs or ''} | {_figures(line, gpu)} "
            f"| {(system.reduced if system else '') or 'nothing'} | {_size(line.full)} "
            f"| {f'{system.published.figure} ({system.published.source})' if system else ''} "
            f"| {system.published.protocol if system else ''} |"
        )
    kind = lines[0].data.partition(":")[0]
    seeds = len(scores.seeds)
    told = (
        f"### {_TITLES.get(kind, kind)}\n\n"
        f"{scores.events} events of {scores.subjects} subjects, leave-one-subject-out, last epoch, pooled, "
        f"{seeds} seed{'s' * (seeds > 1)}, by `{public(command)}`. Times are the network's alone for one event, "
        f"median over runs in torch on one thread, {platform.machine()}; a product with its sum counts as two FLOP.\n"
    )
    return told + "\n" + "\n".join(rows) + "\n\n" + verdict(lines) + "\n"


def public(command: str) -> str:
    """The command without the folders of whoever ran it."""
    return re.sub(r"(^|[ :])(?:/[^ /]+)+/(?=[^ /]+)", r"\1", command)


def verdict(lines: Sequence[Line]) -> str:
    """Which model wins, and what ours costs against it."""
    best = max(lines, key=lambda one: one.outcome.scores.uf1.mean)
    ours = next((line for line in lines if line.model == OURS), None)
    if ours is None:
        return f"Best here: `{best.model}`. `{OURS}` was not run."
    if best is ours:
        networks = [line for line in lines if line is not ours and line.cost is not None]
        second = max(networks, key=lambda one: one.outcome.scores.uf1.mean, default=None)
        if second is None or ours.cost is None or second.cost is None:
            return f"`{OURS}` wins."
        ratio = second.cost.gflop / ours.cost.gflop
        return f"`{OURS}` wins; next of the networks is `{second.model}`, at {ratio:.2g} times its GFLOP."
    gap = best.outcome.scores.uf1.mean - ours.outcome.scores.uf1.mean
    return f"`{best.model}` wins over `{OURS}` by {gap:.3f} UF1."


def _figures(line: Line, gpu: bool) -> str:
    cost = line.cost
    if cost is None:
        return ("not counted" if line.epochs else "no network") + " | | " + "| " * gpu
    on_gpu = f" | {_ms(cost.gpu_ms)}" if gpu else ""
    return f"{_count(cost.parameters)} | {cost.gflop:.2g} | {_ms(cost.cpu_ms)}{on_gpu}"


def _size(cost: Cost | None) -> str:
    return "" if cost is None else f"{_count(cost.parameters)}, {cost.gflop:.3g} GFLOP"


def _ms(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _count(parameters: int) -> str:
    return f"{parameters / 1e6:.2f} M" if parameters >= 1e5 else f"{parameters}"


def put_into(page: Path, tables: Sequence[str], name: str = "table") -> None:
    """Replace what stands between the page's lines `<!-- NAME: begin -->` and `<!-- NAME: end -->`.

    Raises:
        ValueError: a page without them.
    """
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    text = page.read_text()
    if begin not in text or end not in text:
        raise ValueError(f"{page}: has no lines {begin} and {end}, between which the table goes")
    before, after = text[: text.index(begin) + len(begin)], text[text.index(end) :]
    page.write_text(before + "\n\n" + "\n".join(tables) + "\n" + after)
