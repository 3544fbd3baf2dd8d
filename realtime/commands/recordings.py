"""`demo` and `replay`: find the expressions in recorded videos."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from realtime.commands.options import Aus, Config, Model, Out, Person, Simulated, chosen_settings
from realtime.commands.terminal import console, end, one_line_errors


def demo(
    context: typer.Context,
    out: Out = Path("out/demo"),
    settings: Config = None,
    model: Model = None,
    aus: Aus = False,
) -> None:
    """Run on the built-in clip: no camera, no GPU, no download."""
    with one_line_errors():
        from realtime.out_folder import prepare_folder
        from realtime.replay import replay_paths

        simulated: Simulated = context.obj
        prepare_folder(out)
        with console.status("Making the built-in clip"):
            video, truth = simulated.builtin(out)
        console.print(f"Built-in clip: {video}, truth: {truth}", soft_wrap=True)
        end(replay_paths([video], out, chosen_settings(settings, model, aus=aus), console, plain_names=True))


def replay(
    paths: Annotated[list[Path], typer.Argument(help="Video files, folders of images, or folders of videos.")],
    out: Out,
    realtime: Annotated[bool, typer.Option("--realtime", help="At the video's own pace, dropping frames as live.")] = (
        False
    ),
    image_fps: Annotated[float, typer.Option(min=1, max=1000, help="Rate of a folder of images.")] = 30.0,
    export: Annotated[
        list[str] | None, typer.Option("--export", help="Also write jsonl, csv, parquet, elan or openface; repeatable.")
    ] = None,
    person: Person = None,
    settings: Config = None,
    model: Model = None,
    aus: Aus = False,
) -> None:
    """Find the micro-expressions in recorded videos."""
    with one_line_errors():
        from realtime.out_folder import prepare_folder
        from realtime.replay import replay_paths

        prepare_folder(out)
        chosen = chosen_settings(settings, model, person, aus)
        forms = export or []
        end(replay_paths(paths, out, chosen, console, realtime=realtime, image_fps=image_fps, exports=forms))
