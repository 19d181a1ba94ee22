"""What is measured of an exported file, on a file whose function is known; and LiteRT files from inside."""

import dataclasses
import io
import zipfile

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
from flatbuffers.number_types import Uint8Flags, UOffsetTFlags
from flatbuffers.table import Table
from stand_in import GAIN, LITERT_FILE, OFFSET, photograph

from keras_stylegan.exporters.litert_graph import (
    _delegated,
    multiply_adds,
    operators,
    pack,
    products_of_constants,
    unpack,
    with_default_size,
)
from keras_stylegan.exporters.litert_metadata import TensorNote, add_metadata, read_labels
from keras_stylegan.exporters.parity import BARS, Bar, Parity, measure, table

CONTENT = LITERT_FILE.read_bytes()
CONVOLUTIONS = LITERT_FILE.parent / "convolutions.tflite"  # python tests/test_parity.py writes it again
LABELS = ["inverted", "red_wash", "night"]
NOTES = {
    "image": TensorNote("photograph", 0, 255, channels=3),
    "style_weights": TensorNote("shares", 0, 1, labels=LABELS),
    "strength": TensorNote("strength", 0, 1),
    "stylized": TensorNote("painted", 0, 255, channels=1),
}


def inputs(weights, strength=1.0, seed=0):
    image = photograph(20, 14, seed)[None]
    return {"image": image, "style_weights": np.float32([weights]), "strength": np.float32([strength])}


def exact(given):
    """The stand-in's function without rounding, in [-1, 1]."""
    pixels, weights = given["image"].astype("float64"), given["style_weights"][0]
    styled = pixels * (weights @ GAIN) + weights @ OFFSET
    return np.clip((1 - given["strength"]) * pixels + given["strength"] * styled, 0, 255) / 127.5 - 1


def test_a_right_file_differs_by_rounding_alone():
    given = [inputs([0.2, 0.3, 0.5], 0.7), inputs([0, 1, 0], seed=1)]
    parity = measure(CONTENT, "stylize_weights", given, [exact(one) for one in given])
    assert parity.size == len(CONTENT) and parity.milliseconds > 0
    assert parity.max_error < 1e-5 and parity.mean_error < 0.01 and 55 < parity.psnr < 62
    assert not parity.misses(BARS["none"])


def test_errors_are_those_of_the_worst_picture():
    given = [inputs([1, 0, 0]), inputs([1, 0, 0], seed=1)]  # the negative, without rounding
    right, shifted = exact(given[0]), exact(given[1])
    shifted = np.where(shifted > 0, shifted - 2 / 127.5, shifted + 2 / 127.5)
    parity = measure(CONTENT, "stylize_weights", given, [right, shifted])
    assert parity.max_error == pytest.approx(1.5 / 127.5)
    assert parity.mean_error == pytest.approx(1.0)
    assert parity.psnr == pytest.approx(10 * np.log10(255**2 / 2**2))
    with pytest.raises(
        ValueError, match=r"must return uint8 or float32 of shape \(1, 7, 20, 3\). Received: uint8 of shape"
    ):
        measure(CONTENT, "stylize_weights", given[:1], [right[:, ::2]])


def test_a_file_that_does_not_run_is_a_mistake(monkeypatch):
    def refuse(**inputs):
        raise RuntimeError("Node number 7 failed to prepare.")

    monkeypatch.setattr(Interpreter, "get_signature_runner", lambda self, signature: refuse)
    given = [inputs([1, 0, 0])]
    with pytest.raises(ValueError, match="`stylize_weights` must run in LiteRT. Received: Node number 7 failed"):
        measure(CONTENT, "stylize_weights", given, [exact(one) for one in given])


def test_what_is_no_number_misses_every_bar():
    given = [inputs([1, 0, 0]), inputs([1, 0, 0], seed=1)]
    parity = measure(CONTENT, "stylize_weights", given, [np.full_like(exact(given[0]), np.nan), exact(given[1])])
    assert len(parity.misses(BARS["none"])) == len(parity.misses(BARS["float16"])) == 1


GOOD = Parity(1_234_567, 5e-5, 0.01, 46.0, 12.3, 100, 1.0)


@pytest.mark.parametrize(
    "changes, quantize, missed",
    [
        ({}, "none", None),
        ({"max_error": 2e-4}, "none", "greatest error 0.0002, must be at most 0.0001"),
        ({"max_error": float("nan")}, "none", "greatest error nan"),
        ({"max_error": 0.5}, "float16", None),
        ({"psnr": 44.9}, "float16", "PSNR 44.9 dB, must be at least 45"),
        ({"psnr": 38.1}, "dynamic", None),
        ({"psnr": 37.9}, "dynamic", "PSNR 37.9 dB, must be at least 38"),
        ({"psnr": 29.9}, "int8", "PSNR 29.9 dB, must be at least 30"),
        ({"delegated": 0.949}, "int8", "XNNPACK takes 95% of the multiply-adds, must be 95%"),
        ({"delegated": 0.5}, "float16", "XNNPACK takes 50% of the multiply-adds, must be 95%"),
    ],
)
def test_bars(changes, quantize, missed):
    found = dataclasses.replace(GOOD, **changes).misses(BARS[quantize])
    assert len(found) == (missed is not None) and (missed is None or found[0].startswith(missed))


