"""The TensorRT classifier on a GPU made of NumPy: copies, profiles, graphs, and what becomes of kept plans."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("onnx", reason="needs the train extra")

from engine import half, tensorrt_plan, tensorrt_run
from engine.classifier import ModelError
from engine.cuda_device import NoGpu, driver_version, find_device
from engine.manifest import find_model, find_proof
from engine.pick import load, pick
from engine.plan_cache import PlanCache
from engine.proof import prove, read_proof
from engine.tensorrt_library import TensorRTMissing, find_library
from engine.tensorrt_run import PlanRefused, open_tensorrt
from tests.engine.fake_gpu import DeviceArray, FakeGpu


@pytest.fixture(params=["tensorrt", "tensorrt_rtx"])
def gpu(request, monkeypatch):
    fake = FakeGpu(request.param)
    monkeypatch.setattr(tensorrt_run, "find_device", fake.device)
    monkeypatch.setattr(tensorrt_run, "find_library", fake.library)
    monkeypatch.setattr(tensorrt_plan, "build_plan", fake.build)
    return fake


@pytest.fixture
def cache(tmp_path):
    return PlanCache(tmp_path / "plans")


@pytest.fixture(scope="module")
def path():
    return find_model("cloud")[0]


@pytest.fixture(scope="module")
def clouds():
    random = np.random.default_rng(5)
    clouds = random.normal(0, 0.5, (150, 8, 128, 6)).astype(np.float32)
    clouds[..., 5] = np.abs(clouds[..., 5]) * 0.05
    return clouds


def agree(found, expected):
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=2e-5)


@pytest.mark.parametrize("count", [1, 2, 8, 63, 64, 65, 128, 150])
def test_any_number_of_events(gpu, cache, path, clouds, count):
    classifier = open_tensorrt(path, "float32", cache)
    agree(classifier.classify(clouds[:count]), load("cloud", "onnxruntime").classify(clouds[:count]))
    assert sum(gpu.executed) == count and max(gpu.executed) <= 64


def test_one_event_is_one_graph_after_warming(gpu, cache, path, clouds):
    classifier = open_tensorrt(path, "float32", cache)
    classifier.classify(clouds[:1])
    assert not gpu.launched
    classifier.warm()
    assert classifier.graphs == "CUDA graph for one event"
    for number in range(3):
        found = classifier.classify(clouds[number : number + 1])
        agree(found, load("cloud", "onnxruntime").classify(clouds[number : number + 1]))
    assert len(gpu.launched) == 3
    classifier.classify(clouds[:2])
    assert len(gpu.launched) == 3, "two events are no one event"


def test_what_lies_on_the_gpu_stays_there(gpu, cache, path, clouds):
    classifier = open_tensorrt(path, "float32", cache)
    classifier.warm()
    for count in (1, 5, 70):
        gpu.copied.clear()
        found = classifier.classify(DeviceArray(clouds[:count].copy()))
        agree(found, load("cloud", "onnxruntime").classify(clouds[:count]))
        assert all(kind != 1 for kind, _ in gpu.copied), "a copy from the host"
    assert gpu.streams[-1].waited == 4, "each part must wait for whoever makes it"


def test_answers_are_the_callers_own(gpu, cache, path, clouds):
    classifier = open_tensorrt(path, "float32", cache)
    first = classifier.classify(clouds[:1])
    kept = first.probabilities.copy()
    classifier.classify(clouds[1:2])
    np.testing.assert_array_equal(first.probabilities, kept)


def test_without_graphs_it_runs_all_the_same_and_says_so(gpu, cache, path, clouds):
    gpu.refuses_graphs = True
    classifier = open_tensorrt(path, "float32", cache)
    classifier.warm()
    agree(classifier.classify(clouds[:1]), load("cloud", "onnxruntime").classify(clouds[:1]))
    assert classifier.graphs == "no CUDA graph: operation not permitted when stream is capturing"


def test_half_precision_is_the_default_and_is_proved(gpu, cache, path):
    classifier = open_tensorrt(path, cache=cache)
    classifier.warm()
    assert classifier.provenance.precision == "float16"
    assert classifier.provenance.device == "Fake GPU" and classifier.provenance.backend == "tensorrt"
    assert 0 < prove(classifier, read_proof(find_proof("cloud"))) < 1e-2


@pytest.mark.parametrize("wrong", [np.zeros((1, 8, 128, 5), np.float32), np.full((1, 8, 128, 6), np.nan, np.float32)])
def test_foreign_clouds_are_refused(gpu, cache, path, wrong):
    with pytest.raises(ValueError, match="clouds"):
        open_tensorrt(path, cache=cache).classify(wrong)


def test_a_plan_is_built_once(gpu, cache, path):
    said = []
    for _ in range(3):
        open_tensorrt(path, cache=cache, say=said.append)
    assert gpu.builds == 1
    assert said[0].endswith("none is kept for this network, GPU, driver and library")
    assert any("a step" in line for line in said) and said[-1].startswith("built in ")


@pytest.mark.parametrize(
    "changed", [{"name": "Other GPU"}, {"driver": "571.0"}, {"capability": (8, 9)}, {"version": "11.0"}]
)
def test_another_gpu_driver_or_library_builds_anew(gpu, cache, path, monkeypatch, changed):
    open_tensorrt(path, cache=cache)
    version = changed.get("version", "10.13.2")
    monkeypatch.setattr(tensorrt_run, "find_library", lambda: gpu.library(version))
    device = {key: value for key, value in changed.items() if key != "version"}
    monkeypatch.setattr(tensorrt_run, "find_device", lambda: gpu.device(**device))
    open_tensorrt(path, cache=cache)
    assert gpu.builds == 2


def test_another_precision_is_another_plan(gpu, cache, path):
    open_tensorrt(path, "float16", cache)
    open_tensorrt(path, "float32", cache)
    assert gpu.builds == 2


def test_another_cast_of_the_same_file_is_another_plan(gpu, cache, path, monkeypatch):
    open_tensorrt(path, "float16", cache)
    cast = half.to_half

    def by_other_rules(model):
        changed = cast(model)
        changed.producer_name = "other rules"
        return changed

    monkeypatch.setattr(half, "to_half", by_other_rules)
    open_tensorrt(path, "float16", cache)
    assert gpu.builds == 2


def test_a_copy_waits_until_what_it_copies_is_whole(gpu, cache, path, clouds):
    classifier = open_tensorrt(path, "float32", cache)
    arrays, order = classifier._buffers._arrays, []
    contiguous = arrays.ascontiguousarray
    arrays.ascontiguousarray = lambda array: (order.append("made whole"), contiguous(array))[1]
    arrays.cuda.get_current_stream = lambda: SimpleNamespace(record=lambda: (order.append("marked"), "event")[1])
    turned = DeviceArray(np.ascontiguousarray(clouds[:2].swapaxes(1, 2)))
    turned = DeviceArray(turned.values.swapaxes(1, 2))
    agree(classifier.classify(turned), load("cloud", "onnxruntime").classify(clouds[:2]))
    assert order == ["made whole", "marked"]


def test_a_corrupt_plan_is_built_anew_and_said(gpu, cache, path):
    open_tensorrt(path, cache=cache)
    kept = next(cache.folder.glob("*.plan"))
    kept.write_bytes(kept.read_bytes()[:-100])
    said = []
    open_tensorrt(path, cache=cache, say=said.append)
    assert gpu.builds == 2 and "is damaged" in said[0]
    open_tensorrt(path, cache=cache)
    assert gpu.builds == 2, "the new one replaced it"


def test_a_whole_plan_that_tensorrt_refuses_is_built_anew_and_said(gpu, cache, path):
    classifier = open_tensorrt(path, cache=cache)
    key = classifier._key
    cache.write(key, b"another build's plan")
    said = []
    open_tensorrt(path, cache=cache, say=said.append)
    assert gpu.builds == 2 and "the plan's magic tag does not match" in said[0]


def test_a_plan_refused_twice_is_an_error(gpu, cache, path, monkeypatch):
    def broken(library, network, name, **options):
        return gpu.build(library, network, name, **options)._replace(plan=b"nothing good")

    monkeypatch.setattr(tensorrt_plan, "build_plan", broken)
    with pytest.raises(PlanRefused, match="does not load the plan") as caught:
        open_tensorrt(path, cache=cache)
    assert "\n" not in str(caught.value) and gpu.builds == 2


def test_what_was_compiled_or_timed_is_kept(gpu, cache, path):
    open_tensorrt(path, cache=cache).warm()
    kinds = {one.suffix for one in cache.folder.iterdir()}
    assert kinds == ({".plan", ".runtime"} if gpu.package == "tensorrt_rtx" else {".plan", ".timing"})


def test_it_is_picked_first(gpu, path, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    choice = pick(path, read_proof(find_proof("cloud")))
    assert choice.classifier.provenance.backend == "tensorrt" and not choice.refused


def test_a_gpu_that_computes_nonsense_is_passed_over(gpu, path, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(
        "engine.device_buffers.Buffers.answers",
        lambda self, count: {name: np.full((count, *shape), 0.5, np.float32) for name, shape in self.outputs.items()},
    )
    choice = pick(path, read_proof(find_proof("cloud")))
    assert choice.classifier.provenance.backend == "onnxruntime"
    assert "gave another answer" in choice.refused[0].reason


def test_a_gpu_without_memory_is_passed_over(gpu, path, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    def full(*_):
        raise MemoryError("Out of memory allocating 1,024 bytes\nand more")

    monkeypatch.setattr("engine.device_buffers.Buffers.__init__", full)
    choice = pick(path, read_proof(find_proof("cloud")))
    assert choice.classifier.provenance.backend == "onnxruntime"
    assert choice.refused[0].reason == "the GPU failed (Out of memory allocating 1,024 bytes)"


def test_a_gpu_that_fails_on_an_event_is_one_line(gpu, cache, path, clouds, monkeypatch):
    classifier = open_tensorrt(path, "float32", cache)

    def broken():
        raise RuntimeError("cudaErrorIllegalAddress: an illegal memory access was encountered")

    monkeypatch.setattr(gpu.streams[-1], "synchronize", broken)
    with pytest.raises(ModelError, match=r"the GPU failed \(cudaErrorIllegalAddress"):
        classifier.classify(clouds[:1])


class Cupy:
    """CuPy as far as the search for a device goes."""

    def __init__(self, available):
        def is_available():
            if isinstance(available, Exception):
                raise available
            return available

        runtime = type("runtime", (), {
            "getDeviceProperties": staticmethod(lambda number: {"name": b"NVIDIA X", "major": 8, "minor": 9}),
            "driverGetVersion": staticmethod(lambda: 13000),
        })  # fmt: skip
        device = type("Device", (), {"id": 0})
        self.cuda = type("cuda", (), {"is_available": staticmethod(is_available), "runtime": runtime, "Device": device})


def test_a_device_is_found(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", Cupy(True))
    device = find_device()
    assert (device.name, device.capability) == ("NVIDIA X", (8, 9)) and device.driver.endswith("CUDA 13.0")


@pytest.mark.parametrize("available", [False, RuntimeError("cudaErrorInsufficientDriver: too old\nmore")])
def test_cupy_13_and_14_tell_of_no_driver_in_their_own_ways(monkeypatch, available):
    monkeypatch.setitem(sys.modules, "cupy", Cupy(available))
    with pytest.raises(NoGpu, match="no usable NVIDIA GPU") as caught:
        find_device()
    assert "\n" not in str(caught.value)
    from realtime.doctor import examine

    (said,) = [one for one in examine() if one.what == "CUDA (CuPy)"]
    assert said.state == "absent" and "no usable NVIDIA GPU" in said.says


def test_the_driver_is_read_where_the_system_tells_it(monkeypatch, tmp_path):
    (tmp_path / "version").write_text(
        "NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.65.06  Sun Jul 27\nGCC version: 13\n"
    )
    monkeypatch.setattr("engine.cuda_device._DRIVER", tmp_path / "version")
    assert driver_version(12080) == "580.65.06, CUDA 12.8"
    monkeypatch.setattr("engine.cuda_device._DRIVER", tmp_path / "none")
    assert driver_version(12080) == "CUDA 12.8"


@pytest.mark.parametrize(("full", "rtx", "found"), [
    ("10.13.3", "1.7", "tensorrt"), ("11.0.0", None, "tensorrt"), (None, "1.7.1.116", "tensorrt_rtx"),
    ("10.9.0", "1.7", "tensorrt_rtx"), ("10.9.0", None, None), (None, None, None),
])  # fmt: skip
def test_which_library_is_taken(monkeypatch, full, rtx, found):
    for package, version in (("tensorrt", full), ("tensorrt_rtx", rtx)):
        module = type(sys)(package) if version else None
        if module is not None:
            module.__version__ = version
        monkeypatch.setitem(sys.modules, package, module)
    if found:
        assert find_library().package == found
    else:
        with pytest.raises(
            TensorRTMissing, match="is too old, 10.13 is the least" if full else "is not installed"
        ) as caught:
            find_library()
        assert "pip install" in str(caught.value) and "\n" not in str(caught.value)


def test_a_full_disk_is_one_line(gpu, cache, path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.mkstemp", full)
    with pytest.raises(ModelError, match="the plan cannot be kept"):
        open_tensorrt(path, cache=cache)
