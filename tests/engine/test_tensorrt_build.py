"""TensorRT for RTX really parses and builds our networks here: its builder needs no GPU."""

import pytest

pytest.importorskip("tensorrt_rtx", reason="needs tensorrt-rtx-cu13, part of the dev extra on Linux")
onnx = pytest.importorskip("onnx", reason="needs the train extra")

from onnx import helper  # noqa: E402

from engine.classifier import ModelError  # noqa: E402
from engine.manifest import find_model, find_proof  # noqa: E402
from engine.proof import read_proof  # noqa: E402
from engine.quantise import quantise  # noqa: E402
from engine.tensorrt_build import build_plan  # noqa: E402
from engine.tensorrt_library import find_library, quiet_logger  # noqa: E402
from engine.tensorrt_plan import read_network  # noqa: E402


@pytest.fixture(scope="module")
def library(request):
    patch = pytest.MonkeyPatch()
    patch.setitem(__import__("sys").modules, "tensorrt", None)
    found = find_library()
    patch.undo()
    assert found.is_rtx
    return found


def report(record_property, capsys, name, precision, capability, built):
    said = f"{name} {precision} sm_{capability[0]}{capability[1]}: {built.layers} layers, {len(built.plan)} bytes"
    record_property("built", said)
    with capsys.disabled():
        print(f"\n  {said}", end="")


@pytest.mark.parametrize("capability", [(8, 6), (8, 9), (12, 0)])
def test_the_shipped_network_in_half_precision(library, capability, record_property, capsys):
    network = read_network(find_model("cloud")[0])
    said = []
    built = build_plan(library, network.onnx, "cloud", capability=capability, say=said.append)
    report(record_property, capsys, "cloud", "float16", capability, built)
    assert built.layers > 50 and len(built.plan) > 500_000
    assert all(line.startswith("building cloud: ") for line in said)


def test_the_shipped_network_in_single_precision(library, record_property, capsys):
    network = read_network(find_model("cloud")[0], "float32")
    built = build_plan(library, network.onnx, "cloud", capability=(8, 6))
    report(record_property, capsys, "cloud", "float32", (8, 6), built)
    assert built.layers > 50


def test_the_shipped_network_in_int8(library, tmp_path, record_property, capsys):
    clouds = read_proof(find_proof("cloud")).inputs["clouds"]
    quantise(find_model("cloud")[0], tmp_path / "i.onnx", "cloud-int8", {"clouds": clouds})
    network = read_network(tmp_path / "i.onnx")
    built = build_plan(library, network.onnx, "cloud-int8", capability=(8, 9))
    report(record_property, capsys, "cloud", "int8", (8, 9), built)
    assert built.layers > build_layers_of_float(library)


def build_layers_of_float(library):
    network = read_network(find_model("cloud")[0], "float32")
    return build_plan(library, network.onnx, "cloud", capability=(8, 9)).layers


def test_a_network_with_two_inputs(library, tmp_path):
    pytest.importorskip("torch", reason="needs the train extra")
    from engine.export import export_network
    from tests.engine.toy_networks import two_inputs

    export_network(two_inputs(), tmp_path / "two.onnx")
    network = read_network(tmp_path / "two.onnx")
    assert build_plan(library, network.onnx, "two", capability=(8, 6)).layers > 5


@pytest.mark.parametrize("content", [b"", b"not a network"])
def test_what_is_no_network_is_one_line(library, content):
    with pytest.raises(ModelError, match="cannot read it") as caught:
        build_plan(library, content, "it", capability=(8, 6))
    assert "\n" not in str(caught.value)


def test_an_unknown_operation_is_one_line(library):
    value = helper.make_tensor_value_info
    node = helper.make_node("Unique", ["x"], ["y"])
    graph = helper.make_graph([node], "odd", [value("x", 1, ["n", 3])], [value("y", 1, None)])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    with pytest.raises(ModelError, match="cannot read odd") as caught:
        build_plan(library, model.SerializeToString(), "odd", capability=(8, 6))
    assert "\n" not in str(caught.value) and "Unique" in str(caught.value)


def test_an_unknown_capability_is_one_line(library):
    network = read_network(find_model("cloud")[0])
    with pytest.raises(ModelError, match=r"cannot build for compute capability 3\.5"):
        build_plan(library, network.onnx, "cloud", capability=(3, 5))


def test_without_a_device_a_plan_is_refused_and_not_run(library):
    if has_gpu():
        pytest.skip("this machine has a GPU")
    network = read_network(find_model("cloud")[0])
    plan = build_plan(library, network.onnx, "cloud", capability=(8, 6)).plan
    logger, heard = quiet_logger(library)
    runtime = library.module.Runtime(logger)
    assert (runtime.deserialize_cuda_engine(plan) if runtime else None) is None
    assert heard.errors


def has_gpu():
    from engine.cuda_device import NoGpu, find_device

    try:
        find_device()
    except NoGpu:
        return False
    return True


def test_in_single_precision_the_shipped_file_itself_is_built():
    assert read_network(find_model("cloud")[0], "float32").onnx == find_model("cloud")[0].read_bytes()
