"""Pixels of a LiteRT file as numbers of scale 1, for XNNPACK changes them from and to float but takes no CAST."""

from __future__ import annotations

from tensorflow.lite.python import schema_py_generated as schema
from tensorflow.lite.tools import flatbuffer_utils

from keras_stylegan.exporters.litert_graph import drop_unused_tensors

_CODES = schema.BuiltinOperator
# What `tf.clip_by_value(tf.round(x), 0.0, 255.0)` becomes.
_ROUND_AND_CLIP = {_CODES.ROUND, _CODES.MINIMUM, _CODES.MAXIMUM, _CODES.RELU}


def quantize_pixels(content: bytes) -> bytes:
    """Replaces casts of pixels by quantisation: the same numbers, on all threads, and one pass in place of four.

    A cast from uint8 to float becomes DEQUANTIZE. Rounding, clipping to [0, 255] and casting to uint8 become QUANTIZE,
    which rounds and saturates; a cast without rounding before it, which cuts off, stays.

    Args:
        content: bytes of a LiteRT file.

    Returns:
        The new file's bytes.
    """
    model = flatbuffer_utils.read_model_from_bytearray(bytearray(content))
    for graph in model.subgraphs:
        makers = {tensor: operator for operator in graph.operators for tensor in operator.outputs}
        for operator in [operator for operator in graph.operators if _code(model, operator) == _CODES.CAST]:
            source, target = graph.tensors[operator.inputs[0]], graph.tensors[operator.outputs[0]]
            if (source.type, target.type) == (schema.TensorType.UINT8, schema.TensorType.FLOAT32):
                _turn_into(model, operator, _CODES.DEQUANTIZE, source)
            elif (source.type, target.type) == (schema.TensorType.FLOAT32, schema.TensorType.UINT8):
                before = _rounding_before(model, operator, makers)
                if _CODES.ROUND in (_code(model, one) for one in before):
                    operator.inputs = before[-1].inputs[:1]
                    graph.operators = [one for one in graph.operators if one not in before]
                    _turn_into(model, operator, _CODES.QUANTIZE, target)
    drop_unused_tensors(model)
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def _rounding_before(model, operator, makers):
    """The operators that round and clip what `operator` takes, last first; the other input of each is a bound."""
    before, maker = [], makers.get(operator.inputs[0])
    while maker is not None and _code(model, maker) in _ROUND_AND_CLIP:
        before.append(maker)
        maker = makers.get(maker.inputs[0])
    return before


def _turn_into(model, operator, code, pixels):
    operator.opcodeIndex = _index_of(model, code)
    operator.builtinOptionsType, operator.builtinOptions = schema.BuiltinOptions.NONE, None
    pixels.quantization = schema.QuantizationParametersT()
    pixels.quantization.scale, pixels.quantization.zeroPoint = [1.0], [0]


def _code(model, operator):
    return model.operatorCodes[operator.opcodeIndex].builtinCode


def _index_of(model, code):
    codes = [known.builtinCode for known in model.operatorCodes]
    if code not in codes:
        new = schema.OperatorCodeT()
        new.builtinCode = new.deprecatedBuiltinCode = code
        new.version = 1
        model.operatorCodes.append(new)
        codes.append(code)
    return codes.index(code)
