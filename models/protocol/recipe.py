"""What the protocol asks of a model, and which models there are.

A recipe is a frozen `msgspec.Struct` whose fields are its settings; each setting can be given on the command line with
`--set NAME=VALUE`. Its training function sees the training subjects and nothing else.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.protocol.samples import Inputs, Samples

RECIPES: dict[str, str] = {
    "cloud": "models.cloud_recipe:Cloud",
    "cloud-simulated": "models.cloud_simulated:CloudSimulated",
    "logistic": "models.protocol.references:Logistic",
    "svm": "models.protocol.references:Svm",
    "pointnet": "models.protocol.point_net:PointNet",
    "ststnet": "models.systems.recipes:STSTNetRecipe",
    "htnet": "models.systems.recipes:HTNetRecipe",
    "r3d": "models.systems.recipes:R3DRecipe",
    "r2plus1d": "models.systems.recipes:R2Plus1DRecipe",
    "dualbranch": "models.systems.recipes:DualBranchRecipe",
    "stcnn": "models.systems.recipes:STCNNRecipe",
    "fuse_intermediate": "models.systems.recipes:FuseIntermediateRecipe",
    "fuse_late": "models.systems.recipes:FuseLateRecipe",
    "au_graph": "models.systems.recipes:AUGraphRecipe",
    "regional_clouds": "models.systems.recipes:RegionalCloudsRecipe",
}
"""Every model by its name on the command line: the module and the recipe in it, imported when it is asked for."""


class UnknownRecipe(ValueError):
    """No such model, or no such setting of it; the message says what there is."""


class Fitted(Protocol):
    """A trained model."""

    def predict(self, inputs: Inputs) -> NDArray[np.floating[Any]]:
        """Probabilities (N, 3). Each event is judged by itself: its verdict must not depend on the others."""
        ...


AfterEpoch = Callable[[int, Fitted], None]
"""Called with the number of an epoch, from 1, and the model as it then is."""


class Recipe(Protocol):
    """How a model is made from training subjects."""

    name: ClassVar[str]
    needs: ClassVar[tuple[str, ...]]  # fields of `Inputs`
    has_epochs: ClassVar[bool]  # whether `fit` calls `after_epoch`

    def fit(self, train: Samples, seed: int, after_epoch: AfterEpoch | None = None) -> Fitted:
        """Train a model; hyperparameters are fixed beforehand or chosen by folds inside `train`.

        Args:
            train: the training subjects with their labels.
            seed: of everything drawn at random.
            after_epoch: watches the training and must not change it.
        """
        ...


def load_recipe(name: str, settings: Mapping[str, Any] | None = None) -> Recipe:
    """A recipe with its settings.

    Raises:
        UnknownRecipe: no such model, an unknown setting, or a value of the wrong kind.
        ModuleNotFoundError: the model wants a library that is not installed.
    """
    if name not in RECIPES:
        raise UnknownRecipe(f"no model named {name!r}; choose one of: {', '.join(sorted(RECIPES))}")
    module, attribute = RECIPES[name].split(":")
    made: Recipe
    try:
        made = msgspec.convert(dict(settings or {}), getattr(importlib.import_module(module), attribute))
    except msgspec.ValidationError as error:
        raise UnknownRecipe(f"--set for {name}: {error}") from None
    return made


def settings_of(recipe: Recipe) -> dict[str, Any]:
    """All settings of a recipe, for the record."""
    return dict(msgspec.to_builtins(recipe))
