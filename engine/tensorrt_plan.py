"""The plan for this machine: out of the cache where it is whole and made for exactly this, else built and kept."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec

from engine.classifier import ModelError
from engine.cuda_device import CudaDevice
from engine.metadata import Metadata, read_metadata
from engine.plan_cache import PlanCache, PlanKey, UnusablePlan
from engine.tensorrt_build import BATCHES, build_plan
from engine.tensorrt_library import Library

PRECISIONS = ("float32", "float16", "int8")


class Network(NamedTuple):
    """An ONNX file in the precision in which it shall run."""

    about: Metadata
    sha256: str  # of the file as shipped
    onnx: bytes  # in that precision
    precision: str


def read_network(path: Path, precision: str | None = None) -> Network:
    """Read a model file and cast it.

    Args:
        path: written by `python -m engine export`, or by `python -m calibrate int8`.
        precision: float32 or float16; None for float16, and for int8 where the file is quantised.

    Raises:
        ModelError: no such file, not one of ours, or a precision that it cannot have.
    """
    if importlib.util.find_spec("onnx") is None:
        raise ModelError("TensorRT needs the package onnx to read networks", "pip install -e '.[rtx]' or '.[tensorrt]'")
    import onnx

    from engine.half import to_half

    if not path.is_file():
        raise ModelError(f"{path}: no such model file")
    content = path.read_bytes()
    shipped = hashlib.sha256(content).hexdigest()
    try:
        model = onnx.load_model_from_string(content)
    except Exception as error:  # protobuf's own error, which has no types
        raise ModelError(f"{path}: not an ONNX file ({error})") from None
    about = read_metadata({entry.key: entry.value for entry in model.metadata_props}, path)
    quantised = about.precision == "int8"
    wanted = precision or ("int8" if quantised else "float16")
    if wanted not in PRECISIONS:
        raise ModelError(f"unknown precision {wanted!r}; choose one of: {', '.join(PRECISIONS)}")
    if (wanted == "int8") != quantised:
        advice = "" if quantised else "write an INT8 file with `python -m calibrate int8`"
        raise ModelError(f"{path}: holds a network in {about.precision}, which cannot run in {wanted}", advice)
    if wanted == "float16":
        content = to_half(model).SerializeToString()
    return Network(about, shipped, content, wanted)


def plan_for(
    network: Network, library: Library, device: CudaDevice, cache: PlanCache, say: Callable[[str], None], why: str = ""
) -> tuple[PlanKey, bytes]:
    """A plan for this GPU and its key.

    Args:
        network: what shall run.
        library: what runs it.
        device: where.
        cache: of earlier plans.
        say: told why a plan is built, how far it has come, and where it lies.
        why: a reason to build even though a plan is kept.

    Raises:
        ModelError: it cannot be built.
    """
    key = PlanKey(
        # Not of the file: a cast by other rules is another graph, and must not be served by the plan of the old one.
        onnx_sha256=hashlib.sha256(network.onnx).hexdigest(),
        precision=network.precision,
        batches=BATCHES,
        gpu=device.name,
        capability=device.capability,
        driver=device.driver,
        library=library.package,
        version=library.version,
    )
    if not why:
        try:
            plan = cache.read(key)
        except UnusablePlan as error:
            why = str(error)
        else:
            if plan is not None:
                return key, plan
            why = "none is kept for this network, GPU, driver and library"
    say(f"building the {library} plan of {network.about.model} in {network.precision} for {device.name}: {why}")
    built = build_plan(library, network.onnx, network.about.model, timing=_timing(cache, key), say=say)
    kept = cache.write(key, built.plan)
    if built.timing:
        cache.write(_timing_key(key), built.timing, "timing")
    say(f"built in {built.seconds:.1f} s, {len(built.plan) / 1e6:.1f} MB, {built.layers} layers: {kept}")
    return key, built.plan


def _timing_key(key: PlanKey) -> PlanKey:
    """Timings hold for every network on a GPU with one library and driver."""
    return msgspec.structs.replace(key, onnx_sha256="", precision="")


def _timing(cache: PlanCache, key: PlanKey) -> bytes:
    try:
        return cache.read(_timing_key(key), "timing") or b""
    except UnusablePlan:
        return b""  # costs time only, and the build replaces it
