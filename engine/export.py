"""From a trained torch network to an ONNX file that explains and proves itself. Needs the `train` extra."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from engine.classifier import ModelError
from engine.manifest import record_model
from engine.metadata import TORCH_PEER, Metadata
from engine.onnx_file import write_onnx
from engine.onnx_runtime import OnnxRuntimeClassifier
from engine.proof import Proof, write_proof
from engine.schema import InputSpec, Schema
from engine.torch_peer import Origin, state_of
from models.labels import ACTION_UNITS, CLASSES

LARGEST_DIFFERENCE = 1e-4
"""Between torch and ONNX Runtime, in any probability."""
PROOF_EVENTS = 8
_CLOUD_MODULE = "models.cloud_network"
_LEAST_EVENTS = 2  # what torch.export needs to see that the batch is free

CLOUD_INPUT = InputSpec(
    "clouds",
    (8, 128, 6),
    "regions of kernels.face_regions.CLOUD_REGIONS; points; x, y, z in face widths, u, v in px at 224 px face width, "
    "optical strain in the same unit per px",
)


class Parity(NamedTuple):
    """How far ONNX Runtime strays from torch on the same events, as the largest absolute difference."""

    probabilities: float
    action_units: float  # 0 where the network has no such head, the next too
    expression: float


@dataclass(frozen=True)
class Exportable:
    """A trained network with all that its file shall say.

    `network(*inputs)` gives logits: a tensor (N, classes), or a named tuple with `classes` and, where it has these
    heads, `action_units` (N, A) and `expression` (N,). If it has a method `deployed()`, what that gives is written in
    its place: the same function, in a form that runs faster.
    """

    name: str
    network: nn.Module
    inputs: tuple[InputSpec, ...]  # in the order of the network's arguments
    samples: dict[str, Tensor]  # real events by input name, float32 (N, ...), N of 2 or more
    labels: tuple[str, ...]
    action_units: tuple[str, ...]
    certain: float
    temperature: float
    trained_by: str
    commit: str
    data: str
    origin: Origin | None = None  # how the network is made again, for comparisons without its checkpoint


class Probabilities(nn.Module):
    """Softmax with the fitted temperature and sigmoids, so that every runtime gives the same probabilities."""

    def __init__(self, network: nn.Module, temperature: float) -> None:
        super().__init__()
        self.network = network
        self.temperature = temperature

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Outputs in the order of `Schema.outputs`."""
        logits = self.network(*inputs)
        classes = logits if isinstance(logits, Tensor) else logits.classes
        found = [torch.softmax(classes / self.temperature, dim=1)]
        found += [torch.sigmoid(getattr(logits, head)) for head in _heads(logits)]
        return tuple(found)


def _deployed(given: Exportable) -> nn.Module:
    deployed: Callable[[], nn.Module] | None = getattr(given.network, "deployed", None)
    return Probabilities(deployed() if deployed else given.network, given.temperature).eval()


def _heads(logits: Any) -> list[str]:
    if isinstance(logits, Tensor):
        return []
    return [head for head in ("action_units", "expression") if getattr(logits, head, None) is not None]


def export_checkpoint(checkpoint: Path, target: Path) -> Parity:
    """Write a checkpoint of `python -m models train` as ONNX, its test vector and its manifest entry beside it.

    Args:
        checkpoint: holds the network, its calibration, and events for the comparison.
        target: the ONNX file to write.

    Raises:
        ModelError: the checkpoint cannot be read, or the exported network does not say the same as the trained one.
    """
    return export_network(read_checkpoint(checkpoint), target)


def export_network(given: Exportable, target: Path) -> Parity:
    """Write a network as ONNX, with its test vector and its manifest entry beside it.

    Nothing is left behind, and what was there before is kept, where the network cannot be exported.

    Raises:
        ModelError: an operation that ONNX does not have, or answers that stray from torch's.
    """
    network = Probabilities(given.network, given.temperature).eval()
    samples = {one.name: given.samples[one.name].float() for one in given.inputs}
    if min(len(tensor) for tensor in samples.values()) < _LEAST_EVENTS:
        raise ModelError(f"{given.name}: the checkpoint must hold at least {_LEAST_EVENTS} events to compare on")
    with torch.inference_mode():
        heads = _heads(given.network(*(tensor[:1] for tensor in samples.values())))
    schema = Schema(
        given.inputs,
        given.labels,
        given.action_units if "action_units" in heads else (),
        "expression" in heads,
        given.certain,
    )
    target.parent.mkdir(parents=True, exist_ok=True)
    written = target.with_suffix(".onnx.new")
    about = Metadata(given.name, "float32", schema, given.trained_by, given.commit, given.data, str(given.temperature))
    try:
        try:
            write_onnx(_deployed(given), samples, about, written, given.origin, given.network.state_dict())
        except Exception as error:  # the exporter raises whatever its passes met
            raise ModelError(f"{given.name}: torch cannot export it ({_reason(error)})") from error
        parity = measure_parity(network, schema, written, samples)
        if not max(parity) <= LARGEST_DIFFERENCE:
            raise ModelError(
                f"{target}: the exported network strays by {max(parity):.1e} from the trained one; not kept"
            )
        written.replace(target)
    finally:
        written.unlink(missing_ok=True)
    proof = target.with_suffix(".proof.npz")
    questions = {name: tensor[:PROOF_EVENTS] for name, tensor in samples.items()}
    write_proof(Proof({k: v.numpy() for k, v in questions.items()}, _answers(network, schema, questions)), proof)
    record_model(given.name, target, given.trained_by, given.commit, proof)
    return parity


