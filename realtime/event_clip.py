"""One expression as the recogniser has it: aligned grey faces from onset to offset, and how they moved."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kernels.expression_cloud import Measured
from realtime.crop import Similarity, carry
from realtime.messages import ExpressionSpotted, FaceTracked

MOST_FRAMES = 120
"""Of a longer expression every second, third ... frame is taken."""
_REMEMBERED = 4096


class EventClip(NamedTuple):
    """What inputs of networks are made of."""

    frames: NDArray[np.uint8]  # (T, 256, 256), onset to offset, all cut like the apex
    apex: int  # place in `frames`
    rate: float  # frames per second
    mesh: NDArray[np.float32]  # (468, 3) of the apex, px of the crops
    face_width: float  # px of the crops
    measured: Measured  # onset to apex


class Faces(NamedTuple):
    """Aligned faces of one expression."""

    frames: NDArray[np.uint8]  # (T, 256, 256), all cut like the apex
    apex: int  # place in `frames`
    rate: float  # frames per second
    sequences: tuple[int, ...]  # (T,)


class CropMemory:
    """Remembers how each of the last faces was cut, so that they can be laid over each other."""

    def __init__(self) -> None:
        self._similarity: OrderedDict[int, tuple[float, ...]] = OrderedDict()

    def see(self, tracked: FaceTracked) -> None:
        """Keep one face's similarity; those of long ago are let go."""
        self._similarity[tracked.sequence] = tracked.crop_from_frame
        while len(self._similarity) > _REMEMBERED:
            self._similarity.popitem(last=False)

    def frames(self, spotted: ExpressionSpotted, crops: Callable[[int], NDArray[np.uint8]]) -> Faces:
        """Faces from onset to offset; those that were lost on the way are left out.

        Raises:
            KeyError: onset or apex are gone.
        """
        first, last = spotted.onset.sequence, max(spotted.offset_sequence, spotted.apex.sequence)
        stride = max(-(-(last - first + 1) // MOST_FRAMES), 1)
        wanted = sorted({*range(first, last + 1, stride), spotted.apex.sequence, last})
        target = similarity_of(spotted.apex.crop_from_frame)
        kept: list[NDArray[np.uint8]] = []
        sequences: list[int] = []
        for sequence in wanted:
            own = self._similarity.get(sequence)
            needed = sequence in (first, spotted.apex.sequence)
            if own is None and not needed:
                continue
            if needed:
                own = (spotted.onset if sequence == first else spotted.apex).crop_from_frame
            try:
                crop = crops(sequence)
            except KeyError:
                if needed:
                    raise
                continue
            assert own is not None
            sequences.append(sequence)
            kept.append(carry(crop, similarity_of(own), target))
        seconds = max(spotted.offset_s - spotted.onset_s, 1e-3)
        rate = max(len(kept) - 1, 1) / seconds
        return Faces(np.stack(kept), sequences.index(spotted.apex.sequence), rate, tuple(sequences))


def similarity_of(values: tuple[float, ...]) -> Similarity:
    """A message's six numbers as a matrix."""
    return np.array(values).reshape(2, 3)