def test_the_table():
    lines = table({"none": (GOOD, BARS["none"]), "int8": (GOOD, Bar(psnr=30.0))}).splitlines()
    assert lines[0].split() == "| file | MB | max error | mean, levels | PSNR, dB | ms | XNNPACK | bar |".split()
    assert lines[2].split() == "| none | 1.23 | 5.0e-05 | 0.010 | 46.0 | 12 | 100.0% | error <= 0.0001 |".split()
    assert lines[3].endswith("| PSNR >= 30 dB   |")


def test_multiply_adds_of_two_products():
    assert multiply_adds(CONTENT, inputs([1, 0, 0])) == (2 * 3 * 3, 1.0)


def test_multiply_adds_of_convolutions():
    """A 3x3 convolution from 4 to 5 channels, a 3x3 depthwise one with stride 2, a transposed 2x2 one to 2 channels."""
    work, delegated = multiply_adds(CONVOLUTIONS.read_bytes(), {"x": np.zeros((1, 8, 6, 4), "float32")})
    assert work == 8 * 6 * 9 * 4 * 5 + 4 * 3 * 9 * 5 + 4 * 3 * 5 * 4 * 2
    assert delegated == 1.0


def test_delegates_take_what_lies_between_their_ends():
    """0 -> (a) -> 1 -> (b) -> 2 -> (c) -> 4, with 1 -> (d) -> 3 -> (c): one delegate from 1 to 2, one from 3 to 4."""
    ends = {"a": ([0], [1]), "b": ([1, 9], [2]), "d": ([1], [3]), "c": ([2, 3], [4])}
    nodes = [{"index": i, "inputs": given, "outputs": made} for i, (given, made) in enumerate(ends.values())]
    first, second = {"inputs": [1, 9], "outputs": [2]}, {"inputs": [2, 3], "outputs": [4]}
    assert _delegated(nodes, []) == set()
    assert _delegated(nodes, [first]) == {1} and _delegated(nodes, [first, second]) == {1, 3}
    assert _delegated(nodes, [{"inputs": [0, 9], "outputs": [4]}]) == {0, 1, 2, 3}


def test_operators_are_named():
    found = operators(CONTENT)
    assert found["FULLY_CONNECTED"] == 2 and found["ROUND"] == 1 and "'" not in "".join(found)
    model = unpack(CONTENT)
    code = model.operatorCodes[0]
    code.customCode, code.builtinCode = b"FlexErf", schema.BuiltinOperator.CUSTOM
    assert "'FlexErf'" in operators(pack(model))


def test_packing_again_changes_nothing_and_keeps_constants_aligned():
    again = pack(unpack(CONTENT))
    given = inputs([0.2, 0.3, 0.5], 0.7)
    one, other = (Interpreter(model_content=c).get_signature_runner()(**given)["stylized"] for c in (CONTENT, again))
    np.testing.assert_array_equal(one, other)
    model = schema.Model.GetRootAs(again, 0)
    tables = [model.Buffers(i)._tab for i in range(model.BuffersLength())]
    starts = [tab.Vector(UOffsetTFlags.py_type(tab.Offset(4))) for tab in tables if tab.Offset(4)]
    assert len(starts) >= 2 and not any(start % 16 for start in starts)


def test_constants_behind_the_flatbuffer_are_found():
    model = unpack(CONTENT)
    place = next(i for i, buffer in enumerate(model.buffers) if buffer.data is not None and len(buffer.data) == 36)
    constant, start = bytes(bytearray(model.buffers[place].data)), 2 * len(CONTENT)

    class Outside(schema.BufferT):
        def Pack(self, builder):
            schema.BufferStart(builder)
            schema.BufferAddOffset(builder, start)
            schema.BufferAddSize(builder, len(constant))
            return schema.BufferEnd(builder)

    model.buffers[place] = Outside()
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    content = bytes(builder.Output()).ljust(start, b"\0") + constant
    found = unpack(content).buffers[place]
    assert bytes(found.data) == constant and found.offset == found.size == 0


