"""Changes to batches of training samples. Tensors go in and out on one device; chance comes from one generator."""

from __future__ import annotations

import torch
from torch import Tensor


def chosen(count: int, chance: float, random: torch.Generator) -> Tensor:
    """Which of `count` samples are changed, bool (count,)."""
    return torch.rand(count, generator=random) < chance


def where(mask: Tensor, changed: Tensor, batch: Tensor) -> Tensor:
    """Changed samples where the mask (N,) says so, the others as they were."""
    return torch.where(mask.to(batch.device).reshape(-1, *[1] * (batch.ndim - 1)), changed, batch)


def flipped(picture: Tensor, signed_channel: int | None = None) -> Tensor:
    """Mirror images of (N, C, ..., W); `signed_channel` holds motion across, which changes its sign."""
    turned = picture.flip(-1)
    if signed_channel is not None:
        sign = torch.ones(picture.shape[1], device=picture.device)
        sign[signed_channel] = -1.0
        turned = turned * sign.reshape(1, -1, *[1] * (picture.ndim - 2))
    return turned


def decalcomanie(picture: Tensor, keep_left: bool, signed_channel: int | None = None) -> Tensor:
    """One half of each upright face (N, C, ..., W) mirrored onto the other (Chananda, 2024)."""
    half = picture.shape[-1] // 2
    turned = flipped(picture, signed_channel)
    columns = torch.arange(picture.shape[-1], device=picture.device)
    kept = columns < picture.shape[-1] - half if keep_left else columns >= half
    return torch.where(kept, picture, turned)


def jittered_light(clips: list[Tensor], strength: float, random: torch.Generator) -> list[Tensor]:
    """Brightness and contrast changed, the same way for all clips of a sample; colours stay within 0 to 1."""
    count = clips[0].shape[0]
    shape = (count, *[1] * (clips[0].ndim - 1))
    device = clips[0].device
    gain = (1 + strength * (2 * torch.rand(count, generator=random) - 1)).reshape(shape).to(device)
    shift = (0.5 * strength * (2 * torch.rand(count, generator=random) - 1)).reshape(shape).to(device)
    return [((clip - 0.5) * gain + 0.5 + shift).clamp(0, 1) for clip in clips]


def jittered_amplitude(motion: Tensor, strength: float, random: torch.Generator) -> Tensor:
    """All channels of each sample times one factor near 1."""
    factor = torch.exp(strength * torch.randn(motion.shape[0], generator=random)).to(motion.device)
    return motion * factor.reshape(-1, *[1] * (motion.ndim - 1))


def shifted_in_time(clips: list[Tensor], chance: float, random: torch.Generator) -> list[Tensor]:
    """Clips (N, C, T, H, W) begun a frame early or late, first or last frame repeated; alike for all of a sample."""
    count = clips[0].shape[0]
    steps = torch.where(chosen(count, chance, random), torch.randint(0, 2, (count,), generator=random) * 2 - 1, 0)
    moved = []
    for clip in clips:
        places = (torch.arange(clip.shape[2])[None] + steps[:, None]).clamp(0, clip.shape[2] - 1).to(clip.device)
        index = places[:, None, :, None, None].expand(-1, clip.shape[1], -1, *clip.shape[3:])
        moved.append(clip.gather(2, index))
    return moved


def dropped_points(clouds: Tensor, most: float, random: torch.Generator) -> Tensor:
    """Up to a share `most` of the points (N, R, P, C) replaced by their region's first (Qi et al., 2017)."""
    count, regions, points, _ = clouds.shape
    share = most * torch.rand(count, 1, 1, generator=random)
    lost = (torch.rand(count, regions, points, generator=random) < share).to(clouds.device)
    return torch.where(lost[..., None], clouds[:, :, :1], clouds)


def moved_clouds(clouds: Tensor, scale: float, shift: float, random: torch.Generator) -> Tensor:
    """Places of points (N, R, P, 6) scaled by 1 / (1 + scale) to 1 + scale, and shifted by up to `shift`."""
    count = clouds.shape[0]
    span = torch.log1p(torch.tensor(scale))
    factor = torch.exp(span * (2 * torch.rand(count, 1, 1, 1, generator=random) - 1)).to(clouds.device)
    step = (shift * (2 * torch.rand(count, 1, 1, 3, generator=random) - 1)).to(clouds.device)
    return torch.cat((clouds[..., :3] * factor + step, clouds[..., 3:]), dim=3)
