"""The loop: epochs over batches, on a CPU or a GPU, with checkpoints that a cut-off run goes on from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.metrics import uf1
from models.protocol.samples import Inputs
from models.training.drawing import draw_order, hold_out_subjects
from models.training.losses import class_loss, odds_against, unit_loss
from models.training.settings import Augmentation, FitSettings


class View(Protocol):
    """What a network looks at: how it is read from samples, and what may be changed about it in training."""

    needs: tuple[str, ...]

    def read(self, inputs: Inputs) -> list[NDArray[np.float32]]:
        """The network's inputs in order, each with first axis N."""
        ...

    def vary(self, batch: list[Tensor], settings: Augmentation, random: torch.Generator) -> list[Tensor]:
        """A batch as other faces, cameras or annotators would have given it."""
        ...


class Learned(msgspec.Struct, frozen=True):
    """How one epoch went."""

    epoch: int
    loss: float
    rate: float
    inner_uf1: float | None  # on subjects held out inside the training set


class Truth(NamedTuple):
    """What training samples are meant to give."""

    label: Tensor  # int64 (N,)
    units: Tensor | None = None  # float32 (N, A), for networks that detect action units
    known: Tensor | None = None  # bool (N,): whose action units are known; None: all


class Fitting:
    """One fit of one network.

    Args:
        network: is trained in place.
        view: what it looks at.
        settings: how it is fitted.
        classes: how many.
        seed: of order, augmentation and dropout.
        device: "cpu" or "cuda".
    """

    def __init__(
        self, network: nn.Module, view: View, settings: FitSettings, classes: int, seed: int, device: str = "cpu"
    ) -> None:
        self.network, self.view, self.settings, self.classes = network.to(device), view, settings, classes
        self.seed, self.device = seed, device
        self._half = settings.amp and device == "cuda"

    def run(
        self,
        inputs: Inputs,
        truth: Truth,
        subject: Sequence[str],
        *,
        after_epoch: Callable[[Learned], None] | None = None,
        checkpoint: Path | None = None,
    ) -> list[Learned]:
        """Fit, or go on with a fit that was cut off.

        Args:
            inputs: training samples; nothing else is seen.
            truth: their labels and action units.
            subject: their subjects, for inner folds.
            after_epoch: called with each epoch's figures.
            checkpoint: kept after every epoch and gone on from when it is there.

        Returns:
            All epochs' figures. With `patience`, the network is left as it was at the best epoch on the inner subjects.
        """
        settings = self.settings
        torch.manual_seed(self.seed)
        random = torch.Generator().manual_seed(self.seed)
        outer = torch.arange(len(truth.label))
        inner = outer[:0]
        if settings.patience:
            held = hold_out_subjects(list(subject), settings.inner_share, random)
            outer, inner = outer[~held], outer[held]
        optimiser = self._optimiser()
        batch = min(settings.batch, len(outer))
        steps = max(len(outer) // batch, 1)
        schedule = self._schedule(optimiser, steps)
        cost = class_loss(settings, truth.label[outer].to(self.device), self.classes)
        odds = None if truth.units is None else odds_against(truth.units[_coded(truth, outer)]).to(self.device)
        read = _Reader(self.view, inputs)
        best: tuple[float, int, dict[str, Tensor]] = (-1.0, 0, {})
        learned: list[Learned] = []
        if checkpoint is not None and checkpoint.is_file():
            learned, best = self._resume(checkpoint, optimiser, schedule, random)
        scaler = torch.amp.GradScaler(self.device, enabled=self._half)
        for epoch in range(len(learned) + 1, settings.epochs + 1):
            if settings.patience and best[0] >= 0 and epoch - 1 - best[1] >= settings.patience:
                break
            self.network.train()
            order = outer[draw_order(truth.label[outer], settings.balanced, random)]
            total = 0.0
            for step in range(steps):
                picked = order[step * batch : (step + 1) * batch]
                loss = self._loss(read(picked), truth, picked, cost, odds, random)
                optimiser.zero_grad()
                scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
                scaler.unscale_(optimiser)
                torch.nn.utils.clip_grad_norm_(self.network.parameters(), settings.clip_gradient)
                scaler.step(optimiser)
                scaler.update()
                if settings.schedule == "one-cycle":
                    schedule.step()
                total += float(loss.detach())
            rate = float(optimiser.param_groups[-1]["lr"])
            if settings.schedule != "one-cycle":
                schedule.step()
            self.network.eval()
            score = self._score(read, truth.label, inner) if len(inner) else None
            if score is not None and score > best[0]:
                best = score, epoch, {name: value.clone() for name, value in self.network.state_dict().items()}
            learned.append(Learned(epoch, total / steps, rate, score))
            if checkpoint is not None:
                self._keep(checkpoint, optimiser, schedule, random, learned, best)
            if after_epoch is not None:
                after_epoch(learned[-1])
        if best[2]:
            self.network.load_state_dict(best[2])
        self.network.eval()
        return learned

    def _loss(
        self, batch: list[Tensor], truth: Truth, picked: Tensor, cost: Any, odds: Tensor | None, random: torch.Generator
    ) -> Tensor:
        varied = self.view.vary([one.to(self.device) for one in batch], self.settings.augmentation, random)
        with torch.autocast(self.device, torch.float16, enabled=self._half):
            logits = self.network(*varied)
        classes = classes_of(logits).float()
        loss: Tensor = cost(classes, truth.label[picked].to(self.device))
        if truth.units is not None and odds is not None and not isinstance(logits, Tensor):
            known = torch.ones(len(picked), dtype=torch.bool) if truth.known is None else truth.known[picked]
            if known.any():
                said, wanted = logits.action_units[known.to(self.device)].float(), truth.units[picked][known]
                loss = loss + self.settings.action_unit_weight * unit_loss(said, wanted.to(self.device), odds)
        return loss

    def _score(self, read: _Reader, label: Tensor, inner: Tensor) -> float:
        said = [
            classes_of(self._judge(read(inner[start : start + 64]))).argmax(dim=1).cpu()
            for start in range(0, len(inner), 64)
        ]
        return uf1(label[inner].numpy(), torch.cat(said).numpy(), self.classes)

    def _judge(self, batch: list[Tensor]) -> Any:
        with torch.inference_mode():
            return self.network(*(one.to(self.device) for one in batch))

    def _optimiser(self) -> torch.optim.Optimizer:
        settings = self.settings
        slow: list[nn.Parameter] = []
        if settings.backbone_rate is not None and hasattr(self.network, "backbone"):
            slow = list(self.network.backbone())  # type: ignore[operator]
        ours = {id(one) for one in slow}
        rest = [one for one in self.network.parameters() if id(one) not in ours]
        groups: list[dict[str, Any]] = [{"params": rest, "lr": settings.learning_rate}]
        if slow:
            groups.insert(0, {"params": slow, "lr": settings.backbone_rate})
        kinds = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "sgd": torch.optim.SGD}
        more = {"momentum": 0.9} if settings.optimiser == "sgd" else {}
        made: torch.optim.Optimizer = kinds[settings.optimiser](groups, weight_decay=settings.weight_decay, **more)
        return made

    def _schedule(self, optimiser: torch.optim.Optimizer, steps: int) -> torch.optim.lr_scheduler.LRScheduler:
        settings = self.settings
        rates = [group["lr"] for group in optimiser.param_groups]
        if settings.schedule == "one-cycle":
            return torch.optim.lr_scheduler.OneCycleLR(optimiser, rates, total_steps=steps * settings.epochs)
        if settings.schedule == "step":
            return torch.optim.lr_scheduler.StepLR(optimiser, settings.decay_every, settings.decay)
        decay = settings.decay if settings.schedule == "exponential" else 1.0
        return torch.optim.lr_scheduler.LambdaLR(optimiser, lambda epoch: decay ** max(epoch - settings.decay_after, 0))

    def _keep(
        self, file: Path, optimiser: Any, schedule: Any, random: torch.Generator, learned: list[Learned], best: Any
    ) -> None:
        half_done = file.with_suffix(".part")
        torch.save(
            {
                "network": self.network.state_dict(),
                "optimiser": optimiser.state_dict(),
                "schedule": {name: value for name, value in schedule.state_dict().items() if _plain(value)},
                "random": random.get_state(),
                "dropout": torch.get_rng_state(),
                "learned": msgspec.to_builtins(learned),
                "best": list(best),
            },
            half_done,
        )
        half_done.replace(file)

    def _resume(
        self, file: Path, optimiser: Any, schedule: Any, random: torch.Generator
    ) -> tuple[list[Learned], tuple[float, int, dict[str, Tensor]]]:
        kept = torch.load(file, weights_only=True, map_location=self.device)
        self.network.load_state_dict(kept["network"])
        optimiser.load_state_dict(kept["optimiser"])
        schedule.load_state_dict(kept["schedule"])
        random.set_state(kept["random"].cpu())
        torch.set_rng_state(kept["dropout"].cpu())
        score, epoch, state = kept["best"]
        return msgspec.convert(kept["learned"], list[Learned]), (score, epoch, state)


def _plain(value: Any) -> bool:
    return isinstance(value, int | float | str | bool | list | type(None))


def _coded(truth: Truth, index: Tensor) -> Tensor:
    """Those of the samples whose action units are known: zeros of the others say nothing about how rare a unit is."""
    return index if truth.known is None else index[truth.known[index]]


def classes_of(logits: Any) -> Tensor:
    """The class logits (N, classes) of whatever a network gives."""
    found: Tensor = logits if isinstance(logits, Tensor) else logits.classes
    return found


class _Reader:
    """Batches of a view; kept in memory as a whole where that is little, read anew where it is not."""

    MOST = 1 << 30  # bytes

    def __init__(self, view: View, inputs: Inputs) -> None:
        self._view, self._inputs = view, inputs
        first = view.read(inputs.take(np.arange(1)))
        self._all: list[Tensor] | None = None
        if sum(one.nbytes for one in first) * len(inputs) <= self.MOST:
            self._all = [torch.from_numpy(one) for one in view.read(inputs)]

    def __call__(self, index: Tensor) -> list[Tensor]:
        if self._all is not None:
            return [one[index] for one in self._all]
        return [torch.from_numpy(one) for one in self._view.read(self._inputs.take(index.numpy()))]
