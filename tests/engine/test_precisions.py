"""Half precision by casting and INT8 by explicit Q/DQ: what the graphs hold, and how far the answers move."""

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="needs the train extra")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from engine.classifier import ModelError  # noqa: E402
from engine.half import to_half  # noqa: E402
from engine.manifest import find_model, find_proof  # noqa: E402
from engine.onnx_runtime import OnnxRuntimeClassifier  # noqa: E402
from engine.pick import load  # noqa: E402
from engine.proof import prove, read_proof  # noqa: E402
from engine.quantise import quantise  # noqa: E402
from engine.tensorrt_plan import read_network  # noqa: E402


@pytest.fixture(scope="module")
def shipped():
    return onnx.load(find_model("cloud")[0])


@pytest.fixture(scope="module")
def clouds():
    return read_proof(find_proof("cloud")).inputs["clouds"]


@pytest.fixture(scope="module")
def int8(tmp_path_factory, clouds):
    target = tmp_path_factory.mktemp("int8") / "cloud-int8.onnx"
    products = quantise(find_model("cloud")[0], target, "cloud-int8", {"clouds": clouds})
    return target, products


def types(model):
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True).graph
    found = {
        one.name: one.type.tensor_type.elem_type for one in [*inferred.value_info, *inferred.input, *inferred.output]
    }
    return found | {one.name: one.data_type for one in inferred.initializer}


def test_half_multiplies_in_half_and_sums_in_single(shipped):
    half = to_half(shipped)
    kinds = types(half)
    products = [node for node in half.graph.node if node.op_type in ("MatMul", "Gemm", "Conv")]
    assert products and all(kinds[name] == TensorProto.FLOAT16 for node in products for name in node.input)
    exact = [node for node in half.graph.node if node.op_type in ("ReduceSum", "Sqrt", "Softmax", "LayerNormalization")]
    assert exact and all(kinds[node.output[0]] == TensorProto.FLOAT for node in exact)
    assert all(one.type.tensor_type.elem_type == TensorProto.FLOAT for one in [*half.graph.input, *half.graph.output])
    assert {entry.key: entry.value for entry in half.metadata_props}["precision"] == "float16"


def test_half_repeats_the_stored_answers(shipped, tmp_path):
    onnx.save(to_half(shipped), tmp_path / "half.onnx")
    classifier = OnnxRuntimeClassifier(tmp_path / "half.onnx")
    difference = prove(classifier, read_proof(find_proof("cloud")))
    assert 1e-6 < difference < 1e-2, "it must differ, or nothing was cast"


def test_half_leaves_the_original_alone(shipped):
    before = shipped.SerializeToString(deterministic=True)
    to_half(shipped)
    assert shipped.SerializeToString(deterministic=True) == before


def small(weight, *after):
    value = helper.make_tensor_value_info
    nodes = [helper.make_node("MatMul", ["x", "w"], ["y"]), *after]
    last = nodes[-1].output[0]
    graph = helper.make_graph(
        nodes, "small", [value("x", 1, [2, 2])], [value(last, 1, [2, 2])], [numpy_helper.from_array(weight, "w")]
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def test_a_weight_beyond_half_is_refused():
    with pytest.raises(ModelError, match="beyond float16"):
        to_half(small(np.full((2, 2), 1e5, np.float32)))


def test_a_graph_without_products_is_refused():
    value = helper.make_tensor_value_info
    node = helper.make_node("Softmax", ["x"], ["y"])
    graph = helper.make_graph([node], "small", [value("x", 1, [2, 2])], [value("y", 1, [2, 2])])
    with pytest.raises(ModelError, match="nothing in the graph"):
        to_half(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10))


def test_half_casts_once_where_two_nodes_read():
    model = small(
        np.eye(2, dtype=np.float32),
        helper.make_node("Softmax", ["y"], ["a"]),
        helper.make_node("Exp", ["y"], ["b"]),
        helper.make_node("Add", ["a", "b"], ["z"]),
    )
    half = to_half(model)
    assert sum(node.op_type == "Cast" for node in half.graph.node) == 2  # x into half, y out of it


def test_int8_is_symmetric_and_per_channel(int8):
    target, products = int8
    model = onnx.load(target)
    values = {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}
    weights = 0
    for node in model.graph.node:
        if node.op_type in ("QuantizeLinear", "DequantizeLinear"):
            assert not values[node.input[2]].any(), "a zero point that is not zero is not symmetric"
            assert values[node.input[2]].dtype == np.int8, "int32 would be a quantised bias"
            if node.input[0] in values:
                weights += 1
                axis = next(one.i for one in node.attribute if one.name == "axis")
                channels = values[node.input[0]].shape[axis]
                assert values[node.input[1]].shape in ((channels,), ()) and channels == values[node.input[1]].size
    # Not: four mixings of regions, and the product whose weights are made of the event.
    assert weights == products == sum(node.op_type in ("MatMul", "Gemm") for node in model.graph.node) - 5
    assert {entry.key: entry.value for entry in model.metadata_props}["precision"] == "int8"


def test_int8_stays_close(int8, clouds):
    rounded, exact = OnnxRuntimeClassifier(int8[0]).classify(clouds), load("cloud").classify(clouds)
    assert OnnxRuntimeClassifier(int8[0]).provenance.precision == "int8"
    moved = np.abs(rounded.probabilities - exact.probabilities)
    assert 1e-4 < moved.max() < 0.25 and moved.mean() < 0.03
    for verdicts in (rounded, exact):
        np.testing.assert_allclose(verdicts.probabilities.sum(axis=1), 1, atol=1e-5)


def test_int8_is_made_from_float32_alone(int8, tmp_path, clouds):
    with pytest.raises(ModelError, match="INT8 is made from float32"):
        quantise(int8[0], tmp_path / "again.onnx", "again", {"clouds": clouds})


def test_a_file_runs_in_no_precision_that_it_cannot_have(int8):
    assert read_network(int8[0]).precision == "int8"
    assert read_network(find_model("cloud")[0]).precision == "float16"
    with pytest.raises(ModelError, match="cannot run in float16"):
        read_network(int8[0], "float16")
    with pytest.raises(ModelError, match="write an INT8 file with"):
        read_network(find_model("cloud")[0], "int8")
    with pytest.raises(ModelError, match="unknown precision 'int4'"):
        read_network(find_model("cloud")[0], "int4")
