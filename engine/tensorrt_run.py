"""Networks run by TensorRT: on a stream of their own, one event as one CUDA graph."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from engine.classifier import Batch, ModelError, Provenance, Verdicts, first_line, verdicts_of
from engine.cuda_device import CudaDevice, find_device
from engine.device_buffers import Buffers
from engine.plan_cache import PlanCache, PlanKey, UnusablePlan
from engine.schema import checked_batch
from engine.tensorrt_build import BATCHES, MOST_EVENTS
from engine.tensorrt_library import Library, find_library, quiet_logger
from engine.tensorrt_plan import Network, plan_for, read_network

Say = Callable[[str], None]


def open_tensorrt(
    path: Path, precision: str | None = None, cache: PlanCache | None = None, say: Say = lambda line: None
) -> TensorRTClassifier:
    """A network on this machine's GPU; its plan is built where none is kept.

    Args:
        path: an ONNX file written by `python -m engine export`.
        precision: float32 or float16; None for float16, and for int8 where the file is quantised.
        cache: where plans are kept; the user's own by default.
        say: told of the building, which takes seconds to minutes.

    Raises:
        ModelError: no GPU, no TensorRT, the network cannot be built, or the GPU failed.
    """
    # The device first: the look costs nothing, while importing TensorRT costs some hundred megabytes.
    device = find_device()
    library = find_library()
    network = read_network(path, precision)
    cache = cache or PlanCache()
    key, plan = plan_for(network, library, device, cache, say)
    with _gpu_errors():
        try:
            return TensorRTClassifier(network, key, plan, library, device, cache)
        except PlanRefused as error:
            # The seal was whole, and still TensorRT does not take it: as good as corrupt, and said so.
            key, plan = plan_for(network, library, device, cache, say, why=f"the kept one was refused ({error.reason})")
        return TensorRTClassifier(network, key, plan, library, device, cache)


@contextmanager
def _gpu_errors() -> Iterator[None]:
    """What CuPy says of the driver and of memory, as our own error: another runtime may still serve."""
    try:
        yield
    except ModelError:
        raise
    except (RuntimeError, MemoryError) as error:
        raise ModelError(f"the GPU failed ({first_line(error)})") from None


class PlanRefused(ModelError):
    """TensorRT does not load a plan."""


class TensorRTClassifier:
    """A `Classifier` over a TensorRT plan. Not safe to call from two threads at once.

    Takes NumPy arrays, and CuPy arrays as they lie on the GPU; answers are NumPy arrays.

    Args:
        network: what the plan was built from.
        key: of the plan.
        plan: built on this machine.
        library: that built it.
        device: where it runs.
        cache: keeps what TensorRT for RTX compiles at first run.

    Raises:
        PlanRefused: the library does not load the plan.
    """

    def __init__(
        self, network: Network, key: PlanKey, plan: bytes, library: Library, device: CudaDevice, cache: PlanCache
    ) -> None:
        about = network.about
        self.schema = about.schema
        self.labels, self.action_units, self.certain = (
            about.schema.labels,
            about.schema.action_units,
            about.schema.certain,
        )
        self._key, self._cache, self._library = key, cache, library
        logger, self._heard = quiet_logger(library)
        self._runtime = library.module.Runtime(logger)
        self._engine: Any = self._runtime.deserialize_cuda_engine(plan) if self._runtime else None
        if self._engine is None:
            raise PlanRefused(f"{library} does not load the plan ({self._heard.last('no reason given')})")
        self._arrays = device.arrays
        self._stream = device.arrays.cuda.Stream(non_blocking=True)
        self._buffers = Buffers(device.arrays, self.schema, MOST_EVENTS, self._stream)
        self._compiled: Any = None
        self._contexts = [self._context(profile) for profile in range(len(BATCHES))]
        self._graphs: dict[bool, Any] = {}  # by whether the event comes from the host
        self._graph_refused = ""
        self.provenance = Provenance(
            model=about.model,
            sha256=network.sha256,
            backend="tensorrt",
            device=device.name,
            precision=network.precision,
            trained_by=about.trained_by,
            commit=about.commit,
            library=str(library),
        )

    def warm(self) -> None:
        """Run every profile, capture the graphs, and keep what was compiled on the way."""
        for count in (1, BATCHES[-1][0], BATCHES[-1][1]):
            self.classify({one.name: np.zeros((count, *one.shape), np.float32) for one in self.schema.inputs})
        for from_host in (True, False):
            self._capture(from_host)
        if self._compiled is not None:
            self._cache.write(self._key, bytes(self._compiled.serialize()), "runtime")

    @property
    def graphs(self) -> str:
        """Whether one event runs as a CUDA graph, in words."""
        if self._graphs:
            return "CUDA graph for one event"
        return f"no CUDA graph: {self._graph_refused or 'not warmed'}"

    def classify(self, batch: Batch) -> Verdicts:
        """Judge a batch of NumPy or CuPy arrays; see `Classifier.classify`.

        Raises:
            ValueError: another name, shape or dtype, or values that are not finite.
            ModelError: the GPU failed.
        """
        arrays = checked_batch(self.schema, batch)
        from_host = all(isinstance(array, np.ndarray) for array in arrays.values())
        if not from_host:
            arrays = {name: self._arrays.asarray(array) for name, array in arrays.items()}
        total = len(next(iter(arrays.values())))
        parts = []
        for start in range(0, total, MOST_EVENTS):
            part = {name: array[start : start + MOST_EVENTS] for name, array in arrays.items()}
            parts.append(self._judge(part, min(MOST_EVENTS, total - start), from_host))
        if len(parts) == 1:
            return verdicts_of(parts[0])
        return verdicts_of({name: np.concatenate([part[name] for part in parts]) for name in parts[0]})

    def _judge(self, part: dict[str, Any], count: int, from_host: bool) -> dict[str, Any]:
        with _gpu_errors():
            return self._judged(part, count, from_host)

    def _judged(self, part: dict[str, Any], count: int, from_host: bool) -> dict[str, Any]:
        if from_host:
            self._buffers.stage(part)
        else:
            self._buffers.take(part)
        graph = self._graphs.get(from_host) if count == 1 else None
        if graph is not None:
            graph.launch(self._stream)
        else:
            self._enqueue(count, from_host)
        self._stream.synchronize()
        return self._buffers.answers(count)

    def _enqueue(self, count: int, from_host: bool) -> None:
        if from_host:
            self._buffers.send(count)
        profile = next(number for number, (_, _, most) in enumerate(BATCHES) if count <= most)
        context = self._contexts[profile]
        for name, shape in self._buffers.inputs.items():
            context.set_input_shape(name, (count, *shape))
        if not context.execute_async_v3(self._stream.ptr):
            raise ModelError(f"{self._library} failed on {count} events ({self._heard.last('no reason given')})")
        self._buffers.fetch(count)

    def _capture(self, from_host: bool) -> None:
        """One event as one launch: the copy in (from the host), the network, and the copy out."""
        self._stream.begin_capture()
        try:
            self._enqueue(1, from_host)
        except Exception as error:
            self._graph_refused = str(error)
        try:
            graph = self._stream.end_capture()
        except Exception as error:  # CuPy raises the driver's errors
            self._graph_refused = self._graph_refused or str(error)
            return
        if not self._graph_refused:
            self._graphs[from_host] = graph

    def _context(self, profile: int) -> Any:
        context = self._engine.create_execution_context(*self._runtime_config())
        if context is None:
            raise PlanRefused(f"{self._library} gives no execution context ({self._heard.last('no memory?')})")
        context.set_optimization_profile_async(profile, self._stream.ptr)
        self._stream.synchronize()
        for name in (*self._buffers.inputs, *self._buffers.outputs):
            context.set_tensor_address(name, self._buffers.address(name))
        return context

    def _runtime_config(self) -> tuple[Any, ...]:
        """TensorRT for RTX compiles kernels at first run; what was compiled is kept beside the plan."""
        if not self._library.is_rtx:
            return ()
        config = self._engine.create_runtime_config()
        # Compiled for the very shape before the graph is captured: lazily, the graph would keep the general kernels.
        strategies = getattr(self._library.module, "DynamicShapesKernelSpecializationStrategy", None)
        if strategies is not None:
            config.dynamic_shapes_kernel_specialization_strategy = strategies.EAGER
        if self._compiled is None:
            self._compiled = config.create_runtime_cache()
            try:
                kept = self._cache.read(self._key, "runtime")
            except UnusablePlan:
                kept = None  # costs time only, and `warm` replaces it
            if kept:
                self._compiled.deserialize(kept)
        config.set_runtime_cache(self._compiled)
        return (config,)
