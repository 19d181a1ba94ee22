"""LiteRT files whose weights have 8 bits, a few of them 16, and are widened once, when a file is loaded.

The arithmetic is that of a float32 file, at its speed, on every processor that XNNPACK knows: only the weights are
rounded. It is the smallest file; `exporters.parity.BARS` says how near to Keras it must be.

How near it comes is a matter of steps more than of bits. Measured on the multi-style network at 256x256, PSNR of the
worst of four pictures against Keras, each line with those above it:

- a step for each tensor: 39.8 dB, for the rows of the table of styles range from shifts of features to colours.
- a step for each row of a product: 41.5 dB.
- a step for each filter of a convolution: 46.1 dB.
- 16 bits for convolutions of few weights, such as the 32x32 of the last but one: 50.6 dB.

A StyleGAN2 of 64x64 scenes has 35.1 dB so, and 46.0 dB with 16 bits for its products, which are many and small.

Left out, as it needs pictures to calibrate with: to spread the error of each weight over those not yet rounded, by the
second moments of features (Frantar et al. 2022, GPTQ). It adds 2.3 dB to the last line, and to that of the worst of
20 styles on pictures not calibrated with 0.7 dB.
"""

from __future__ import annotations

import copy

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from keras_stylegan.exporters.litert_graph import drop_unused_tensors, operator_name, pack, unpack
from keras_stylegan.exporters.litert_steps import levels, root_steps, steps

# At most so many weights have 16 bits; so has a constant of more numbers that are no weights. A product is of what a
# whole picture has in common, such as its latent or style: its errors do not average out over pixels.
FEW, FEW_OF_PRODUCT = 1 << 10, 1 << 16
# The axis of the filters, of the convolutions whose second input are weights.
_FILTERS = {"CONV_2D": 0, "TRANSPOSE_CONV": 0, "DEPTHWISE_CONV_2D": 3}
_PRODUCT = "FULLY_CONNECTED"
_TYPES = schema.TensorType
_OF_DTYPES = {"float16": _TYPES.FLOAT16, "int8": _TYPES.INT8}
# The buffer of what is computed, the index of an input that is left out, the step of levels.
_EMPTY, _LEFT_OUT, _UNIT = 0, -1, [1.0]
# Of operators that are added the first version that does what they do here; 1 for the others. That of DEQUANTIZE takes
# a step for each filter.
_VERSIONS = {"Dequantize": 5}


def int8_weights(content: bytes, few: int = 0) -> bytes:
    """A file with the weights of its convolutions and products in 8 bits.

    Args:
        content: bytes of a float32 file.
        few: int, at most so many weights have 16 bits, where that is more than by the rules above.

    Returns:
        The bytes of the new file, with the same inputs and outputs. Operators DEQUANTIZE make the weights; those of
        products come out as levels, whose steps multiply the product.
    """
    model, buffers = unpack(content), {}
    for graph in model.subgraphs:
        narrow = _Narrow(model, graph, buffers, few)
        graph.operators = [one for operator in graph.operators for one in narrow.instead_of(operator)]
    drop_unused_tensors(model)
    return pack(model)


