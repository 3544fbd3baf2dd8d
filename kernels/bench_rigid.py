"""Rigid-motion removal on simulated head sway with a local expression: what is left on still skin, what survives."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kernels.bench_fields import portrait, portrait_mesh, warped
from kernels.expression_flow import ExpressionFlow
from kernels.face_regions import MOTION_REGIONS, depth_map, face_mask, region_labels, stable_skin
from kernels.flow import FlowEstimator
from kernels.flow_presets import PRESETS
from kernels.rigid import remove_rigid_motion

MOST_SHIFT, MOST_TURN = 3.0, 2.0  # px, degrees
HELD_OUT_SEED = 7001
EXPRESSION_SPREAD = 16.0  # px; standard deviation of the local bump
EXPRESSIONS = ("brow_inner_left", "mouth_corner_right", "cheek_left", "chin")


class RigidScore(NamedTuple):
    """Means over the simulated sways."""

    method: str
    left: float  # RMS of the residual on still skin, px
    kept: float  # amplitude of the expression in the residual, of its true amplitude
    worst: float  # largest departure of a single amplitude from the truth


class Sway(NamedTuple):
    """One simulated pair."""

    before: NDArray[np.uint8]
    after: NDArray[np.uint8]
    truth: NDArray[np.float32]  # sway and expression, px
    expression: NDArray[np.float32]  # expression alone, px


def sways(count: int, seed: int = 2, splines: bool = False) -> list[Sway]:
    """Heads turned about three axes and shifted, with a 1 px bump in one region, in frames with noise."""
    random = np.random.default_rng(seed)
    still, mesh = portrait(), portrait_mesh()
    height, width = still.shape
    depth, labels = depth_map(mesh, height, width), region_labels(mesh, height, width)
    # A head goes on behind the mesh's rim, where the depth map of the kernels ends in a step.
    depth = _continued(depth, face_mask(mesh, height, width))
    y, x = np.mgrid[:height, :width].astype(np.float32)
    points = np.stack([x, y, depth], 2) - mesh.mean(axis=0)
    made = []
    for i in range(count):
        turned = points @ _rotation(np.radians(random.uniform(-MOST_TURN, MOST_TURN, 3))).T
        angle = random.uniform(0, 2 * np.pi)
        shift = random.uniform(0, MOST_SHIFT) * np.array([np.cos(angle), np.sin(angle)])
        sway = (turned - points)[..., :2] + shift
        region = labels == MOTION_REGIONS.index(EXPRESSIONS[i % len(EXPRESSIONS)])
        middle_y, middle_x = (axis.mean() for axis in np.nonzero(region))
        bump = np.exp(-0.5 * ((x - middle_x) ** 2 + (y - middle_y) ** 2) / EXPRESSION_SPREAD**2)
        angle = random.uniform(0, 2 * np.pi)
        expression = (bump[..., None] * [np.cos(angle), np.sin(angle)]).astype(np.float32)
        truth = (sway + expression).astype(np.float32)
        before = warped(still, truth, splines)
        noisy = [np.clip(np.rint(f + random.normal(0, 2, f.shape)), 0, 255).astype(np.uint8) for f in (before, still)]
        made.append(Sway(noisy[0], noisy[1], truth, expression))
    return made


def _continued(depth: NDArray[np.float32], inside: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Depth spread outwards from the face, smoothly."""
    import cv2

    whole, known = np.where(inside, depth, 0).astype(np.float32), inside.astype(np.float32)
    spread = depth.copy()
    for sigma in (64, 32, 16, 8, 4, 2):
        share = cv2.GaussianBlur(known, (0, 0), sigma)
        near = share > 1e-3
        spread[near & ~inside] = (cv2.GaussianBlur(whole, (0, 0), sigma)[near] / share[near])[~inside[near]]
    return spread


def _rotation(angles: NDArray[np.float64]) -> NDArray[np.float64]:
    (ca, cb, cc), (sa, sb, sc) = np.cos(angles), np.sin(angles)
    pitch = np.array([[1, 0, 0], [0, ca, -sa], [0, sa, ca]])
    yaw = np.array([[cb, 0, sb], [0, 1, 0], [-sb, 0, cb]])
    roll = np.array([[cc, -sc, 0], [sc, cc, 0], [0, 0, 1]])
    return np.asarray(pitch @ yaw @ roll)


def scores(count: int, held_out: bool = False) -> list[RigidScore]:
    """Rigid and affine, robust and by least squares, on measured and on true flow."""
    made = sways(count, HELD_OUT_SEED, splines=True) if held_out else sways(count)
    height, width = made[0].before.shape
    mesh = portrait_mesh()
    depth, stable = depth_map(mesh, height, width), stable_skin(mesh, height, width)
    face = face_mask(mesh, height, width)
    table = []

    def add(method: str, residuals: list[NDArray[np.float32]]) -> None:
        left, kept = [], []
        for sway, residual in zip(made, residuals, strict=True):
            bump = sway.expression
            still = stable & face & (np.linalg.norm(bump, axis=2) < 0.02)
            left.append(np.sqrt((residual[still] ** 2).sum(axis=1).mean()))
            kept.append((residual * bump)[face].sum() / (bump * bump)[face].sum())
        worst = float(np.abs(np.array(kept) - 1).max())
        table.append(RigidScore(method, float(np.mean(left)), float(np.mean(kept)), worst))

    for preset in PRESETS:
        separate = ExpressionFlow(height, width, preset)
        separate.set_face(depth, stable)
        residuals = []
        for sway in made:
            separate.set_reference(sway.before)
            residuals.append(separate.to(sway.after).rigid.residual)
        add(f"rigid with the flow, {preset}", residuals)
    estimate = FlowEstimator(height, width, "precise")
    measured = [estimate(sway.before, sway.after) for sway in made]
    for name, flows in (("measured flow", measured), ("true flow", [sway.truth for sway in made])):
        for model, fit in (("rigid", _rigid), ("affine", _affine), ("affine, least squares", _least_squares)):
            add(f"{model}, {name}", [fit(flow, depth, stable) for flow in flows])
    return table


def _rigid(flow: NDArray[np.float32], depth: NDArray[np.float32], stable: NDArray[np.bool_]) -> NDArray[np.float32]:
    return remove_rigid_motion(flow, depth, stable).residual


def _affine(flow: NDArray[np.float32], depth: NDArray[np.float32], stable: NDArray[np.bool_]) -> NDArray[np.float32]:
    return remove_rigid_motion(flow, None, stable).residual


def _least_squares(
    flow: NDArray[np.float32], depth: NDArray[np.float32], stable: NDArray[np.bool_]
) -> NDArray[np.float32]:
    y, x = np.mgrid[: depth.shape[0], : depth.shape[1]]
    design = np.stack([np.ones_like(x), x, y], axis=2).astype(np.float64)
    solution = np.linalg.lstsq(design[stable], flow[stable].astype(np.float64), rcond=None)[0]
    return np.asarray(flow - design @ solution, np.float32)