def measure_parity(network: nn.Module, schema: Schema, path: Path, samples: dict[str, Tensor]) -> Parity:
    """Compare an ONNX file with its torch network on real events, on random ones, and on empty clouds."""
    random = torch.Generator().manual_seed(1)
    batches = [
        {one.name: 0.5 * torch.randn(count, *one.shape, generator=random) for one in schema.inputs}
        for count in (1, 2, 17)
    ]
    batches += [{one.name: torch.zeros(1, *one.shape) for one in schema.inputs}, samples]
    classifier = OnnxRuntimeClassifier(path)
    worst = dict.fromkeys(Parity._fields, 0.0)
    for batch in batches:
        found = classifier.classify({name: tensor.numpy() for name, tensor in batch.items()})._asdict()
        for name, expected in _answers(network, schema, batch).items():
            difference = np.abs(expected - found[name]).max()
            worst[name] = float(np.maximum(worst[name], difference))  # keeps a NaN
    return Parity(**worst)


def _answers(network: nn.Module, schema: Schema, batch: dict[str, Tensor]) -> dict[str, NDArray[np.float32]]:
    with torch.inference_mode():
        outputs = network(*batch.values())
    return {name: output.numpy() for name, output in zip(schema.outputs, outputs, strict=True)}


def read_checkpoint(checkpoint: Path) -> Exportable:
    """The network of a checkpoint, with what its file shall say.

    Raises:
        ModelError: missing, damaged, or not a checkpoint of ours.
    """
    foreign = f"{checkpoint}: not a checkpoint of `python -m models train`"
    try:
        stored = torch.load(checkpoint, weights_only=True, map_location="cpu")
    except FileNotFoundError:
        raise ModelError(f"{checkpoint}: no such checkpoint; make one with `python -m models train`") from None
    except Exception as error:  # torch.load raises whatever its unpickler met
        raise ModelError(f"{foreign} ({type(error).__name__})") from None
    try:
        network = _from_checkpoint(stored.get("module", _CLOUD_MODULE), stored["network"])
        inputs = [InputSpec(one["name"], tuple(one["shape"]), one["meaning"]) for one in stored.get("inputs", [])]
        return Exportable(
            name=stored["model"],
            network=network,
            inputs=tuple(inputs) or (CLOUD_INPUT,),
            samples=stored["samples"] if "samples" in stored else {"clouds": stored["clouds"]},
            labels=tuple(stored.get("labels", CLASSES)),
            action_units=tuple(stored.get("action_units", ACTION_UNITS)),
            certain=float(stored["certain"]),
            temperature=float(stored["temperature"]),
            trained_by=stored["trained_by"],
            commit=stored["commit"],
            data=stored.get("data", "simulated expressions of models.simulated_clouds"),
            origin=_origin(stored),
        )
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        raise ModelError(f"{foreign} ({_reason(error)})") from None


def torch_network(path: Path) -> nn.Module:
    """The torch network behind an ONNX file of ours, with the parameters that lie in the file.

    Raises:
        ModelError: the file does not tell how the network is made, as where the exporter folded parameters away.
    """
    model = onnx.load(path)
    told = next((entry.value for entry in model.metadata_props if entry.key == TORCH_PEER), None)
    if told is None:
        raise ModelError(f"{path.name} does not hold its torch parameters one by one")
    try:
        origin = msgspec.json.decode(told.encode(), type=Origin)
        network = _from_checkpoint(origin.module, {**origin.network, "state": state_of(model, origin)})
    except (msgspec.DecodeError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise ModelError(f"{path.name}: its torch network cannot be made again ({_reason(error)})") from None
    return Probabilities(network, origin.temperature).eval()


def _origin(stored: dict[str, Any]) -> Origin | None:
    """Where the checkpoint keeps sizes and state apart, and the sizes are plain values."""
    network = stored["network"]
    if not isinstance(network, dict) or "state" not in network:
        return None
    sizes = {key: value for key, value in network.items() if key != "state"}
    try:
        msgspec.json.encode(sizes)
    except TypeError:
        return None
    return Origin(stored.get("module", _CLOUD_MODULE), sizes, float(stored["temperature"]))


def _from_checkpoint(module: str, stored: Any) -> nn.Module:
    # The name comes from a file: only our own networks may be imported by it.
    if not re.fullmatch(r"models(\.[a-z][a-z0-9_]*)+", module):
        raise ValueError(f"{module!r} is no module of models")
    try:
        network: nn.Module = importlib.import_module(module).from_checkpoint(stored)
    except ImportError as error:
        raise ValueError(str(error)) from None
    return network.eval()


def _reason(error: BaseException) -> str:
    """The first line of what started it: torch wraps its errors in pages of advice."""
    while error.__cause__ is not None:
        error = error.__cause__
    return f"{type(error).__name__}: {(str(error).strip().splitlines() or [''])[0]}"
