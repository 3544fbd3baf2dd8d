"""The events as a table in the terminal."""

from __future__ import annotations

from collections.abc import Iterable

from rich.table import Table

from realtime.messages import ExpressionRecognised


def event_table(events: Iterable[ExpressionRecognised]) -> Table:
    """One row per event, in the order of their onsets."""
    table = Table("event", "kind", "label", "onset s", "apex s", "offset s", "ms", "probability", "action units", "px")
    for number, event in enumerate(sorted(events, key=lambda e: e.onset_s), start=1):
        table.add_row(
            str(number),
            event.kind,
            event.label,
            f"{event.onset_s:.2f}",
            f"{event.apex_s:.2f}",
            f"{event.offset_s:.2f}",
            f"{1000 * (event.offset_s - event.onset_s):.0f}",
            " ".join(f"{name[:3]} {value:.2f}" for name, value in event.probabilities.items()),
            " ".join(event.action_units) or "none",
            f"{event.strength:.1f}",
        )
    return table
