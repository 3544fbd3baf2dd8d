"""Flow patches as the mirrored face would have given them."""

from __future__ import annotations

import torch
from torch import Tensor

from kernels.inputs.face_areas import MIRRORED_PATCHES


def mirrored_patches(patches: Tensor) -> Tensor:
    """Patches (N, 30, F, 2, 7, 7) of the mirrored face: sides exchanged, columns reversed, u with the other sign."""
    sign = torch.tensor([-1.0, 1.0], device=patches.device).reshape(1, 1, 1, 2, 1, 1)
    return patches[:, list(MIRRORED_PATCHES)].flip(-1) * sign
