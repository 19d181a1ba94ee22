"""Weights in 8 bits: the steps by hand, the same pictures but for rounding, all of it taken by XNNPACK."""

import collections

import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

from keras_stylegan.exporters.litert import convert_signatures
from keras_stylegan.exporters.litert_graph import multiply_adds, operators, pack, unpack
from keras_stylegan.exporters.litert_size import slimmed
from keras_stylegan.exporters.litert_weights import LEAST_OF_FILTER, int8_weights, steps
from keras_stylegan.inference.litert_signatures import single_signature


def test_steps_by_hand():
    # All on the grid of the largest: no finer step is as near.
    assert steps(np.float32([[127, -3], [5, 64]]), 0) == pytest.approx([1])
    # One of a hundred thousand is an outlier: cutting it off costs less than coarse steps for the rest.
    weights = np.random.default_rng(0).uniform(-1, 1, (400, 250)).astype("float32")
    weights[0, 0] = 1.5
    (step,) = steps(weights, 0)
    assert 0.95 / 127 < step < 1.05 / 127
    assert steps(np.zeros((2, 3), "float32"), 0) > 0
    # Large filters have steps of their own, along their axis.
    weights = np.ones((LEAST_OF_FILTER, 3), "float32") * np.float32([1, 2, 0.5])
    np.testing.assert_allclose(steps(weights, 1) * 127, [1, 2, 0.5], rtol=1e-6)
    np.testing.assert_allclose(steps(weights.T, 0) * 127, [1, 2, 0.5], rtol=1e-6)


@pytest.fixture(scope="module")
def content():
    """A float32 file with two signatures that share a kernel."""
    rng = np.random.default_rng(0)
    kernel, depthwise, matrix = (
        tf.constant(rng.normal(size=shape).astype("float32")) for shape in ((3, 3, 32, 8), (3, 3, 8, 1), (8, 5))
    )

    def features(x):
        return tf.nn.depthwise_conv2d(tf.nn.conv2d(x, kernel, 1, "SAME"), depthwise, [1, 1, 1, 1], "SAME")

    spec = [tf.TensorSpec([1, 6, 7, 32], tf.float32, name="x")]
    functions = {
        "products": tf.function(lambda x: {"y": tf.reduce_mean(features(x), (1, 2)) @ matrix}, spec),
        "features": tf.function(lambda x: {"y": features(x)}, spec),
    }
    return convert_signatures(functions)


def run(content, signature, **inputs):
    return Interpreter(model_content=content).get_signature_runner(signature)(**inputs)["y"]


def test_only_weights_are_rounded(content):
    small = slimmed(int8_weights(content))
    assert len(small) < 0.55 * len(content)
    assert operators(small) == operators(content) + collections.Counter(DEQUANTIZE=5)
    x = np.random.default_rng(1).normal(size=(1, 6, 7, 32)).astype("float32")
    for signature in ("products", "features"):
        ours, theirs = (run(file, signature, x=x) for file in (small, content))
        assert 0 < np.abs(ours - theirs).max() < 0.03 * np.abs(theirs).max()
    assert multiply_adds(single_signature(small, "features"), {"x": x})[1] == 1.0
    # The kernel, of filters of 288 weights, has a step for each; the others one.
    found = [
        tensor.quantization
        for tensor in unpack(single_signature(small, "products")).subgraphs[0].tensors
        if tensor.type == schema.TensorType.INT8
    ]
    assert sorted(len(one.scale) for one in found) == [1, 1, 8]


def test_equal_vectors_are_stored_once(content):
    again = pack(unpack(content))
    assert len(again) < len(content)
    np.testing.assert_array_equal(
        *(run(file, "features", x=np.ones((1, 6, 7, 32), "float32")) for file in (again, content))
    )
