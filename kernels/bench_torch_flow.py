"""A peer in PyTorch for the GPU's table: batched pyramidal Lucas-Kanade with Gaussian windows, without learned weights.

Lucas and Kanade (1981), coarse to fine as in Bouguet (2001), every pixel at once: the window's sums are separable
convolutions, and warping is `grid_sample`.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional as net

LEVELS, WARPS, SIGMA = 3, 3, 5.0
"""Scales, warps at each, and the window's standard deviation, px."""
RIDGE = 4.0
"""Pull towards no change per warp, grey levels^2 / px^2: without it, smooth skin has no solution."""


class TorchFlow:
    """Dense flow of batches.

    Args:
        device: torch's name of it: "cuda" or "cpu".
    """

    def __init__(self, device: str) -> None:
        self.device = device
        reach = int(3 * SIGMA)
        window = torch.exp(-0.5 * (torch.arange(-reach, reach + 1, device=device) / SIGMA) ** 2)
        self._window = (window / window.sum()).float()
        self._slope = torch.tensor([-0.5, 0.0, 0.5], device=device)

    @torch.no_grad()
    def __call__(self, before: Any, after: Any) -> Any:
        """Flow of a batch.

        Args:
            before: float tensor (pairs, height, width) on the device, grey levels.
            after: likewise.

        Returns:
            (pairs, height, width, 2), px, x then y.
        """
        pyramid = [(before[:, None], after[:, None])]
        for _ in range(LEVELS - 1):
            earlier, later = pyramid[-1]
            pyramid.append((net.avg_pool2d(earlier, 2), net.avg_pool2d(later, 2)))
        earlier = pyramid[-1][0]
        flow = torch.zeros(earlier.shape[0], 2, *earlier.shape[2:], device=self.device)
        for level, (earlier, later) in enumerate(reversed(pyramid)):
            if level > 0:
                flow = 2 * net.interpolate(flow, size=earlier.shape[2:], mode="bilinear", align_corners=False)
            flow = self._refined(earlier, later, flow)
        return flow.permute(0, 2, 3, 1)

    def _refined(self, before: Any, after: Any, flow: Any) -> Any:
        height, width = before.shape[2:]
        slope_x = self._along(before, self._slope, 3)
        slope_y = self._along(before, self._slope, 2)
        products = torch.cat([slope_x * slope_x, slope_x * slope_y, slope_y * slope_y], 1)
        xx, xy, yy = self._blurred(products).split(1, dim=1)
        xx, yy = xx + RIDGE, yy + RIDGE
        share = 1 / (xx * yy - xy * xy)
        y, x = torch.meshgrid(
            *(torch.arange(size, device=self.device, dtype=torch.float32) for size in (height, width)), indexing="ij"
        )
        for _ in range(WARPS):
            places = torch.stack(
                [(x + flow[:, 0]) * 2 / (width - 1) - 1, (y + flow[:, 1]) * 2 / (height - 1) - 1], dim=3
            )
            warped = net.grid_sample(after, places, mode="bilinear", padding_mode="border", align_corners=True)
            error = warped - before
            p, q = self._blurred(torch.cat([slope_x * error, slope_y * error], 1)).split(1, dim=1)
            flow = flow - share * torch.cat([yy * p - xy * q, xx * q - xy * p], 1)
        return flow

    def _blurred(self, planes: Any) -> Any:
        return self._along(self._along(planes, self._window, 3), self._window, 2)

    def _along(self, planes: Any, weights: Any, axis: int) -> Any:
        """Correlation of every plane with weights along rows (2) or columns (3), borders repeated."""
        reach, planes_of = len(weights) // 2, planes.shape[1]
        pad = (reach, reach, 0, 0) if axis == 3 else (0, 0, reach, reach)
        kernel = weights.reshape(1, 1, 1, -1) if axis == 3 else weights.reshape(1, 1, -1, 1)
        padded = net.pad(planes, pad, mode="replicate")
        return net.conv2d(padded, kernel.expand(planes_of, 1, -1, -1), groups=planes_of)
