"""Two references without a network: what linear and kernel machines reach on 7 x 7 means of the flow."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from models.calibration import softmax
from models.protocol.flow_features import block_means, mirrored, motion_and_tension
from models.protocol.recipe import AfterEpoch
from models.protocol.samples import Inputs, Samples


class Logistic(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Logistic regression on the standardised 7 x 7 means of the flow as it comes."""

    name: ClassVar[str] = "logistic"
    needs: ClassVar[tuple[str, ...]] = ("flow",)
    has_epochs: ClassVar[bool] = False
    inverse_penalty: float = 1.0

    def fit(self, train: Samples, seed: int, after_epoch: AfterEpoch | None = None) -> FittedLogistic:
        """Nothing is drawn at random: every seed gives the same model."""
        machine = make_pipeline(StandardScaler(), LogisticRegression(C=self.inverse_penalty, max_iter=1000))
        machine.fit(_plain(train.inputs), train.label)
        return FittedLogistic(machine)


class FittedLogistic(NamedTuple):
    """A trained `Logistic`."""

    machine: Pipeline

    def predict(self, inputs: Inputs) -> NDArray[np.float64]:
        """Probabilities (N, 3)."""
        return _all_classes(self.machine.predict_proba(_plain(inputs)), self.machine.classes_, 0.0)


class Svm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """RBF-SVM on 7 x 7 means of median-subtracted motion and square-rooted strain, mirrored in training and test."""

    name: ClassVar[str] = "svm"
    needs: ClassVar[tuple[str, ...]] = ("flow",)
    has_epochs: ClassVar[bool] = False
    inverse_penalty: float = 1.0

    def fit(self, train: Samples, seed: int, after_epoch: AfterEpoch | None = None) -> FittedSvm:
        """Nothing is drawn at random: every seed gives the same model."""
        machine = SVC(C=self.inverse_penalty, decision_function_shape="ovr")
        machine.fit(np.concatenate(_both_ways(train.inputs)), np.concatenate([train.label, train.label]))
        return FittedSvm(machine)


class FittedSvm(NamedTuple):
    """A trained `Svm`; its probabilities are a softmax of decision values and not calibrated."""

    machine: SVC

    def predict(self, inputs: Inputs) -> NDArray[np.float64]:
        """Probabilities (N, 3)."""
        scores = sum(self._decide(one_way) for one_way in _both_ways(inputs)) / 2
        return softmax(_all_classes(np.asarray(scores), self.machine.classes_, -10.0))

    def _decide(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        values = np.asarray(self.machine.decision_function(features), np.float64)
        # Of two classes scikit-learn gives one column, the second one's.
        return np.column_stack([-values, values]) if values.ndim == 1 else values


def _plain(inputs: Inputs) -> NDArray[np.float64]:
    return block_means(np.asarray(inputs["flow"], np.float64) / 255.0)


def _both_ways(inputs: Inputs) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    values = motion_and_tension(np.asarray(inputs["flow"]))
    return block_means(values), block_means(mirrored(values))


def _all_classes(values: NDArray[np.floating[Any]], present: NDArray[np.int64], absent: float) -> NDArray[np.float64]:
    """Columns of the classes that occurred in training, put where they belong among the three."""
    full = np.full((len(values), 3), absent, np.float64)
    full[:, present] = values
    return full
