"""Losses, drawing, augmentation, and the loop: what is seen, what is kept, and that a cut-off run goes on alike."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
import torch
from torch import nn

from kernels.inputs.face_areas import MIRRORED_PATCHES, patches_at
from models.protocol.samples import Inputs
from models.systems.mirrored_patches import mirrored_patches
from models.systems.views import FlowView, PatchesView
from models.training import augmentation as change
from models.training.drawing import draw_order, hold_out_subjects
from models.training.loop import Fitting, Learned, Truth, _coded
from models.training.losses import class_loss, focal_loss, inverse_frequency, odds_against
from models.training.settings import Augmentation, FitSettings


def chance(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_focal_loss_is_cross_entropy_at_gamma_zero_and_forgives_the_certain():
    logits, label = torch.randn(20, 3), torch.randint(0, 3, (20,))
    plain = nn.functional.cross_entropy(logits, label)
    assert torch.allclose(focal_loss(logits, label, 0.0), plain)
    sure = torch.tensor([[4.0, 0.0, 0.0]])
    first = torch.tensor([0])
    p = torch.softmax(sure, 1)[0, 0]
    assert torch.allclose(focal_loss(sure, first, 2.0), -((1 - p) ** 2) * torch.log(p))
    weight = torch.tensor([1.0, 2.0, 3.0])
    assert torch.allclose(focal_loss(logits, label, 0.0, weight), nn.functional.cross_entropy(logits, label, weight))


def test_weights_make_rare_classes_count_as_much_as_common_ones():
    label = torch.tensor([0] * 6 + [1] * 3 + [2])
    weight = inverse_frequency(label, 4)
    assert torch.allclose(weight[label].mean(), torch.tensor(1.0)) and weight[3] == 0
    assert torch.allclose(weight[:3] * torch.tensor([6.0, 3.0, 1.0]), torch.full((3,), 10 / 3))
    with pytest.raises(ValueError, match="must be 3 numbers"):
        class_loss(FitSettings(loss="weighted", class_weights=(1.0, 2.0)), label, 3)
    assert odds_against(torch.tensor([[1.0, 0], [0, 0], [0, 0], [0, 0]])).tolist() == [3.0, 20.0]


def test_how_rare_a_unit_is_comes_from_coded_samples_only():
    units = torch.tensor([[1.0], [0.0], [0.0], [0.0], [0.0], [0.0]])
    truth = Truth(torch.zeros(6, dtype=torch.int64), units, torch.tensor([True, True, False, False, False, False]))
    assert odds_against(units[_coded(truth, torch.arange(6))]).tolist() == [1.0]
    assert odds_against(units[_coded(truth._replace(known=None), torch.arange(6))]).tolist() == pytest.approx([5.0])


def test_balanced_drawing_draws_classes_alike():
    label = torch.tensor([0] * 900 + [1] * 90 + [2] * 10)
    counts = torch.bincount(label[draw_order(label, True, chance())])
    assert (counts - 333).abs().max() < 60
    assert sorted(draw_order(label, False, chance()).tolist()) == list(range(1000))


def test_inner_folds_never_split_a_subject():
    subjects = [f"s{number % 7}" for number in range(50)]
    held = hold_out_subjects(subjects, 0.3, chance())
    inside = {one for one, out in zip(subjects, held.tolist(), strict=True) if out}
    assert len(inside) == 2 and not inside & {one for one, out in zip(subjects, held.tolist(), strict=True) if not out}
    with pytest.raises(ValueError, match="two training subjects"):
        hold_out_subjects(["a", "a"], 0.5, chance())


def test_flips_reverse_columns_and_the_sign_of_motion_across():
    flow = torch.randn(2, 3, 4, 6)
    turned = change.flipped(flow, 0)
    assert torch.equal(turned[:, 0], -flow[:, 0].flip(-1)) and torch.equal(turned[:, 1], flow[:, 1].flip(-1))
    assert torch.equal(change.flipped(turned, 0), flow)


@pytest.mark.parametrize("width", [6, 7])
@pytest.mark.parametrize("keep_left", [True, False])
def test_decalcomanie_makes_faces_symmetric(width: int, keep_left: bool):
    clip = torch.rand(2, 3, 5, 8, width)
    whole = change.decalcomanie(clip, keep_left)
    assert torch.equal(whole, whole.flip(-1))
    kept = slice(0, (width + 1) // 2) if keep_left else slice(width // 2, width)
    assert torch.equal(whole[..., kept], clip[..., kept])


def test_time_and_light_change_all_clips_of_a_sample_alike():
    clip = torch.rand(8, 1, 6, 4, 4)
    first, second = change.shifted_in_time([clip, clip.clone()], 1.0, chance())
    assert torch.equal(first, second)
    moved = [
        (torch.equal(f[:, 1:], c[:, :-1]) or torch.equal(f[:, :-1], c[:, 1:])) for f, c in zip(first, clip, strict=True)
    ]
    assert all(moved)
    bright, same = change.jittered_light([clip, clip.clone()], 0.3, chance())
    assert torch.equal(bright, same) and bright.min() >= 0 and bright.max() <= 1 and not torch.equal(bright, clip)


def test_dropped_points_become_their_regions_first():
    clouds = torch.randn(3, 8, 40, 6)
    dropped = change.dropped_points(clouds, 0.875, chance())
    same = (dropped == clouds).all(3)
    assert (dropped[~same] == clouds[:, :, :1].expand_as(clouds)[~same]).all()
    assert 0.2 < (~same).float().mean() < 0.7
    moved = change.moved_clouds(clouds, 0.25, 0.1, chance())
    assert torch.equal(moved[..., 3:], clouds[..., 3:]) and not torch.equal(moved[..., :3], clouds[..., :3])


def test_mirrored_patches_are_the_patches_of_the_mirrored_face():
    random = np.random.default_rng(2)
    size = 65
    landmarks = np.full((468, 3), 0.5, np.float32)
    from kernels.inputs.face_areas import BROWS, MOUTH

    order = [*BROWS, *MOUTH]
    points = random.integers(8, 57, (30, 2))
    for index, twin in enumerate(MIRRORED_PATCHES):
        if twin >= index:
            points[twin] = (size - 1 - points[index, 0], points[index, 1])
            if twin == index:
                points[index, 0] = size // 2
    landmarks[order, :2] = points / size
    flows = random.normal(size=(9, size, size, 2)).astype(np.float32)
    turned = flows[:, :, ::-1] * np.float32([-1, 1])
    mirrored = landmarks.copy()
    across = np.array([size - 1, 0]) + np.array([-1, 1]) * points[list(MIRRORED_PATCHES)]
    mirrored[order, :2] = across / size
    assert np.allclose(mirrored, landmarks)  # the face is symmetric, its motion is not
    expected = patches_at(np.ascontiguousarray(turned), landmarks)
    found = mirrored_patches(torch.from_numpy(patches_at(flows, landmarks))[None])[0].numpy()
    assert np.allclose(found, expected)


def test_random_alpha_scales_the_patches_about_the_middle_of_its_range():
    batch = [torch.ones(200, 30, 9, 2, 7, 7), torch.rand(200, 3, 2, 4, 4)]
    varied = PatchesView().vary(batch, Augmentation(flip=0.0, magnification=(1.2, 3.0)), chance())[0]
    factors = varied[:, 0, 0, 1, 0, 0]
    assert 2.2 / 3.1 <= factors.min() < 0.76 and 1.24 < factors.max() <= 4.0 / 3.1
    assert torch.equal(varied, factors.reshape(-1, 1, 1, 1, 1, 1).expand_as(varied))


class Linear(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Linear(3 * 28 * 28, 3)
        self.drop = nn.Dropout(0.3)

    def forward(self, flow: torch.Tensor) -> torch.Tensor:
        return self.last(self.drop(flow.flatten(1)))


def flows(count: int = 36) -> tuple[Inputs, Truth, list[str]]:
    random = np.random.default_rng(4)
    label = np.arange(count) % 3
    flow = random.integers(90, 160, (count, 28, 28, 3)).astype(np.uint8)
    for row, one in enumerate(label):
        flow[row, 9 * one : 9 * one + 9, :, 1] += 60
    names = np.array([f"e{row}" for row in range(count)])
    return Inputs(names, {"flow": flow}), Truth(torch.from_numpy(label)), [f"s{row % 6}" for row in range(count)]


SETTINGS = FitSettings(epochs=6, batch=8, learning_rate=3e-3, augmentation=Augmentation(flip=0.5, jitter=0.1))


@pytest.mark.parametrize("schedule", ["one-cycle", "step", "exponential", "none"])
def test_a_run_that_was_cut_off_ends_where_a_whole_one_ends(schedule: str, tmp_path):
    settings = msgspec.structs.replace(SETTINGS, schedule=schedule)
    inputs, truth, subjects = flows()

    class CutOffError(Exception):
        pass

    def stop(learned: Learned) -> None:
        if learned.epoch == 3:
            raise CutOffError

    def fitting() -> Fitting:
        torch.manual_seed(9)
        return Fitting(Linear(), FlowView(), settings, 3, seed=5)

    whole = fitting()
    figures = whole.run(inputs, truth, subjects)
    half = fitting()
    with pytest.raises(CutOffError):
        half.run(inputs, truth, subjects, after_epoch=stop, checkpoint=tmp_path / "training.pt")
    rest = fitting()
    again = rest.run(inputs, truth, subjects, checkpoint=tmp_path / "training.pt")
    assert [one.epoch for one in again] == [1, 2, 3, 4, 5, 6]
    assert np.allclose([one.loss for one in figures], [one.loss for one in again])
    assert torch.allclose(whole.network.last.weight, rest.network.last.weight)


@pytest.mark.parametrize("loss", ["plain", "weighted", "focal"])
@pytest.mark.parametrize("optimiser", ["adam", "adamw", "sgd"])
def test_every_loss_and_optimiser_learns(loss: str, optimiser: str):
    inputs, truth, subjects = flows()
    settings = msgspec.structs.replace(SETTINGS, loss=loss, optimiser=optimiser, epochs=8, balanced=True)
    torch.manual_seed(1)
    fitting = Fitting(Linear(), FlowView(), settings, 3, seed=1)
    figures = fitting.run(inputs, truth, subjects)
    assert figures[-1].loss < 0.6 * figures[0].loss


def test_early_stop_watches_inner_subjects_only_and_keeps_the_best_epoch():
    inputs, truth, subjects = flows()
    settings = msgspec.structs.replace(SETTINGS, epochs=40, patience=3, learning_rate=0.01, schedule="none")
    torch.manual_seed(2)
    fitting = Fitting(Linear(), FlowView(), settings, 3, seed=2)
    states: list[torch.Tensor] = []
    figures = fitting.run(
        inputs, truth, subjects, after_epoch=lambda _: states.append(fitting.network.last.weight.detach().clone())
    )
    scores = [one.inner_uf1 for one in figures]
    assert len(figures) < 40 and None not in scores
    assert torch.equal(fitting.network.last.weight, states[int(np.argmax(scores))])


def test_watching_an_epoch_does_not_change_the_fit():
    inputs, truth, subjects = flows()
    ends = []
    for watch in (None, lambda _: None):
        torch.manual_seed(3)
        fitting = Fitting(Linear(), FlowView(), SETTINGS, 3, seed=3)
        fitting.run(inputs, truth, subjects, after_epoch=watch)
        ends.append(fitting.network.last.weight)
    assert torch.equal(*ends)


def test_a_network_that_is_sure_of_nothing_still_gets_a_threshold():
    from models.calibration import certain_threshold

    chances, truth = np.full((4, 3), 1 / 3), np.array([0, 1, 2, 0])
    assert certain_threshold(chances, truth, 0.1).threshold == 0.0