def test_default_size():
    content = with_default_size(CONTENT, (24, 40))
    runner = Interpreter(model_content=content).get_signature_runner()
    details = runner.get_input_details()
    assert details["image"]["shape"].tolist() == [1, 24, 40, 3]
    assert details["image"]["shape_signature"].tolist() == [1, -1, -1, 3]
    assert details["style_weights"]["shape"].tolist() == [1, 3]
    assert runner(**inputs([1, 0, 0]))["stylized"].shape == (1, 14, 20, 3)


def test_products_of_constants():
    assert products_of_constants(CONTENT) == []
    model = unpack(CONTENT)
    graph = model.subgraphs[0]
    product = next(operator for operator in graph.operators if len(operator.inputs) == 3)
    product.inputs = [product.inputs[1], *product.inputs[1:]]  # weights times weights
    name = graph.tensors[product.outputs[0]].name.decode()
    assert products_of_constants(pack(model)) == [name]


def strings(tab, slot):
    place = tab.Offset(4 + 2 * slot)
    return tab.String(tab.Pos + place).decode() if place else None


def children(tab, slot):
    place = tab.Offset(4 + 2 * slot)
    start = tab.Vector(place) if place else 0
    return [Table(tab.Bytes, tab.Indirect(start + 4 * i)) for i in range(tab.VectorLen(place))] if place else []


def child(tab, slot):
    return Table(tab.Bytes, tab.Indirect(tab.Pos + tab.Offset(4 + 2 * slot)))


def test_metadata_by_the_numbers_of_the_schema():
    content = add_metadata(CONTENT, "stand_in", "Paints.", NOTES, (24, 40))
    assert content == add_metadata(CONTENT, "stand_in", "Paints.", NOTES, (24, 40))
    model = unpack(content)
    (entry,) = [entry for entry in model.metadata if entry.name == b"TFLITE_METADATA"]
    buffer = bytearray(model.buffers[entry.buffer].data)
    assert buffer[4:8] == b"M001"
    root = Table(buffer, int.from_bytes(buffer[:4], "little"))
    assert [strings(root, slot) for slot in (0, 1, 4, 7)] == ["stand_in", "Paints.", "keras_stylegan", "1.0.0"]
    (graph,) = children(root, 3)
    given, (made,) = children(graph, 2), children(graph, 3)
    # In the order of the graph's tensors, which is not that of the signature.
    names = [model.subgraphs[0].tensors[i].name.decode().split("_", 2)[-1][:-2] for i in model.subgraphs[0].inputs]
    assert [strings(tensor, 0) for tensor in given] == names and strings(made, 0) == "stylized"
    image, weights = (given[names.index(name)] for name in ("image", "style_weights"))
    stats, colours = child(image, 5), child(child(image, 3), 1)
    assert [np.frombuffer(buffer, "<f4", 1, stats.Vector(stats.Offset(place)))[0] for place in (4, 6)] == [255, 0]
    assert [child(t, 3).GetSlot(4, 0, Uint8Flags) for t in (image, weights, made)] == [2, 1, 2]
    assert colours.GetSlot(4, 0, Uint8Flags) == 1 and child(child(made, 3), 1).GetSlot(4, 0, Uint8Flags) == 2
    size = child(colours, 1)
    assert [
        int.from_bytes(buffer[size.Pos + o : size.Pos + o + 4], "little") for o in (size.Offset(4), size.Offset(6))
    ] == [40, 24]
    (labels,) = children(weights, 6)
    assert strings(labels, 0) == "style_weights.txt" and labels.GetSlot(8, 0, Uint8Flags) == 2
    assert not children(image, 6)


def test_labels_travel_in_the_file():
    content = add_metadata(CONTENT, "stand_in", "Paints.", NOTES, (24, 40))
    assert read_labels(content) == {"style_weights": LABELS} and read_labels(CONTENT) == {}
    assert zipfile.ZipFile(io.BytesIO(content)).testzip() is None
    given = inputs([0.2, 0.3, 0.5], 0.7)
    one, other = (Interpreter(model_content=c).get_signature_runner()(**given)["stylized"] for c in (CONTENT, content))
    np.testing.assert_array_equal(one, other)


def convert_convolutions():
    import tensorflow as tf

    from keras_stylegan.exporters.litert import convert

    dense, depthwise, transposed = (np.ones(shape, "float32") for shape in ((3, 3, 4, 5), (3, 3, 5, 1), (2, 2, 2, 5)))

    @tf.function(input_signature=[tf.TensorSpec([1, 8, 6, 4], tf.float32, name="x")])
    def call(x):
        x = tf.nn.depthwise_conv2d(tf.nn.conv2d(x, dense, 1, "SAME"), depthwise, [1, 2, 2, 1], "SAME")
        return {"y": tf.nn.conv2d_transpose(x, transposed, [1, 8, 6, 2], 2, "SAME")}

    return convert(call, "convolutions")


if __name__ == "__main__":
    CONVOLUTIONS.write_bytes(convert_convolutions())
