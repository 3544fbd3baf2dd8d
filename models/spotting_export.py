"""The trained spotting network as an ONNX file that carries its past in and out. Needs the `train` extra."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.manifest import record_model
from engine.stream_network import StreamNetwork
from models.spotting_network import LAGS, STATES, SpottingNetwork, from_checkpoint
from realtime.spot_features import FEATURES

_OPSET = 18
_MOST_ASTRAY = 1e-4


class _Probable(torch.nn.Module):
    """Logits to confidences: moved, since training sees far more expressions than a day does, so that one half is a
    good operating point."""

    def __init__(self, network: SpottingNetwork, shift: float) -> None:
        super().__init__()
        self.network = network
        self.shift = shift

    def forward(self, rows: Tensor, past: Tensor) -> tuple[Tensor, ...]:
        said, kept = self.network(rows, past)
        ended, lasting = torch.sigmoid(said.ended + self.shift), torch.sigmoid(said.lasting + self.shift)
        return ended, lasting, torch.sigmoid(said.states), said.lags, kept


def export_spotting(stored: dict[str, Any], target: Path) -> float:
    """Write a checkpoint of the spotting network and enter it into the manifest beside it.

    Args:
        stored: `network` (see `to_checkpoint`), `shift`, `trained_by`, `commit`.
        target: the ONNX file to write.

    Returns:
        The largest difference between ONNX Runtime, row by row, and torch, all at once.

    Raises:
        ValueError: the difference is too large; what was there before is kept.
    """
    import onnx

    network = from_checkpoint(stored["network"])
    probable = _Probable(network, float(stored["shift"])).eval()
    rows, past = torch.zeros(1, FEATURES, 4), torch.zeros(1, network.width, network.memory)
    length = torch.export.Dim("rows", min=1, max=4096)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "network.onnx"
        torch.onnx.export(
            probable,
            (rows, past),
            str(raw),
            dynamo=True,
            external_data=False,
            optimize=True,
            verbose=False,
            opset_version=_OPSET,
            input_names=["rows", "past"],
            output_names=["ended", "lasting", "states", "lags", "kept"],
            dynamic_shapes={"rows": {2: length}, "past": None},
        )
        model = onnx.load(str(raw))
    for node in model.graph.node:
        # The exporter notes source lines of this machine in every node.
        del node.metadata_props[:]
        node.doc_string = ""
    del model.metadata_props[:]
    about = {
        "model": "spot",
        "states": json.dumps(STATES),
        "lags": json.dumps(LAGS),
        "features": str(FEATURES),
        "width": str(network.width),
        "memory": str(network.memory),
        "trained_by": stored["trained_by"],
        "commit": stored["commit"],
    }
    for key, value in about.items():
        model.metadata_props.add(key=key, value=value)
    onnx.checker.check_model(model, full_check=True)
    written = target.with_suffix(".onnx.new")
    try:
        written.write_bytes(model.SerializeToString())
        astray = _astray(probable, network, written)
        if not astray <= _MOST_ASTRAY:
            raise ValueError(f"{target}: the exported network strays by {astray:.1e} from the trained one; not kept")
        written.replace(target)
    finally:
        written.unlink(missing_ok=True)
    record_model("spot", target, stored["trained_by"], stored["commit"])
    return astray


def _astray(probable: torch.nn.Module, network: SpottingNetwork, path: Path) -> float:
    """Stream of one to three rows at a time against the whole at once."""
    random = np.random.default_rng(1)
    rows = random.normal(0, 1, (400, FEATURES)).astype(np.float32)
    with torch.inference_mode():
        past = torch.zeros(1, network.width, network.memory)
        expected = [one[0].numpy() for one in probable(torch.from_numpy(rows.T[None].copy()), past)[:4]]
    stream = StreamNetwork(path)
    at, parts = 0, []
    while at < len(rows):
        count = int(random.integers(1, 4))
        parts.append(stream.judge(rows[at : at + count]))
        at += count
    told = [np.concatenate(values) for values in zip(*parts, strict=True)]
    return float(np.max([np.abs(e.T - t).max() for e, t in zip(expected, told, strict=True)]))  # NaN if any is
