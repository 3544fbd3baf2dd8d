"""Everything that decides how a network is fitted."""

from __future__ import annotations

from typing import Literal

import msgspec


class Augmentation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Chances and strengths of what is done to training samples; nothing of it is done to others."""

    flip: float = 0.5  # chance of a mirror image; action units are learned without their side
    decalcomanie: float = 0.0  # chance that one half of the face is mirrored onto the other
    jitter: float = 0.0  # strength of changed brightness and contrast, or of changed amplitude
    temporal_jitter: float = 0.0  # chance that a clip is shifted by a frame, its end repeated
    point_dropout: float = 0.0  # up to which share of a cloud's points are replaced by the first
    cloud_scale: float = 0.0  # clouds are scaled by 1 / (1 + this) to 1 + this
    cloud_shift: float = 0.0  # and shifted by up to this, face widths
    magnification: tuple[float, float] = (0.0, 0.0)  # range of alpha where the data hold it; test data get the middle


class FitSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a network is fitted. Epochs are fixed beforehand, unless inner folds may stop it early."""

    epochs: int = 30
    batch: int = 32
    optimiser: Literal["adam", "adamw", "sgd"] = "adamw"
    learning_rate: float = 1e-3
    backbone_rate: float | None = None  # of the parameters that the network calls its backbone
    weight_decay: float = 0.01
    schedule: Literal["none", "one-cycle", "step", "exponential"] = "one-cycle"
    decay: float = 0.9  # of the schedules "step" and "exponential"
    decay_every: int = 40  # epochs per step
    decay_after: int = 0  # epochs before the exponential decay begins
    loss: Literal["plain", "weighted", "focal"] = "plain"
    focal_gamma: float = 1.0
    class_weights: tuple[float, ...] | None = None  # of the weighted loss; None: inverse to how often classes occur
    label_smoothing: float = 0.0
    action_unit_weight: float = 1.0  # of the action units' loss, where the network has that head
    balanced: bool = False  # draw classes equally often
    clip_gradient: float = 2.0
    amp: bool = True  # half precision; on a GPU only
    patience: int = 0  # epochs without gain on inner folds before the fit stops; 0 never stops early
    inner_share: float = 0.2  # of the training subjects, held out inside for `patience`
    augmentation: Augmentation = Augmentation()
