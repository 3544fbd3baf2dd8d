"""A GPU and a TensorRT made of NumPy and ONNX Runtime: memory is host memory, a stream does at once what it is given,
a captured graph is a list of calls. The classifier's own code runs on it unchanged."""

from __future__ import annotations

import ctypes
from types import SimpleNamespace

import numpy as np
import onnxruntime

from engine.cuda_device import CudaDevice
from engine.tensorrt_build import BATCHES, Built
from engine.tensorrt_library import Library


class DeviceArray:
    """Looks like a CuPy array, and is none of NumPy's."""

    def __init__(self, values):
        self.values = values
        self.data = SimpleNamespace(ptr=values.ctypes.data)
        self.shape, self.ndim, self.dtype = values.shape, values.ndim, values.dtype

    def __len__(self):
        return len(self.values)

    def __getitem__(self, index):
        return DeviceArray(self.values[index])


class Stream:
    def __init__(self, gpu):
        self.gpu, self.ptr, self.captured, self.waited = gpu, 77, None, 0

    def synchronize(self):
        assert self.captured is None, "a captured stream must not be waited for"

    def wait_event(self, event):
        assert event == "event"
        self.waited += 1

    def begin_capture(self):
        self.captured = self.gpu.capturing = []

    def end_capture(self):
        calls, self.captured, self.gpu.capturing = self.captured, None, None
        if self.gpu.refuses_graphs:
            raise RuntimeError("operation not permitted when stream is capturing")
        return SimpleNamespace(launch=lambda stream: [self.gpu.launched.append(1), [call() for call in calls]])


class FakeGpu:
    """What `find_device` and `find_library` give, with what happened on them."""

    def __init__(self, package="tensorrt"):
        self.capturing = None
        self.refuses_graphs = False
        self.refuses_plans: set[bytes] = set()
        self.launched: list[int] = []
        self.executed: list[int] = []
        self.copied: list[tuple[int, int]] = []
        self.builds = 0
        self.streams: list[Stream] = []
        self.package = package

    def do(self, call):
        if self.capturing is None:
            call()
        else:
            self.capturing.append(call)

    def device(self, **changed):
        return CudaDevice(self.cupy(), **{"name": "Fake GPU", "capability": (8, 6), "driver": "570.1", **changed})

    def cupy(self):
        def memcpy(target, source, size, kind, stream):
            assert stream == 77
            self.do(lambda: (ctypes.memmove(target, source, size), self.copied.append((kind, size))))

        def stream(non_blocking):
            assert non_blocking, "a blocking stream would wait for everybody's default stream"
            self.streams.append(Stream(self))
            return self.streams[-1]

        cuda = SimpleNamespace(
            Stream=stream,
            alloc_pinned_memory=lambda size: bytearray(size),
            get_current_stream=lambda: SimpleNamespace(record=lambda: "event"),
            runtime=SimpleNamespace(memcpyAsync=memcpy),
        )
        return SimpleNamespace(
            cuda=cuda,
            empty=lambda shape, dtype: DeviceArray(np.full(shape, np.nan, dtype)),
            asarray=lambda array: array if isinstance(array, DeviceArray) else DeviceArray(np.array(array)),
            ascontiguousarray=lambda array: DeviceArray(np.ascontiguousarray(array.values)),
        )

    def library(self, version="10.13.2"):
        gpu = self

        class Logger:
            class Severity:
                ERROR, INTERNAL_ERROR = "error", "internal"

            def __init__(self):
                pass

        class Runtime:
            def __init__(self, logger):
                self.logger = logger

            def deserialize_cuda_engine(self, plan):
                if plan in gpu.refuses_plans or not plan.startswith(b"PLAN"):
                    self.logger.log("error", "the plan's\nmagic tag does not match")
                    return None
                return Engine(gpu, plan[4:])

        module = SimpleNamespace(ILogger=Logger, Runtime=Runtime)
        return Library(module, self.package, version)

    def build(self, library, network, name, *, timing=b"", say=lambda line: None, **_):
        self.builds += 1
        say(f"building {name}: a step")
        return Built(b"PLAN" + network, 10, b"" if library.is_rtx else b"timings", 0.1)


class Engine:
    def __init__(self, gpu, network):
        self.gpu = gpu
        self.session = onnxruntime.InferenceSession(network, providers=["CPUExecutionProvider"])

    def create_execution_context(self, *config):
        assert bool(config) == (self.gpu.package == "tensorrt_rtx")
        return Context(self.gpu, self.session)

    def create_runtime_config(self):
        cache = SimpleNamespace(serialize=lambda: b"compiled", deserialize=lambda blob: blob == b"compiled")
        return SimpleNamespace(create_runtime_cache=lambda: cache, set_runtime_cache=lambda given: None)


class Context:
    def __init__(self, gpu, session):
        self.gpu, self.session = gpu, session
        self.addresses, self.shapes, self.profile = {}, {}, None

    def set_optimization_profile_async(self, profile, stream):
        self.profile = profile

    def set_tensor_address(self, name, address):
        self.addresses[name] = address

    def set_input_shape(self, name, shape):
        least, _, most = BATCHES[self.profile]
        assert least <= shape[0] <= most, "outside the optimisation profile"
        self.shapes[name] = shape

    def execute_async_v3(self, stream):
        shapes = dict(self.shapes)
        self.gpu.do(lambda: self._run(shapes))
        return True

    def _run(self, shapes):
        given = {name: self._at(name, shape).copy() for name, shape in shapes.items()}
        self.gpu.executed.append(next(iter(shapes.values()))[0])
        names = [one.name for one in self.session.get_outputs()]
        for name, answer in zip(names, self.session.run(names, given), strict=True):
            self._at(name, answer.shape)[...] = answer

    def _at(self, name, shape):
        count = int(np.prod(shape))
        kind = ctypes.c_float * count
        return np.frombuffer(kind.from_address(self.addresses[name]), np.float32).reshape(shape)
