"""The pictures of docs/simulator.md."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.labels import CLASSES
from models.simulator.action_units import MUSCLES
from models.simulator.builtin_clip import EVENTS, builtin_stage, builtin_state
from models.simulator.head import FaceState, Head
from models.simulator.intensity import peak_motion
from models.simulator.neutral import neutral_mesh
from models.simulator.portrait import Portrait, builtin_portrait
from models.simulator.recording import draw_recording
from models.simulator.render import FaceRenderer
from models.simulator.timing import draw_blink, draw_macro, draw_micro, durations

Picture = NDArray[np.uint8]
TILE = 128  # px
MICRO_PX = 1.5  # peak motion of a micro-expression in the chart, px at 224 px face width
MAGNIFIED = 10
COLOURS = 96  # of a palette: photographs in small PNG files


def save(path: Path, picture: Picture) -> Path:
    """Write an RGB picture with a palette."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    return path


def _tile(picture: Picture, text: str, size: tuple[int, int] = (TILE, TILE)) -> Picture:
    tile = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    for colour, thickness in (((0, 0, 0), 3), ((255, 255, 255), 1)):
        cv2.putText(tile, text, (4, 13), cv2.FONT_HERSHEY_SIMPLEX, 0.4, colour, thickness, cv2.LINE_AA)
    return np.asarray(tile, np.uint8)


def _grid(tiles: Sequence[Picture], columns: int) -> Picture:
    blank = np.full_like(tiles[0], 255)
    padded = [*tiles, *[blank] * (-len(tiles) % columns)]
    rows = [np.concatenate(padded[i : i + columns], axis=1) for i in range(0, len(padded), columns)]
    return np.concatenate(rows)


def action_unit_chart(portrait: Portrait) -> Picture:
    """Each action unit at full intensity, and what a micro-expression of it changes, magnified ten times."""
    placed = portrait.placed(300, 300, 224)
    head = Head(neutral_mesh(placed.mesh), 300, 300, texture_mesh=placed.mesh)
    renderer = FaceRenderer(placed.image, head)
    rest = renderer.render(FaceState())
    tiles = []
    for name in MUSCLES:
        tiles.append(_tile(renderer.render(FaceState({name: 1.0})), f"{name} E"))
        micro = FaceState({name: MICRO_PX / peak_motion(head.units, {name: 1.0})})
        change = renderer.render(micro).astype(np.float32) - rest
        grey = np.clip(128 + MAGNIFIED * change.mean(2, keepdims=True), 0, 255)
        tiles.append(_tile(np.repeat(grey, 3, axis=2).astype(np.uint8), f"{MICRO_PX:g} px, x{MAGNIFIED}"))
    return _grid(tiles, 8)


def clip_strip(portrait: Portrait) -> Picture:
    """Onset, apex and offset of every event of the built-in clip."""
    renderer = builtin_stage(portrait)
    tiles = []
    for event in EVENTS:
        for moment, at_s in (("onset", event.onset_s), ("apex", event.apex_s), ("offset", event.offset_s)):
            face = renderer.render(builtin_state(at_s))[60:460, 120:520]
            name = event.label or event.kind
            tiles.append(_tile(face, f"{name} {moment} {at_s:.2f} s", (176, 176)))
    return _grid(tiles, 6)


def people(portrait: Portrait) -> Picture:
    """Recordings of one portrait: other shapes, skins, cameras and moments."""
    tiles = []
    for seed in range(10):
        recording = draw_recording([portrait], 12.0, 30.0, np.random.default_rng([77, seed]), face_px=200.0)
        shown = [event for event in recording.events if event.kind in ("micro", "macro", "speech")]
        at_s = shown[0].apex_s if shown else 5.0
        image = recording.sensor.record(recording.renderer.render(recording.state(at_s)), recording.lighting.at(at_s))
        text = f"{shown[0].kind} {shown[0].action_units()}" if shown else "rest"
        tiles.append(_tile(image, text, (240, 180)))
    return _grid(tiles, 5)


def timing_histograms(path: Path, count: int = 3000) -> Path:
    """Drawn durations (bars) against the log-normal distributions of the table (lines)."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rng = np.random.default_rng(0)
    figure = Figure(figsize=(11, 6.2), dpi=90, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(2, 4)
    micro = {label: np.array([draw_micro(label, rng) for _ in range(count)]) for label in CLASSES}
    macro = np.array([draw_macro(rng) for _ in range(count)])
    blink = np.array([sum(draw_blink(rng)) for _ in range(count)])
    panels = [(label, phase, "micro", micro[label][:, k]) for k, phase in enumerate(PHASES) for label in CLASSES]
    panels.insert(3, ("all", "onset_offset", "blink", blink))
    panels.append(("all", "onset_apex", "macro", macro[:, 0]))
    for axis, (label, phase, kind, drawn) in zip(axes.flat, panels, strict=True):
        axis.hist(drawn * 1000, bins=40, density=True, color="#9db8d9")
        grid = np.linspace(1, np.percentile(drawn, 99.5) * 1000, 300)
        for row in durations():
            if (row.kind, row.label, row.phase) == (kind, label, phase):
                exponent = -0.5 * ((np.log(grid) - row.log_mu) / row.log_sigma) ** 2
                density = np.exp(exponent) / (grid * row.log_sigma * np.sqrt(2 * np.pi))
                axis.plot(grid, density, linewidth=1, label=row.dataset)
        axis.set_title(f"{kind} {'' if label == 'all' else label}: {phase.replace('_', ' to ')}", fontsize=9)
        axis.set_xlabel("ms", fontsize=8)
        axis.set_yticks([])
        axis.legend(fontsize=6, frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
    return path


PHASES = ("onset_apex", "apex_offset")


def draw_pictures(folder: Path) -> Iterable[Path]:
    """Write all pictures into a folder, one after the other."""
    portrait = builtin_portrait()
    yield save(folder / "action_units.png", action_unit_chart(portrait))
    yield save(folder / "builtin_clip.png", clip_strip(portrait))
    yield save(folder / "people.png", people(portrait))
    yield timing_histograms(folder / "timing.png")
