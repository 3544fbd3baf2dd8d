"""What each published system looks at, made from the fields of prepared samples.

Fields are those of `models.protocol.samples.Inputs`; `models.preparation` makes them from recordings.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kernels.inputs import face_areas
from kernels.inputs.small_flow import motion_and_tension
from models.cloud_network import mirrored as mirrored_clouds
from models.labels import ACTION_UNITS
from models.protocol.samples import Inputs
from models.systems.mirrored_patches import mirrored_patches
from models.training import augmentation as change
from models.training.settings import Augmentation


class FlowView:
    """u, v and strain at 28x28 (N, 3, 28, 28): STSTNet."""

    needs: tuple[str, ...] = ("flow",)

    def read(self, inputs: Inputs) -> list[NDArray[np.float32]]:
        """Signed motion less its median and the root of strain."""
        values = motion_and_tension(np.asarray(inputs["flow"]))
        return [np.ascontiguousarray(values.transpose(0, 3, 1, 2))]

    def vary(self, batch: list[Tensor], settings: Augmentation, random: torch.Generator) -> list[Tensor]:
        """Mirror, decalcomanie and amplitude."""
        return [_vary_motion(batch[0], settings, random)]


class AreasView(FlowView):
    """Flow around both eyes and both lip corners, four 14x14 areas in one 28x28 picture: HTNet."""

    needs: tuple[str, ...] = ("flow", "landmarks")

    def read(self, inputs: Inputs) -> list[NDArray[np.float32]]:
        """The areas of the picture's upper left, upper right, lower left and lower right."""
        (flow,) = super().read(inputs)
        return [face_areas.four_areas(flow, np.asarray(inputs["landmarks"]))]


class CloudView:
    """The fastest points of eight regions (N, 8, P, 6)."""

    def __init__(self, field: str = "clouds") -> None:
        self.field = field
        self.needs: tuple[str, ...] = (field,)

    def read(self, inputs: Inputs) -> list[NDArray[np.float32]]:
        """Clouds as `kernels.expression_cloud` gives them."""
        return [np.asarray(inputs[self.field]).astype(np.float32)]

    def vary(self, batch: list[Tensor], settings: Augmentation, random: torch.Generator) -> list[Tensor]:
        """Mirror, scale and shift, lost points, magnified motion."""
        (clouds,) = batch
        clouds = change.where(change.chosen(len(clouds), settings.flip, random), mirrored_clouds(clouds), clouds)
        if settings.cloud_scale or settings.cloud_shift:
            clouds = change.moved_clouds(clouds, settings.cloud_scale, settings.cloud_shift, random)
        if settings.jitter:
            motion = change.jittered_amplitude(clouds[..., 3:], settings.jitter, random)
            clouds = torch.cat((clouds[..., :3], motion), dim=3)
        if settings.point_dropout:
            clouds = change.dropped_points(clouds, settings.point_dropout, random)
        return [clouds]


class OvalClipView:
    """Colour clip and face oval: R3D-18 and R(2+1)D-18.

    Args:
        frames: how many, evenly spaced over the event.
        size: height and width, px.
    """

    needs: tuple[str, ...] = ("frames", "oval")

    def __init__(self, frames: int, size: int) -> None:
        self.frames, self.size = frames, size

    def read(self, inputs: Inputs) -> list[NDArray[np.float32]]:
        """(N, 3, frames, size, size), 0 to 1, and (N, 1, frames, size, size), 1 inside the face."""
        clip = colour_clips(inputs["frames"], self.frames, self.size)
        ovals = [cv2.resize(oval, (self.size, self.size), interpolation=cv2.INTER_AREA) for oval in inputs["oval"]]
        mask = (np.stack(ovals) >= 0.5).astype(np.float32)[:, None, None]
        return [clip, np.repeat(mask, self.frames, axis=2)]

    def vary(self, batch: list[Tensor], settings: Augmentation, random: torch.Generator) -> list[Tensor]:
        """Mirror, decalcomanie, light and time; the oval goes along."""
        (clip,) = _vary_clips([batch[0]], settings, random, also=batch[1:])[:1]
        return [clip, batch[1]]


class TwoClipView:
    """Colour clips of the face and of the region of its predicted action units: dual branch.

    Args:
        frames: how many, evenly spaced over the event.
        size: height and width, px.
        units: where the region comes from; "whole" gives the face twice, as without a prediction.
    """

    def __init__(self, frames: int, size: int, units: str = "predicted_units") -> None:
        self.frames, self.size, self.units = frames, size, units
        self.needs: tuple[str, ...] = ("frames",) if units == "whole" else ("frames", "frame_landmarks", units)

    def read(self, inputs: Inputs) -> list[NDArray[np.float32]]:
        """Twice (N, 3, frames, size, size), 0 to 1."""
        face = colour_clips(inputs["frames"], self.frames, self.size)
        if self.units == "whole":
            return [face, face.copy()]
        landmarks, units = np.asarray(inputs["frame_landmarks"]), np.asarray(inputs[self.units])
        regions = []
        for clip, mesh, present in zip(inputs["frames"], landmarks, units, strict=True):
            names = [name for name, chance in zip(ACTION_UNITS, present, strict=True) if chance >= 0.5]
            box = face_areas.unit_box(names, mesh)
            regions.append(face_areas.cut_box(np.asarray(clip), box))
        return [face, colour_clips(regions, self.frames, self.size)]

    def vary(self, batch: list[Tensor], settings: Augmentation, random: torch.Generator) -> list[Tensor]:
        """Mirror, light and time, alike for both."""
        return _vary_clips(batch, settings, random)


