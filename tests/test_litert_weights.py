"""Weights in 8 bits: the steps by hand, the same pictures but for rounding, all of it taken by XNNPACK."""

import collections

import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

from keras_stylegan import pretrained
from keras_stylegan.exporters.litert import convert_signatures
from keras_stylegan.exporters.litert_graph import (
    drop_unused_tensors,
    multiply_adds,
    operator_name,
    operators,
    pack,
    unpack,
)
from keras_stylegan.exporters.litert_size import slimmed
from keras_stylegan.exporters.litert_steps import LEAST_OF_FILTER, levels, root_steps, steps
from keras_stylegan.exporters.litert_weights import FEW_OF_PRODUCT, int8_weights
from keras_stylegan.inference import read_picture
from keras_stylegan.inference.litert_signatures import single_signature


def test_steps_by_hand():
    # All on the grid of the largest: no finer step is as near.
    assert steps(np.float32([[127, -3], [5, 64]]), 0) == pytest.approx([1])
    # One of a hundred thousand is an outlier: cutting it off costs less than coarse steps for the rest.
    weights = np.random.default_rng(0).uniform(-1, 1, (5000, 20)).astype("float32")
    weights[0, 0] = 1.5
    (step,) = steps(weights, 0)
    assert 0.95 / 127 < step < 1.05 / 127
    assert steps(np.zeros((2, 3), "float32"), 0) > 0
    # Filters that are not small have steps of their own, along their axis.
    weights = np.ones((LEAST_OF_FILTER, 3), "float32") * np.float32([1, 2, 0.5])
    np.testing.assert_allclose(steps(weights, 1) * 127, [1, 2, 0.5], rtol=1e-6)
    np.testing.assert_allclose(steps(weights.T, 0) * 127, [1, 2, 0.5], rtol=1e-6)
    np.testing.assert_array_equal(levels(np.float32([0.9, -2.6, 700]), np.float32(2)), [0, -1, 127])


def test_root_steps_by_hand():
    # Rows on grids of steps: the largest, which sets the unit; a smaller one; the smallest there is; any, for zeros.
    wanted = np.array([127, 50, 1, 1])
    rows = np.float32([[127, -3], [64, 127], [-127, 5], [0, 0]]) * np.square(0.01 * wanted)[:, None]
    roots, unit = root_steps(rows.astype("float32"))
    np.testing.assert_array_equal(roots, wanted)
    assert unit == pytest.approx(0.01) and roots.dtype == "int8"


# What the large product of the file below adds: so much that an activation before it would be seen.
ROWS = FEW_OF_PRODUCT // 8 + 1
BIAS = np.linspace(-9, 9, ROWS).astype("float32")
MATRIX = (np.random.default_rng(2).normal(size=(8, ROWS)) * np.exp2(np.linspace(-6, 3, ROWS))).astype("float32")


@pytest.fixture(scope="module")
def content():
    """A float32 file with two signatures that share kernels and a constant, and a third, of a product."""
    rng = np.random.default_rng(0)
    shapes = (3, 3, 32, 8), (3, 3, 8, 1), (1, 6, 7, 32), (8, 5)
    kernel, depthwise, constant, matrix = (tf.constant(rng.normal(size=shape).astype("float32")) for shape in shapes)

    def features(x):
        return tf.nn.depthwise_conv2d(tf.nn.conv2d(x + constant, kernel, 1, "SAME"), depthwise, [1, 1, 1, 1], "SAME")

    spec = [tf.TensorSpec([1, 6, 7, 32], tf.float32, name="x")]
    functions = {
        "means": tf.function(lambda x: {"y": tf.reduce_mean(features(x), (1, 2)) @ matrix}, spec),
        "features": tf.function(lambda x: {"y": features(x)}, spec),
        "product": tf.function(
            lambda x: {"y": tf.nn.relu(x @ tf.constant(MATRIX) + tf.constant(BIAS))},
            [tf.TensorSpec([1, 8], tf.float32, name="x")],
        ),
    }
    return convert_signatures(functions)


def run(content, signature, **inputs):
    return Interpreter(model_content=content).get_signature_runner(signature)(**inputs)["y"]


