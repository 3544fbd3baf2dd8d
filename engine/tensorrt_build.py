"""From an ONNX file to a TensorRT plan: strongly typed, so that the graph alone says the precision."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple

from engine.classifier import ModelError
from engine.tensorrt_library import Library, quiet_logger

BATCHES = ((1, 1, 1), (2, 8, 64))
"""Least, best and most events of each optimisation profile: one event alone is the live case and gets its own."""

MOST_EVENTS = BATCHES[-1][-1]

_TELL_EVERY_S = 2.0


class Built(NamedTuple):
    """A finished plan."""

    plan: bytes
    layers: int  # of the network as parsed
    timing: bytes  # the builder's timing cache; empty where the library keeps none
    seconds: float


def build_plan(
    library: Library,
    network: bytes,
    name: str,
    *,
    capability: tuple[int, int] | None = None,
    timing: bytes = b"",
    say: Callable[[str], None] = lambda line: None,
) -> Built:
    """Parse and build.

    Args:
        library: which TensorRT.
        network: an ONNX file's bytes; its precision is the plan's.
        name: for the progress line.
        capability: compute capability to build for, TensorRT for RTX only, which can build without a GPU; None builds
            for the GPU of this machine.
        timing: an earlier timing cache.
        say: told of the progress.

    Raises:
        ModelError: the parser does not know an operation, or there is nothing to build for.
    """
    module = library.module
    started = time.monotonic()
    logger, heard = quiet_logger(library)
    try:
        builder = module.Builder(logger)
    except (TypeError, RuntimeError):  # pybind's way to say that the constructor gave nothing
        builder = None
    if not builder:
        raise ModelError(f"{library} cannot build here ({heard.last('no reason given')})")
    # Weak typing is gone in TensorRT 11, and the flag with it at some time; until then it must be asked for.
    strongly = getattr(module.NetworkDefinitionCreationFlag, "STRONGLY_TYPED", None)
    definition = builder.create_network(0 if strongly is None else 1 << int(strongly))
    parser = module.OnnxParser(definition, logger)
    if not parser.parse(network) or not definition.num_outputs:
        errors = [str(parser.get_error(number)) for number in range(parser.num_errors)]
        first = " ".join((errors or [heard.last("no reason given")])[0].split())
        raise ModelError(f"{library} cannot read {name} ({first})")
    config = builder.create_builder_config()
    # TensorFloat-32 keeps ten bits of the mantissa: float32 must mean float32, or parity is lost.
    config.clear_flag(module.BuilderFlag.TF32)
    _set_profiles(builder, config, definition)
    if capability is not None:
        _set_capability(library, config, capability)
    elif library.is_rtx:
        config.num_compute_capabilities = 1
        config.set_compute_capability(module.ComputeCapability.CURRENT, 0)
    # TensorRT for RTX times nothing while it builds; what it compiles at first run is kept by the classifier.
    cache = None if library.is_rtx else config.create_timing_cache(timing)
    if cache is not None:
        config.set_timing_cache(cache, ignore_mismatch=False)
    if hasattr(module, "IProgressMonitor"):
        config.progress_monitor = _monitor(module, name, started, say)
    plan = builder.build_serialized_network(definition, config)
    if plan is None:
        raise ModelError(f"{library} cannot build {name} ({heard.last('no reason given')})")
    kept = config.get_timing_cache() if cache is not None else None
    return Built(
        bytes(plan), definition.num_layers, bytes(kept.serialize()) if kept else b"", time.monotonic() - started
    )


def _set_profiles(builder: Any, config: Any, definition: Any) -> None:
    for least, best, most in BATCHES:
        profile = builder.create_optimization_profile()
        for number in range(definition.num_inputs):
            given = definition.get_input(number)
            event = tuple(given.shape)[1:]
            profile.set_shape(given.name, (least, *event), (best, *event), (most, *event))
        config.add_optimization_profile(profile)


def _set_capability(library: Library, config: Any, capability: tuple[int, int]) -> None:
    name = "SM{}{}".format(*capability)
    wanted = getattr(getattr(library.module, "ComputeCapability", None), name, None)
    if not library.is_rtx or wanted is None:
        raise ModelError(f"{library} cannot build for compute capability {capability[0]}.{capability[1]} from here")
    config.num_compute_capabilities = 1
    config.set_compute_capability(wanted, 0)


def _monitor(module: Any, name: str, started: float, say: Callable[[str], None]) -> Any:
    """Tells every other second how far the build has come."""

    class Monitor(module.IProgressMonitor):  # type: ignore[misc]  # known only when it is imported
        def __init__(self) -> None:
            module.IProgressMonitor.__init__(self)
            self.steps: dict[str, int] = {}
            self.told = started

        def phase_start(self, phase_name: str, parent_phase: str, num_steps: int) -> None:
            self.steps[phase_name] = num_steps

        def step_complete(self, phase_name: str, step: int) -> bool:
            now = time.monotonic()
            if now - self.told >= _TELL_EVERY_S:
                self.told = now
                of = self.steps.get(phase_name, 0)
                say(f"building {name}: {phase_name}, step {step + 1} of {of}, {now - started:.0f} s so far")
            return True

        def phase_finish(self, phase_name: str) -> None:
            self.steps.pop(phase_name, None)

    return Monitor()
