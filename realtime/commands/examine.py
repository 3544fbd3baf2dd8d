"""`doctor`: what this machine has, what will be used, and what is missing."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from realtime.commands.terminal import console, one_line_errors, stop


def doctor() -> None:
    """Tell what this machine has, what will be used, and what is missing."""
    with one_line_errors():
        from realtime.doctor import examine

        table = Table("what", "state", "finding", box=None)
        colours = {"ok": "green", "absent": "yellow", "broken": "red"}
        broken = False
        for finding in examine():
            table.add_row(finding.what, Text(finding.state, style=colours[finding.state]), finding.says)
            broken |= finding.state == "broken"
        console.print(table)
        if broken:
            stop("something that every run needs is broken; see the lines above")