def test_only_weights_are_rounded(content):
    small = slimmed(int8_weights(content))
    assert len(small) < 0.55 * len(content)
    assert operators(small) == operators(content) + collections.Counter(DEQUANTIZE=10, SQUARE=1, MUL=1, ADD=1)
    x = np.random.default_rng(1).normal(size=(1, 6, 7, 32)).astype("float32")
    for signature in ("means", "features"):
        ours, theirs = (run(file, signature, x=x) for file in (small, content))
        assert 0 < np.abs(ours - theirs).max() < 0.03 * np.abs(theirs).max()
    assert multiply_adds(single_signature(small, "features"), {"x": x})[1] == 1.0
    # The kernel has a step for each of its filters, which are 8; the constant, the 72 weights of the depthwise
    # convolution and the small matrix have 16 bits.
    found = [
        (tensor.type, tensor.quantization and len(tensor.quantization.scale))
        for tensor in unpack(single_signature(small, "means")).subgraphs[0].tensors
        if tensor.type in (schema.TensorType.INT8, schema.TensorType.FLOAT16)
    ]
    half = schema.TensorType.FLOAT16, None
    assert sorted(found, key=str) == sorted([half, half, half, (schema.TensorType.INT8, 8)], key=str)


def test_smaller_tensors_may_keep_16_bits(content):
    kernel = 3 * 3 * 32 * 8
    for few, types in (
        (kernel - 1, {schema.TensorType.INT8, schema.TensorType.FLOAT16}),
        (kernel, {schema.TensorType.FLOAT16}),
    ):
        tensors = unpack(single_signature(int8_weights(content, few), "features")).subgraphs[0].tensors
        assert {tensor.type for tensor in tensors} - {schema.TensorType.FLOAT32, schema.TensorType.INT32} == types
    x = np.random.default_rng(1).normal(size=(1, 6, 7, 32)).astype("float32")
    wanted = run(content, "features", x=x)
    errors = [np.abs(run(int8_weights(content, few), "features", x=x) - wanted).max() for few in (0, kernel)]
    assert errors[1] < 0.2 * errors[0]


def test_product_is_as_exact_in_small_rows_as_in_large_ones(content):
    small = int8_weights(content)
    for seed in range(3):
        x = np.random.default_rng(seed).normal(size=(1, 8)).astype("float32")
        wanted = np.maximum(x @ MATRIX + BIAS, 0)
        # Half a step in the mean square, and steps at most twice as large as those that reach the row's largest weight.
        bound = np.linalg.norm(x) * np.sqrt(8) * np.abs(MATRIX).max(axis=0) / 127
        bound += np.abs(BIAS) / 2**11  # it is large too, and has 16 bits
        assert (np.abs(run(small, "product", x=x) - wanted) <= bound + 1e-5).all()
        assert (wanted == 0).any() and (wanted > 0).any()


def test_equal_parts_are_stored_once(content):
    again = pack(unpack(content))
    assert len(again) < len(content) and pack(unpack(again)) == again
    np.testing.assert_array_equal(
        *(run(file, "features", x=np.ones((1, 6, 7, 32), "float32")) for file in (again, content))
    )


def test_packaged_network_is_small_and_near():
    """At most 0.9 MB with all styles inside, at least 45 dB; the styles are those that rounding changes most."""
    hardest = "kandinsky_composition_vii", "mondrian_composition_1913", "vangogh_night_cafe", "cezanne_card_players"
    entry = pretrained.manifest()["multistyle"]
    styles = [style["name"] for style in entry["styles"]]
    half = single_signature(pretrained.read_weights(entry["litert"]), "stylize_weights")
    small = slimmed(int8_weights(_in_float32(half)))
    assert len(small) < 0.9e6
    runners = [Interpreter(model_content=one).get_signature_runner("stylize_weights") for one in (small, half)]
    for photograph, style in zip(pretrained.sample_photographs(), hardest, strict=True):
        picture = np.asarray(read_picture(photograph.read_bytes()).photo.resize((256, 256)))[None]
        weights = np.eye(len(styles), dtype="float32")[[styles.index(style)]]
        ours, theirs = (
            runner(image=picture, style_weights=weights, strength=np.ones(1, "float32"))["stylized"].astype(float)
            for runner in runners
        )
        assert 10 * np.log10(255**2 / np.square(ours - theirs).mean()) > 45


def _in_float32(content):
    """A file whose constants in half precision are float32."""
    model = unpack(content)
    (graph,) = model.subgraphs
    kept = []
    for operator in graph.operators:
        tensor = graph.tensors[operator.inputs[0]]
        if operator_name(model, operator) == "DEQUANTIZE" and tensor.type == schema.TensorType.FLOAT16:
            numbers = np.frombuffer(bytes(bytearray(model.buffers[tensor.buffer].data)), "float16").astype("float32")
            graph.tensors[operator.outputs[0]].buffer = len(model.buffers)
            model.buffers.append(schema.BufferT(numbers.view("uint8")))
        else:
            kept.append(operator)
    graph.operators = kept
    drop_unused_tensors(model)
    return pack(model)
