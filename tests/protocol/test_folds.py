"""Nothing of the held-out subject reaches the training."""

from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest

from models.protocol.folds import LeakError, judge_fold, judge_fold_leaking, leave_one_subject_out
from models.protocol.samples import Inputs, MissingInput, Samples


class Constant:
    def __init__(self, chances):
        self.chances = chances

    def predict(self, inputs):
        return np.tile(self.chances, (len(inputs), 1))


class Recorder:
    """Remembers what it was trained on; guesses the commonest class."""

    name: ClassVar[str] = "recorder"
    needs: ClassVar[tuple[str, ...]] = ("flow",)
    has_epochs: ClassVar[bool] = True

    def __init__(self):
        self.seen = []

    def fit(self, train, seed, after_epoch=None):
        self.seen.append(train)
        for epoch in range(1, 4):
            if after_epoch:
                after_epoch(epoch, Constant(np.eye(3)[epoch - 1]))
        return Constant(np.array([0.2, 0.3, 0.5]))


def test_each_subject_is_held_out_once(samples):
    folds = leave_one_subject_out(samples)
    assert [fold.subject for fold in folds] == sorted(set(samples.subject))
    assert np.array_equal(np.sort(np.concatenate([fold.test for fold in folds])), np.arange(len(samples)))


def test_the_training_function_never_receives_the_test_subject(samples):
    recipe = Recorder()
    for fold in leave_one_subject_out(samples):
        judge_fold(recipe, samples, fold, 1)
        train = recipe.seen[-1]
        assert fold.subject not in train.subject
        assert len(train) == len(samples) - len(fold.test)
        assert not set(train.inputs.name) & set(samples.inputs.name[fold.test])


def test_labels_of_the_test_subject_change_nothing(samples):
    from models.protocol.references import Svm

    fold = leave_one_subject_out(samples)[2]
    turned = samples.label.copy()
    turned[fold.test] = (turned[fold.test] + 1) % 3
    other = replace(samples, label=turned)
    before, after = (judge_fold(Svm(), one, fold, 1).probabilities for one in (samples, other))
    assert np.array_equal(before, after)


def test_a_judgement_gets_neither_names_nor_what_annotators_coded(samples):
    coded = np.ones((len(samples), 17), np.int8)
    samples = replace(samples, inputs=Inputs(samples.inputs.name, {**samples.inputs.arrays, "units": coded}))

    class Listens(Recorder):
        def fit(self, train, seed, after_epoch=None):
            class Fitted:
                def predict(self, inputs):
                    assert not set(inputs.name) & set(samples.inputs.name), "a name may tell the class"
                    return np.tile([0.2, 0.3, 0.5], (len(inputs), 1))

            return Fitted()

    judge_fold(Listens(), samples, leave_one_subject_out(samples)[0], 1)

    class Cheat(Recorder):
        def fit(self, train, seed, after_epoch=None):
            assert train.inputs["units"].shape == (len(train), 17)

            class Fitted:
                def predict(self, inputs):
                    return inputs["units"][:, :3] / 3

            if after_epoch:
                after_epoch(1, Fitted())
            return Fitted()

    for judge in (judge_fold, judge_fold_leaking):
        with pytest.raises(MissingInput, match="'units'"):
            judge(Cheat(), samples, leave_one_subject_out(samples)[0], 1)


def test_a_model_that_looks_at_the_other_test_events_is_caught(samples):
    class Transductive(Recorder):
        def fit(self, train, seed, after_epoch=None):
            class Fitted:
                def predict(self, inputs):
                    share = len(inputs) / (1 + len(inputs))
                    return np.tile([share, 1 - share, 0.0], (len(inputs), 1))

            return Fitted()

    with pytest.raises(LeakError, match="depends on the other test events"):
        judge_fold(Transductive(), samples, leave_one_subject_out(samples)[0], 1)


def test_the_leak_takes_the_epoch_that_suits_the_test_subject(samples):
    fold = leave_one_subject_out(samples)[0]
    label = samples.label.copy()
    label[fold.test] = 1
    leaked = judge_fold_leaking(Recorder(), replace(samples, label=label), fold, 1)
    assert leaked.epoch == 2
    assert (leaked.probabilities.argmax(axis=1) == 1).all()


def test_numbers_that_are_no_probabilities_are_refused(samples):
    class Diverged(Recorder):
        def fit(self, train, seed, after_epoch=None):
            return Constant(np.array([np.nan, 0.5, 0.5]))

    with pytest.raises(ValueError, match="diverged"):
        judge_fold(Diverged(), samples, leave_one_subject_out(samples)[0], 1)


def test_one_subject_is_no_data_set(samples):
    with pytest.raises(ValueError, match="at least two subjects"):
        leave_one_subject_out(samples.take(np.arange(6)))


def test_a_fold_of_one_class_is_refused():
    inputs = Inputs(np.array(["a", "b", "c"]), {"flow": np.zeros((3, 28, 28, 3), np.uint8)})
    lone = Samples(inputs, np.array([0, 0, 1]), np.array(["p", "q", "r"]), np.array(["d"] * 3))
    with pytest.raises(ValueError, match="without r only one class"):
        leave_one_subject_out(lone)
