"""Which regions carried a verdict: each is held still, and each moves alone, and the network is asked again."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.classifier import Classifier

_LEAST_CHANCE = 1e-4
"""Probabilities closer to 0 or 1 are not told apart: float32 would make odds of noise."""
_POSITION = 3
"""Values of a point that say where it lies; the others say how it moved."""


def region_influence(classifier: Classifier, cloud: Any, best: int, said: float) -> NDArray[np.float64]:
    """What each region's motion did to the odds of a class.

    The mean of two answers: how far the log odds fall when only this region is held still, and how far they rise when
    only this region moves. These are the two ends of the Shapley value (Lundberg and Lee, NeurIPS 2017), which asks
    every subset of the regions, 256 of them, and differs little here; holding still alone would say that neither
    corner of a smiling mouth matters, since the other is there.

    Args:
        classifier: reads regional clouds.
        cloud: float32 (R, P, 6), NumPy or what the classifier reads; not changed.
        best: number of the class that is asked about.
        said: its probability as the cloud is.

    Returns:
        (R,) natural logarithms: at 0.7 the region doubled the odds; below 0 it spoke against the class.
    """
    regions = len(cloud)
    here = np.arange(regions)
    asked = cloud[None].repeat(2 * regions + 1, axis=0)
    asked[here, here, :, _POSITION:] = 0.0  # one held still
    asked[regions:, :, :, _POSITION:] = 0.0  # none moves
    asked[regions + here, here] = cloud  # but one
    chances = np.asarray(classifier.classify(asked).probabilities)[:, best]
    log_odds = _log_odds(chances)
    still, alone, none = log_odds[:regions], log_odds[regions:-1], log_odds[-1]
    return np.asarray((_log_odds(np.array([said])) - still + alone - none) / 2, np.float64)


def _log_odds(chances: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    kept = np.clip(np.asarray(chances, np.float64), _LEAST_CHANCE, 1 - _LEAST_CHANCE)
    return np.asarray(np.log(kept / (1 - kept)))