class GreyClipView:
    """One grey clip (N, 1, frames, size, size), 0 to 1: MicroExpSTCNN."""

    needs: tuple[str, ...] = ("frames",)

    def __init__(self, frames: int, size: int) -> None:
        self.frames, self.size = frames, size

    def read(self, inputs: Inputs) -> list[NDArray[np.float32]]:
        """Brightness of the whole crop."""
        return [grey(colour_clips(inputs["frames"], self.frames, self.size))]

    def vary(self, batch: list[Tensor], settings: Augmentation, random: torch.Generator) -> list[Tensor]:
        """Mirror, decalcomanie, light and time."""
        return _vary_clips(batch, settings, random)


class EyesMouthView(GreyClipView):
    """Two grey clips (N, 1, frames, size / 2, size / 2) of eyes and mouth: MicroExpFuseNet."""

    needs: tuple[str, ...] = ("frames", "frame_landmarks")

    def read(self, inputs: Inputs) -> list[NDArray[np.float32]]:
        """Brightness of the two boxes."""
        boxes: list[list[Any]] = [[], []]
        for clip, mesh in zip(inputs["frames"], np.asarray(inputs["frame_landmarks"]), strict=True):
            boxes[0].append(face_areas.cut_box(np.asarray(clip), face_areas.part_box("eyes", mesh)))
            boxes[1].append(face_areas.cut_box(np.asarray(clip), face_areas.part_box("mouth", mesh)))
        return [grey(colour_clips(found, self.frames, self.size // 2)) for found in boxes]


class PatchesView:
    """Flow patches (N, 30, 9, 2, 7, 7), px, and a colour clip (N, 3, 16, size, size): AU graph."""

    needs: tuple[str, ...] = ("patches", "frames")

    def __init__(self, frames: int = 16, size: int = 144) -> None:
        self.frames, self.size = frames, size

    def read(self, inputs: Inputs) -> list[NDArray[np.float32]]:
        """Patches as prepared and the clip."""
        return [
            np.asarray(inputs["patches"]).astype(np.float32),
            colour_clips(inputs["frames"], self.frames, self.size),
        ]

    def vary(self, batch: list[Tensor], settings: Augmentation, random: torch.Generator) -> list[Tensor]:
        """Mirror of both, light and time of the clip; alpha, by which the patches' flow was magnified, anew."""
        patches, clip = batch
        turn = change.chosen(len(patches), settings.flip, random)
        patches = change.where(turn, mirrored_patches(patches), patches)
        clip = change.where(turn, change.flipped(clip), clip)
        low, high = settings.magnification
        if high > low:
            # Flow grows with 1 + alpha; the data were magnified by the middle of the range.
            alpha = low + (high - low) * torch.rand(len(patches), generator=random)
            factor = ((1 + alpha) / (1 + (low + high) / 2)).to(patches.device)
            patches = patches * factor.reshape(-1, 1, 1, 1, 1, 1)
        no_flip = _without_flip(settings)
        return [patches, *_vary_clips([clip], no_flip, random)]


def colour_clips(clips: Any, frames: int, size: int) -> NDArray[np.float32]:
    """Clips uint8 (N, T, H, W, 3) -> float32 (N, 3, frames, size, size), 0 to 1; frames evenly spaced."""
    out = np.empty((len(clips), 3, frames, size, size), np.float32)
    for n, clip in enumerate(clips):
        clip = np.asarray(clip)
        for t, place in enumerate(np.round(np.linspace(0, len(clip) - 1, frames)).astype(int)):
            frame = clip[place]
            if frame.shape[:2] != (size, size):
                smaller = frame.shape[0] > size
                frame = cv2.resize(frame, (size, size), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)
            out[n, :, t] = frame.transpose(2, 0, 1)
    out /= 255.0
    return out


def grey(clips: NDArray[np.float32]) -> NDArray[np.float32]:
    """Brightness of colour clips (N, 3, T, H, W) -> (N, 1, T, H, W); ITU-R BT.601."""
    weights = np.array([0.299, 0.587, 0.114], np.float32).reshape(1, 3, 1, 1, 1)
    return (clips * weights).sum(axis=1, keepdims=True)


def _without_flip(settings: Augmentation) -> Augmentation:
    return Augmentation(flip=0.0, jitter=settings.jitter, temporal_jitter=settings.temporal_jitter, decalcomanie=0.0)


def _vary_motion(flow: Tensor, settings: Augmentation, random: torch.Generator) -> Tensor:
    count = len(flow)
    flow = change.where(change.chosen(count, settings.flip, random), change.flipped(flow, 0), flow)
    if settings.decalcomanie:
        for keep_left in (True, False):
            mask = change.chosen(count, settings.decalcomanie / 2, random)
            flow = change.where(mask, change.decalcomanie(flow, keep_left, 0), flow)
    return change.jittered_amplitude(flow, settings.jitter, random) if settings.jitter else flow


def _vary_clips(
    clips: list[Tensor], settings: Augmentation, random: torch.Generator, also: list[Tensor] | None = None
) -> list[Tensor]:
    """The same changes to all clips of a sample; `also` is mirrored in place with them."""
    count = len(clips[0])
    turn = change.chosen(count, settings.flip, random)
    clips = [change.where(turn, change.flipped(clip), clip) for clip in clips]
    for mask in also or []:
        mask.copy_(change.where(turn, change.flipped(mask), mask))
    if settings.decalcomanie:
        for keep_left in (True, False):
            chosen = change.chosen(count, settings.decalcomanie / 2, random)
            clips = [change.where(chosen, change.decalcomanie(clip, keep_left), clip) for clip in clips]
    if settings.jitter:
        clips = change.jittered_light(clips, settings.jitter, random)
    return change.shifted_in_time(clips, settings.temporal_jitter, random) if settings.temporal_jitter else clips
