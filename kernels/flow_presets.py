"""What the flow's two presets do, level by level."""

from __future__ import annotations

from typing import Literal, NamedTuple

Preset = Literal["tracking", "precise"]

CELL = 4
"""Motion is solved for on a grid with one unknown vector per 4x4 pixels; it is smooth, so nothing is lost."""


class Stage(NamedTuple):
    """Warps at one scale of the image pyramid."""

    warps: int
    cubic: bool  # sample by cubic convolution, else bilinear
    steps: tuple[int, ...]  # relaxation steps on the grid of this scale, then on grids twice, four times as coarse


class ExpressionSettings(NamedTuple):
    """What `kernels.expression_flow` does at full size, once the head's motion is roughly known."""

    warps: int  # of the flow that the head is first fitted to, in place of the last stage's
    alignments: int  # steps of the head's motion on the images themselves
    around_head: int  # warps whose prior holds the face to the head
    around_itself: int  # warps whose prior holds the flow to what it already is: they give back what bending took


class FlowSettings(NamedTuple):
    """Everything that a preset decides."""

    stages: tuple[Stage, ...]  # from the coarsest scale to full size
    bending: float  # weight of the squared Laplacian of the motion, grey levels^2 at full size
    ridge: float  # pull towards zero motion, grey levels^2 / px^2 per cell at full size
    expression: ExpressionSettings


# Tuned on displacement fields with noise of 2 grey levels (see docs/benchmarks.md). Bending sets how far motion spreads
# from textured into smooth skin: (bending / cell's squared gradients)^(1/4) cells.
PRESETS: dict[Preset, FlowSettings] = {
    "tracking": FlowSettings(
        (Stage(4, False, (10,)), Stage(2, False, (6, 6)), Stage(2, False, (4, 6, 8))),
        bending=1500.0,
        ridge=0.5,
        expression=ExpressionSettings(warps=1, alignments=1, around_head=2, around_itself=1),
    ),
    "precise": FlowSettings(
        (Stage(4, False, (20,)), Stage(2, True, (6, 10)), Stage(4, True, (4, 10, 10))),
        bending=1500.0,
        ridge=0.5,
        expression=ExpressionSettings(warps=2, alignments=2, around_head=2, around_itself=4),
    ),
}


def relaxation_weights(steps: int, lowest: float) -> list[tuple[float, float]]:
    """Weights of a Chebyshev semi-iteration (Golub and Varga, 1961): momentum, and share of the residual.

    The bending operator's eigenvalues lie below 64 and its diagonal is 20 at most, so with the 2x2 blocks of the
    diagonal as preconditioner all eigenvalues lie below 3.2.

    Args:
        steps: how many.
        lowest: eigenvalues from here up are damped; smooth errors below are left to a coarser grid.
    """
    top = 3.25
    middle, half = (top + lowest) / 2, (top - lowest) / 2
    sigma = middle / half
    weights, rho = [(0.0, 1 / middle)], 1 / sigma
    for _ in range(steps - 1):
        following = 1 / (2 * sigma - rho)
        weights.append((following * rho, 2 * following / half))
        rho = following
    return weights
