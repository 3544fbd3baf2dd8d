"""`send` and `keys`: frames from one machine to another."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from realtime.commands.options import Config, chosen_settings
from realtime.commands.terminal import console, one_line_errors

keys = typer.Typer(help="Say which machines may send frames here.", no_args_is_help=True)


def send(
    source: Annotated[str, typer.Argument(help="Camera, stream or video on this machine.")],
    address: Annotated[str, typer.Argument(help="feed://HOST:PORT on which the other machine listens.")],
    key: Annotated[Path, typer.Option(help="The file that 'keys new' made on the other machine.")],
    settings: Config = None,
) -> None:
    """Send a camera's frames, encrypted, to Glimpse on another machine."""
    with one_line_errors():
        from realtime.feed_sender import send_feed
        from realtime.source import SourceSpec

        spec = replace(SourceSpec.live_as(source, chosen_settings(settings).camera), realtime=True)
        sent, dropped = send_feed(spec, address, key, tell=console.print)
        console.print(f"{sent} frames sent, {dropped} left out because the network was slow")


@keys.command("new", epilog="Example: python run_camera.py keys new laptop")
def new_key(
    name: Annotated[str, typer.Argument(help="Of the machine that shall send.")],
    out: Annotated[Path, typer.Option(help="Folder for the key's file.")] = Path(),
) -> None:
    """Let another machine send frames here: makes the file that it needs."""
    with one_line_errors():
        from realtime.feed_keys import KeyRing

        file = KeyRing.of_user().add(name, out)
        console.print(
            f"{file}: carry it to {name} by a way that nobody else reads, and delete it here.\n"
            f"Here: run_camera.py camera feed://THIS-MACHINE:5599\n"
            f"There: run_camera.py send 0 feed://THIS-MACHINE:5599 --key {file.name}",
            soft_wrap=True,
        )


@keys.command("list")
def list_keys() -> None:
    """Say who may send."""
    with one_line_errors():
        from realtime.feed_keys import KeyRing

        for public, name in KeyRing.of_user().allowed().items():
            console.print(f"{name}  {public}", markup=False, highlight=False)


@keys.command("revoke", epilog="Example: python run_camera.py keys revoke laptop")
def revoke_key(name: Annotated[str, typer.Argument(help="As given to 'keys new'.")]) -> None:
    """Let a machine send no longer, from the next start on."""
    with one_line_errors():
        from realtime.feed_keys import KeyRing

        KeyRing.of_user().revoke(name)
        console.print(f"{name} may send no longer; a feed that is running now must be started again.")
