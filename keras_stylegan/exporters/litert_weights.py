"""LiteRT files whose weights have 8 bits, and are widened to floating point once, when a file is loaded.

The arithmetic is that of a float32 file, at its speed, on every processor that XNNPACK knows: only the weights are
rounded. It is the smallest file; `exporters.parity.BARS` says how near to Keras it must be.
"""

from __future__ import annotations

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from keras_stylegan.exporters.litert_graph import operator_name, pack, unpack

# Filters of so many weights have steps of their own, which cost 12 bytes each in the file; the others share one.
LEAST_OF_FILTER = 256
LARGEST = 127
# Steps that are tried, as shares of the one that reaches the largest weight: a finer one cuts off a few and is nearer
# to all the others.
_SHARES = np.linspace(0.4, 1.0, 25)
# The axis of the filters, of the operators whose second input are weights.
_FILTERS = {"CONV_2D": 0, "FULLY_CONNECTED": 0, "TRANSPOSE_CONV": 0, "DEPTHWISE_CONV_2D": 3}
# The first version of the operator that takes a step for each filter.
_VERSION = 5


def int8_weights(content: bytes) -> bytes:
    """A file with the weights of its convolutions and products in 8 bits.

    Args:
        content: bytes of a float32 file.

    Returns:
        The bytes of the new file, with the same inputs and outputs, in which operators DEQUANTIZE make the weights.
    """
    model, stored = unpack(content), {}
    for graph in model.subgraphs:
        widening = []
        for operator in graph.operators:
            axis = _FILTERS.get(operator_name(model, operator))
            if axis is None:
                continue
            index = int(operator.inputs[1])
            tensor = graph.tensors[index]
            if tensor.type != schema.TensorType.FLOAT32 or model.buffers[tensor.buffer].data is None:
                continue
            if tensor.buffer not in stored:  # signatures share weights
                stored[tensor.buffer] = _store(model, tensor, axis)
            graph.tensors.append(_quantized(tensor, axis, *stored[tensor.buffer]))
            widening.append(_widen(model, len(graph.tensors) - 1, index))
            tensor.buffer = 0  # it is computed now
        graph.operators = widening + list(graph.operators)
    return pack(model)


def steps(weights: np.ndarray, axis: int) -> np.ndarray:
    """The sizes of steps in which weights are nearest to themselves, in the mean square.

    Args:
        weights: float array.
        axis: that of the filters.

    Returns:
        float32 array of one step, or of one for each filter where these are large.
    """
    rows = np.moveaxis(weights, axis, 0).reshape(weights.shape[axis], -1)
    if rows.shape[1] < LEAST_OF_FILTER:
        rows = rows.reshape(1, -1)
    greatest = np.abs(rows).max(axis=1) / LARGEST
    tried = np.where(greatest > 0, greatest, 1)[:, None] * _SHARES
    errors = [np.square(_levels(rows, step[:, None]) * step[:, None] - rows).mean(axis=1) for step in tried.T]
    return tried[np.arange(len(rows)), np.argmin(errors, axis=0)].astype("float32")


def _levels(weights, step):
    return np.clip(np.rint(weights / step), -LARGEST, LARGEST)


def _store(model, tensor, axis):
    """Adds the levels of a tensor's weights to a model: the number of their buffer, and their steps."""
    weights = np.frombuffer(bytes(bytearray(model.buffers[tensor.buffer].data)), "float32").reshape(tensor.shape)
    sizes = steps(weights, axis)
    shape = [1] * weights.ndim
    shape[axis] = len(sizes)
    levels = _levels(weights, sizes.reshape(shape)).astype("int8")
    model.buffers.append(schema.BufferT(levels.reshape(-1).view("uint8")))
    return len(model.buffers) - 1, sizes


def _quantized(tensor, axis, buffer, sizes):
    """A tensor of the same shape that holds weights in 8 bits."""
    quantization = schema.QuantizationParametersT(
        scale=sizes, zeroPoint=np.zeros(len(sizes), "int64"), quantizedDimension=axis
    )
    return schema.TensorT(
        name=tensor.name + b"_int8",
        shape=tensor.shape,
        type=schema.TensorType.INT8,
        buffer=buffer,
        quantization=quantization,
        hasRank=tensor.hasRank,
    )


def _widen(model, source, target):
    """The operator from a tensor in 8 bits to one in floating point."""
    code = schema.BuiltinOperator.DEQUANTIZE
    known = [(one.builtinCode, one.version) for one in model.operatorCodes]
    if (code, _VERSION) not in known:
        model.operatorCodes.append(schema.OperatorCodeT(deprecatedBuiltinCode=code, version=_VERSION, builtinCode=code))
        known.append((code, _VERSION))
    return schema.OperatorT(
        opcodeIndex=known.index((code, _VERSION)),
        inputs=np.array([source], "int32"),
        outputs=np.array([target], "int32"),
    )
