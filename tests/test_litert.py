"""LiteRT files: pixels are numbers of scale 1, whatever else is cast."""

import collections

import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

from keras_stylegan.exporters.litert import convert
from keras_stylegan.exporters.litert_graph import unpack

PIXELS = np.arange(256, dtype="uint8")[None]


@pytest.fixture(scope="module")
def content():
    @tf.function(input_signature=[tf.TensorSpec([1, None], tf.uint8, name="pixels")])
    def call(pixels):
        values = tf.cast(pixels, tf.float32)
        return {
            "rounded": tf.cast(tf.clip_by_value(tf.round(values * 1.5 - 50.25), 0.0, 255.0), tf.uint8),
            "cut_off": tf.cast(tf.clip_by_value(values * 0.75, 0.0, 255.0), tf.uint8),
            "whole": tf.cast(values * 3.0, tf.int32),
        }

    return convert(call, "call")


@pytest.fixture(scope="module")
def runner(content):
    interpreter = Interpreter(model_content=content)
    return interpreter.get_signature_runner("call"), interpreter._get_ops_details()


def test_pixels_are_rounded_and_saturate_and_other_casts_cut_off(runner):
    result = runner[0](pixels=PIXELS)
    assert result["rounded"].dtype == np.uint8 and result["whole"].dtype == np.int32
    np.testing.assert_array_equal(result["rounded"], np.clip(np.rint(PIXELS * 1.5 - 50.25), 0, 255))
    np.testing.assert_array_equal(result["cut_off"], PIXELS.astype(int) * 3 // 4)
    np.testing.assert_array_equal(result["whole"], PIXELS * 3.0)


def test_pixels_need_no_cast(runner):
    operators = collections.Counter(operator["op_name"] for operator in runner[1])
    assert operators["CAST"] == 2 and operators["ROUND"] == 0
    assert operators["DEQUANTIZE"] == operators["QUANTIZE"] == 1


def test_every_tensor_has_an_operator(content):
    (graph,) = unpack(content).subgraphs
    holders = [graph, *graph.operators]
    assert {int(index) for one in holders for index in (*one.inputs, *one.outputs)} == set(range(len(graph.tensors)))


def test_inputs_say_that_pixels_are_plain_numbers(runner):
    assert runner[0].get_input_details()["pixels"]["quantization"] == (1.0, 0)
