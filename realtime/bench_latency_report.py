"""The latency report: histograms, and the way of one event from photon to published line."""

from __future__ import annotations

import io
import statistics
from collections.abc import Sequence
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from realtime.bench_latency import EventTrace, Latency, quantiles
from realtime.failures import UserFacingError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BARS_MS = {"grab_to_spotted": (15.0, 40.0), "offset_to_event": (150.0, None)}
"""What is promised on two cores without a GPU: median and 99th percentile, ms."""
_SAYS = {
    "track": "face mesh and crop",
    "spot": "flow, head motion, decision",
    "recognise": "flow onset to apex, cloud, network",
    "publish": "line in the events file",
}
_COLOURS = {"track": "#1b6ca8", "spot": "#c8553d", "recognise": "#5a7d2b", "publish": "#6c4f8c"}
_GREY = "#7a7f87"


def write_latency_report(result: Latency, file: Path) -> Path:
    """Write one HTML file that needs nothing else.

    Raises:
        UserFacingError: it cannot be written.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    typical = _typical(result.events)
    page = environment.get_template("bench_latency.html.j2").render(
        result=result,
        made=datetime.now().astimezone(),
        version=version("glimpse"),
        rows=_rows(result),
        ages=_picture(_draw_ages(result.grab_to_spotted)),
        stages=_picture(_draw_stages(result)),
        waterfall=_picture(_draw_waterfall(typical)) if typical else None,
        typical=typical,
        says=_SAYS,
    )
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(page, encoding="utf-8")
    except OSError as error:
        raise UserFacingError(f"{file}: cannot be written: {error.strerror}; choose another with --html") from None
    return file


def _rows(result: Latency) -> list[tuple[str, dict[str, float | None], tuple[float, float | None] | None]]:
    published = [trace.published_ms - trace.decided_ms for trace in result.events]
    return [
        ("frame grabbed to face tracked", quantiles(result.grab_to_tracked), None),
        ("frame grabbed to frame spotted", quantiles(result.grab_to_spotted), BARS_MS["grab_to_spotted"]),
        ("deciding frame grabbed to event published", quantiles(published), None),
        (
            "offset frame grabbed to event published",
            quantiles([trace.published_ms for trace in result.events]),
            BARS_MS["offset_to_event"],
        ),
    ]


def _typical(events: Sequence[EventTrace]) -> EventTrace | None:
    """The event whose way took the median time."""
    if not events:
        return None
    median = statistics.median_low([trace.published_ms for trace in events])
    return next(trace for trace in events if trace.published_ms == median)


def _figure(height: float) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.2, height), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _draw_ages(ages_ms: Sequence[float]) -> Figure:
    figure, axes = _figure(2.6)
    # The rarest frames would squeeze the rest: they are counted in the last bin.
    edge = max(45.0, 1.2 * (quantiles(ages_ms)["p99"] or 0))
    axes.hist([min(age, edge) for age in ages_ms], bins=90, range=(0, edge), color=_COLOURS["track"])
    for limit, says in zip(BARS_MS["grab_to_spotted"], ("median under", "99 % under"), strict=True):
        axes.axvline(limit or 0, color=_GREY, linestyle="--", linewidth=1)
        axes.text((limit or 0) + 0.4, axes.get_ylim()[1] * 0.92, f"{says} {limit:g} ms", color=_GREY, fontsize=8)
    axes.set(xlabel="from grab to spotted, ms", ylabel="frames", xlim=(0, edge))
    return figure


def _draw_stages(result: Latency) -> Figure:
    figure, axes = _figure(2.2)
    names = [name for name, times in result.in_stage.items() if times]
    axes.boxplot(
        [result.in_stage[name] for name in names],
        orientation="horizontal",
        tick_labels=names,
        whis=(1, 99),
        showfliers=False,
        medianprops={"color": _COLOURS["spot"]},
    )
    axes.set(xlabel="inside the stage, ms (box: quartiles; whiskers: 1 % and 99 %)")
    axes.set_xlim(left=0)
    axes.invert_yaxis()
    return figure


def _draw_waterfall(trace: EventTrace) -> Figure:
    figure, axes = _figure(2.6)
    axes.barh(0, trace.decided_ms, color="#d9dce1", label="waiting until the face has settled")
    axes.text(trace.decided_ms / 2, 0, f"{trace.decided_ms:.0f} ms", ha="center", va="center", fontsize=8)
    for row, step in enumerate(trace.steps, start=1):
        axes.barh(row, max(step.done_ms - step.taken_ms, 0.15), left=step.taken_ms, color=_COLOURS[step.stage])
        axes.text(step.done_ms + 1, row, f"{step.done_ms - step.taken_ms:.1f} ms", va="center", fontsize=8)
    axes.set_yticks(range(len(trace.steps) + 1), ["decision", *(step.stage for step in trace.steps)])
    axes.set(xlabel="ms after the offset frame was grabbed", xlim=(0, 1.12 * trace.published_ms))
    axes.invert_yaxis()
    return figure


def _picture(figure: Figure) -> Markup:
    out = io.StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None})
    text = out.getvalue()
    return Markup(text[text.index("<svg") :])
