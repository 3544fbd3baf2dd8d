"""`python -m models`: the simulator, training and evaluation. Each command imports what it needs when it runs."""

from __future__ import annotations

import typer

from models.datasets.command import data
from models.preparation.command import prepare
from models.protocol.command import loso
from models.simulator.command import simulate, simulator_pictures
from models.spotting_command import compare_spotting, score_spotting
from models.systems.command import compare, score_units, step
from models.train_command import train
from models.verdicts_command import score_verdicts

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__, pretty_exceptions_enable=False)
app.command()(simulate)
app.command()(simulator_pictures)
app.command()(train)
app.command()(loso)
app.add_typer(data, name="data")
app.command()(prepare)
app.command()(compare)
app.command("score-units")(score_units)
app.command()(step)
app.command("score-spotting")(score_spotting)
app.command("score-verdicts")(score_verdicts)
app.command("compare-spotting")(compare_spotting)


@app.callback()
def _choose() -> None:
    """Simulate recordings, train the network, and score what was found."""


if __name__ == "__main__":
    app(prog_name="python -m models")