class _Narrow:
    """What takes the place of a graph's operators, with new tensors in the graph.

    Args:
        model, graph: the file and one of its graphs.
        buffers: dict from bytes to the number of the buffer that holds them: signatures share weights.
        few: as of `int8_weights`.
    """

    def __init__(self, model, graph, buffers, few):
        self.model, self.graph, self.buffers, self.few = model, graph, buffers, few

    def instead_of(self, operator):
        """A list of operators that give what one gives, of constants in fewer bits."""
        name = operator_name(self.model, operator)
        few = max(self.few, FEW_OF_PRODUCT if name == _PRODUCT else FEW)
        made = []
        for place, index in enumerate(operator.inputs):
            values = self._constant(index)
            if values is None:
                continue
            is_weights = place == 1 and name in (*_FILTERS, _PRODUCT)
            if not is_weights and values.size <= FEW:
                continue
            if not is_weights or values.size <= few:
                source = self._tensor(values.shape, values.astype("float16"))
            elif name == _PRODUCT:
                return [*made, *self._product(operator, values)]
            else:
                source = self._filters(values, _FILTERS[name])
            made.append(self._widen(source, index))
            self.graph.tensors[index].buffer = _EMPTY  # it is computed now
        return [*made, operator]

    def _constant(self, index):
        """The numbers of a float32 tensor; None for one that is computed, left out, or of another type."""
        tensor = None if index == _LEFT_OUT else self.graph.tensors[index]
        if tensor is None or tensor.type != _TYPES.FLOAT32 or self.model.buffers[tensor.buffer].data is None:
            return None
        content = bytes(bytearray(self.model.buffers[tensor.buffer].data))
        return np.frombuffer(content, "float32").reshape(tensor.shape)

    def _filters(self, weights, axis):
        """The tensor of a convolution's weights in 8 bits."""
        sizes = steps(weights, axis)
        shape = [1] * weights.ndim
        shape[axis] = len(sizes)
        return self._tensor(weights.shape, levels(weights, sizes.reshape(shape)), sizes, axis)

    def _product(self, operator, weights):
        """A product with levels; then what it gives times the steps of the rows, and its bias and activation."""
        roots, unit = root_steps(weights)
        rounded = levels(weights, np.square(roots * unit)[:, None])
        table, root, step = (self._tensor(shape) for shape in (weights.shape, roots.shape, roots.shape))
        features, _, *bias = operator.inputs
        results, activation = operator.outputs, operator.builtinOptions.fusedActivationFunction
        product = self._like(results[0])
        operator.inputs, operator.outputs = _numbers(features, table, _LEFT_OUT), _numbers(product)
        operator.builtinOptions.fusedActivationFunction = schema.ActivationFunctionType.NONE
        made = [
            self._widen(self._tensor(weights.shape, rounded, _UNIT), table),
            self._widen(self._tensor(roots.shape, roots, [unit]), root),
            self._operator("Square", [root], step),
            operator,
        ]
        for name, other in [("Mul", step), *(("Add", one) for one in bias if one != _LEFT_OUT)]:
            operands, product = (product, other), self._like(results[0])
            made.append(self._operator(name, operands, product))
        *made, last = made
        last.outputs, last.builtinOptions.fusedActivationFunction = results, activation
        return [*made, *self.instead_of(last)]  # of a bias of many numbers

    def _tensor(self, shape, values=None, sizes=None, axis=0):
        """Adds a tensor to the graph: of numbers, in steps of these sizes, or float32 that is computed; its index."""
        quantization = None
        if sizes is not None:
            sizes = np.asarray(sizes, "float32")
            quantization = schema.QuantizationParametersT(
                scale=sizes, zeroPoint=np.zeros(len(sizes), "int64"), quantizedDimension=axis
            )
        self.graph.tensors.append(
            schema.TensorT(
                shape=_numbers(*shape),
                type=_TYPES.FLOAT32 if values is None else _OF_DTYPES[values.dtype.name],
                buffer=_EMPTY if values is None else self._buffer(values),
                quantization=quantization,
                hasRank=True,
            )
        )
        return len(self.graph.tensors) - 1

    def _like(self, index):
        """Adds a tensor like another, which is computed; its index."""
        tensor = copy.copy(self.graph.tensors[index])
        tensor.name = None
        self.graph.tensors.append(tensor)
        return len(self.graph.tensors) - 1

    def _buffer(self, values):
        """The number of the buffer that holds these."""
        content = values.tobytes()
        if content not in self.buffers:
            self.buffers[content] = len(self.model.buffers)
            self.model.buffers.append(schema.BufferT(np.frombuffer(content, "uint8")))
        return self.buffers[content]

    def _widen(self, source, target):
        """The operator from a tensor in fewer bits to one in floating point."""
        return self._operator("Dequantize", [source], target)

    def _operator(self, name, inputs, output):
        """An operator by its name in the schema's options, which are at their defaults."""
        code, version = getattr(schema.BuiltinOperator, name.upper()), _VERSIONS.get(name, 1)
        known = [(one.builtinCode, one.version) for one in self.model.operatorCodes]
        if (code, version) not in known:
            added = schema.OperatorCodeT(deprecatedBuiltinCode=code, version=version, builtinCode=code)
            self.model.operatorCodes.append(added)
            known.append((code, version))
        options = f"{name}Options"
        return schema.OperatorT(
            opcodeIndex=known.index((code, version)),
            inputs=_numbers(*inputs),
            outputs=_numbers(output),
            builtinOptionsType=getattr(schema.BuiltinOptions, options),
            builtinOptions=getattr(schema, f"{options}T")(),
        )


def _numbers(*values):
    return np.array(values, "int32")
