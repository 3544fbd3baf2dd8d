"""Writing a torch network as a self-contained ONNX file. Needs the `train` extra."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec
import onnx
import torch

from engine.metadata import TORCH_PEER, Metadata
from engine.onnx_speed import faster
from engine.quiet import quiet
from engine.torch_peer import Origin, keep_state

_OPSET = 18
_MOST_EVENTS = 4096


def write_onnx(
    network: torch.nn.Module,
    samples: Mapping[str, torch.Tensor],
    about: Metadata,
    target: Path,
    origin: Origin | None = None,
    state: Mapping[str, torch.Tensor] | None = None,
) -> None:
    """Export through `torch.export`, with the number of events free, and check the file.

    Args:
        network: its forward takes `*inputs` and gives the schema's outputs.
        samples: input name -> float32 (N, ...), in the order of `forward`'s arguments.
        about: goes into the file.
        target: the ONNX file; weights lie inside it.
        origin: how the trained network is made again; goes into the file with `state`.
        state: the trained network's parameters.

    Raises:
        ValueError: the network's code allows one number of events only.
    """
    batch = torch.export.Dim("events", min=1, max=_MOST_EVENTS)
    with quiet():
        program = torch.onnx.export(
            network,
            tuple(tensor[:2] for tensor in samples.values()),
            dynamo=True,
            optimize=True,
            verbose=False,
            opset_version=_OPSET,
            input_names=list(samples),
            output_names=list(about.schema.outputs),
            # The network takes *inputs, which torch.export sees as one tuple.
            dynamic_shapes=(tuple({0: batch} for _ in samples),),
        )
    assert program is not None, "torch.onnx.export with dynamo=True gives a program"
    model = program.model_proto
    bound = [one.name for one in model.graph.input if not one.type.tensor_type.shape.dim[0].dim_param]
    if bound:
        raise ValueError(f"the number of events of {', '.join(bound)} is not free: len() of a tensor ties it down")
    for node in model.graph.node:
        # The exporter notes source lines of this machine in every node.
        del node.metadata_props[:]
        node.doc_string = ""
    for value in [*model.graph.value_info, *model.graph.input, *model.graph.output]:
        del value.metadata_props[:]
    del model.metadata_props[:]
    for key, text in about.as_properties().items():
        model.metadata_props.add(key=key, value=text)
    faster(model)
    if origin is not None and state is not None:
        told = msgspec.json.encode(msgspec.structs.replace(origin, parameters=keep_state(model, state))).decode()
        model.metadata_props.add(key=TORCH_PEER, value=told)
    onnx.checker.check_model(model, full_check=True)
    target.write_bytes(model.SerializeToString())
