"""What comes between face and camera: a hand that touches the face, and light that glares on glasses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from models.simulator.face_frame import face_width
from models.simulator.topology import LOWER_LIDS, UPPER_LIDS

Picture = NDArray[np.uint8]


class Occluder(Protocol):
    """Something drawn over a finished frame."""

    def draw(self, frame: Picture, mesh: NDArray[np.float32], at_s: float) -> None:
        """Draw over RGB `frame` in place; `mesh` is the face at this moment."""


def _blend(frame: Picture, alpha: NDArray[np.float32], colour: NDArray[np.float32], x0: int, y0: int) -> None:
    height, width = alpha.shape
    left, top = max(x0, 0), max(y0, 0)
    right, bottom = min(x0 + width, frame.shape[1]), min(y0 + height, frame.shape[0])
    if right <= left or bottom <= top:
        return
    share = alpha[top - y0 : bottom - y0, left - x0 : right - x0, None]
    over = np.broadcast_to(colour, (height, width, 3))[top - y0 : bottom - y0, left - x0 : right - x0]
    under = frame[top:bottom, left:right]
    frame[top:bottom, left:right] = np.round(under + share * (over - under)).astype(np.uint8)


@dataclass(frozen=True)
class Hand:
    """A hand that comes up from below, rests on the chin or a cheek, and goes."""

    onset_s: float
    offset_s: float
    target: tuple[float, float]  # of the finger tips from the middle of the face: right, down in face widths
    colour: tuple[float, float, float]  # RGB
    tilt: float  # degrees

    MOVES_S = 0.45  # to come, and to go

    def draw(self, frame: Picture, mesh: NDArray[np.float32], at_s: float) -> None:
        """See `Occluder.draw`."""
        if not self.onset_s < at_s < self.offset_s:
            return
        near = min((at_s - self.onset_s) / self.MOVES_S, (self.offset_s - at_s) / self.MOVES_S, 1.0)
        lift = 0.5 - 0.5 * np.cos(np.pi * near)
        size = face_width(mesh)
        tips = mesh[:, :2].mean(0) + np.array(self.target) * size
        tips[1] += (1 - lift) * (frame.shape[0] + 0.2 * size - tips[1])
        side = round(1.3 * size)
        alpha, shade = _hand_shape(side, self.tilt)
        colour = np.asarray(self.colour, np.float32) * shade[..., None]
        _blend(frame, alpha, colour, round(tips[0] - side / 2), round(tips[1] - 0.04 * size))


def _hand_shape(side: int, tilt: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Coverage and shading of a hand with its fingertips at the top of a square."""
    alpha = np.zeros((side, side), np.uint8)
    thick = max(round(0.085 * side), 1)
    for finger, top in enumerate((0.16, 0.06, 0.05, 0.12)):
        x = round((0.36 + 0.095 * finger) * side)
        cv2.line(alpha, (x, round((top + 0.04) * side)), (x, round(0.5 * side)), 255, thick, cv2.LINE_AA)
    palm = (round(0.5 * side), round(0.68 * side)), (round(0.20 * side), round(0.24 * side))
    cv2.ellipse(alpha, palm[0], palm[1], 0, 0, 360, 255, -1, cv2.LINE_AA)
    cv2.line(alpha, (round(0.5 * side), round(0.8 * side)), (round(0.5 * side), side), 255, round(0.25 * side))
    turn = cv2.getRotationMatrix2D((side / 2, side / 2), tilt, 1.0)
    alpha = cv2.warpAffine(alpha, turn, (side, side), flags=cv2.INTER_LINEAR)
    soft = cv2.GaussianBlur(alpha, (0, 0), 0.012 * side).astype(np.float32) / 255
    # Rounded: darker towards the rims and between the fingers.
    shade = 0.72 + 0.28 * cv2.GaussianBlur(alpha, (0, 0), 0.03 * side).astype(np.float32) / 255
    return soft, shade


@dataclass(frozen=True)
class GlassesGlare:
    """A bright reflection on a lens, which wanders as the head turns."""

    eye: int  # 0 the subject's right, 1 the left
    offset: tuple[float, float]  # from the eye's middle: right, down in face widths
    size: float  # face widths
    strength: float  # 0 to 1

    def draw(self, frame: Picture, mesh: NDArray[np.float32], at_s: float) -> None:
        """See `Occluder.draw`."""
        width = face_width(mesh)
        lids = list(UPPER_LIDS[self.eye] + LOWER_LIDS[self.eye])
        turned = float(mesh[1, 0] - (mesh[234, 0] + mesh[454, 0]) / 2) / width  # grows with the yaw
        centre = mesh[lids, :2].mean(0) + np.array([self.offset[0] + 2.0 * turned, self.offset[1]]) * width
        side = max(round(4 * self.size * width), 3)
        axis = np.linspace(-2, 2, side, dtype=np.float32)
        distance = (axis[None] * 0.7 + axis[:, None] * 0.5) ** 2 + (axis[:, None] * 0.9 - axis[None] * 0.3) ** 2
        alpha = np.float32(self.strength) * np.exp(-(distance**2))
        white = np.array([250.0, 250.0, 255.0], np.float32)
        _blend(frame, np.asarray(alpha, np.float32), white, round(centre[0] - side / 2), round(centre[1] - side / 2))
