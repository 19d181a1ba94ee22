"""LiteRT files from inside: their operators, their multiply-adds, and how many of these XNNPACK takes."""

from __future__ import annotations

import collections
import math
from collections.abc import Mapping

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType

_NAMES = {number: name for name, number in vars(schema.BuiltinOperator).items() if isinstance(number, int)}
# Bytes of a reference from one part of a file to another.
_REFERENCE = 4
_PRODUCTS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV", "BATCH_MATMUL")


class _AlignedBuffer(schema.BufferT):
    """A buffer on the 16 bytes that the schema demands (`force_align`) and generated Python code forgets."""

    def __init__(self, buffer: schema.BufferT):
        super().__init__(buffer.data)

    def Pack(self, builder: flatbuffers.Builder) -> int:
        vector = None
        if self.data is not None:
            content = bytes(bytearray(self.data))
            builder.StartVector(1, len(content), 16)
            builder.head -= len(content)
            builder.Bytes[builder.head : builder.head + len(content)] = content
            vector = builder.EndVector()
        schema.BufferStart(builder)
        if vector is not None:
            schema.BufferAddData(builder, vector)
        return schema.BufferEnd(builder)


class _Builder(flatbuffers.Builder):
    """A builder that writes equal vectors and tables once: tensors are many, and their shapes few.

    Where something stands is counted from the end of the file, which grows at its front.
    """

    def __init__(self, size: int):
        super().__init__(size)
        self._written = {}
        self._references = []

    def StartObject(self, numfields: int):
        super().StartObject(numfields)
        self._references = []

    def PrependUOffsetTRelative(self, off: int):
        super().PrependUOffsetTRelative(off)
        self._references.append((self.Offset(), off))

    def EndObject(self) -> int:
        table = super().EndObject()
        content = self.Bytes[len(self.Bytes) - table : len(self.Bytes) - self.objectEnd]
        layout = table + int.from_bytes(content[:_REFERENCE], "little", signed=True)
        for place, _ in self._references:  # they are distances, from places that differ
            content[table - place : table - place + _REFERENCE] = bytes(_REFERENCE)
        key = layout, bytes(content[_REFERENCE:]), tuple(target for _, target in self._references)
        first = self._written.setdefault(key, table)
        if first != table:
            self.head = len(self.Bytes) - self.objectEnd
        return first

    def CreateNumpyVector(self, x: np.ndarray) -> int:
        key = x.dtype.str, x.tobytes()
        if key not in self._written:
            self._written[key] = super().CreateNumpyVector(x)
        return self._written[key]


def unpack(content: bytes) -> schema.ModelT:
    """A file as objects of its schema, which can be changed."""
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    for buffer in model.buffers:
        if buffer.offset > 1:  # some programs write constants behind the FlatBuffer; 1 stands for an empty one
            buffer.data = np.frombuffer(content, np.uint8, buffer.size, buffer.offset)
        buffer.offset = buffer.size = 0
    return model


def pack(model: schema.ModelT) -> bytes:
    """The file of such objects."""
    model.buffers = [_AlignedBuffer(buffer) for buffer in model.buffers]
    builder = _Builder(1 << 20)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def operators(content: bytes) -> collections.Counter:
    """How often each operator stands in a file; one that is not built in has its own name, in quotes."""
    model = unpack(content)
    return collections.Counter(
        operator_name(model, operator) for graph in model.subgraphs for operator in graph.operators
    )


def operator_name(model: schema.ModelT, operator: schema.OperatorT) -> str:
    """The name of what an operator does, such as CONV_2D; of one that is not built in its own, in quotes."""
    code = model.operatorCodes[operator.opcodeIndex]
    if code.customCode is not None:
        return repr(code.customCode.decode())
    return _NAMES[max(code.builtinCode, code.deprecatedBuiltinCode)]  # the older field has 7 bits


def with_default_size(content: bytes, size: tuple[int, int]) -> bytes:
    """The file with `(height, width)` as the size of its pictures until they are resized; it still takes every size.

    The converter leaves 1x1, at which some graphs cannot even be prepared.
    """
    model = unpack(content)
    for graph in model.subgraphs:
        for tensor in (graph.tensors[index] for index in graph.inputs):
            signature = tensor.shapeSignature
            if signature is not None and len(signature) == 4:
                shape = np.array(tensor.shape)
                shape[1:3] = np.where(np.asarray(signature[1:3]) == -1, size, shape[1:3])
                tensor.shape = shape
    return pack(model)


def with_first(content: bytes, signature: str) -> bytes:
    """The file whose first subgraph is that of a signature: programs run it that know of no signatures.

    Args:
        content: bytes of a file whose subgraphs each belong to a signature.
        signature: its name.
    """
    model = unpack(content)
    keys = {one.subgraphIndex: one for one in model.signatureDefs}
    order = sorted(keys, key=lambda index: (keys[index].signatureKey.decode() != signature, index))
    model.subgraphs = [model.subgraphs[index] for index in order]
    for place, index in enumerate(order):
        keys[index].subgraphIndex = place
    return pack(model)


def drop_unused_tensors(model: schema.ModelT) -> None:
    """Takes those tensors out of a model that no operator has: a quantizer would try to read them."""
    for number, graph in enumerate(model.subgraphs):
        holders = [graph, *graph.operators]
        used = {int(index) for one in holders for index in (*one.inputs, *one.outputs)} - {-1}  # -1: an input left out
        places = {old: new for new, old in enumerate(sorted(used))} | {-1: -1}
        graph.tensors = [graph.tensors[index] for index in sorted(used)]
        for one in holders:
            one.inputs, one.outputs = (
                np.array([places[int(index)] for index in side], "int32") for side in (one.inputs, one.outputs)
            )
        for signature in model.signatureDefs:
            if signature.subgraphIndex == number:
                for tensor in (*signature.inputs, *signature.outputs):
                    tensor.tensorIndex = places[tensor.tensorIndex]


def products_of_constants(content: bytes) -> list[str]:
    """Names of the results of convolutions and products none of whose inputs depends on an input of the file."""
    model, found = unpack(content), []
    for graph in model.subgraphs:
        computed = set(graph.inputs)
        for operator in graph.operators:  # they stand in the order in which they run
            if any(index in computed for index in operator.inputs):
                computed.update(operator.outputs)
            elif operator_name(model, operator) in _PRODUCTS:
                found.append(graph.tensors[operator.outputs[0]].name.decode())
    return found


def convolutions_of_pixels(content: bytes) -> list[str]:
    """Names of the results of convolutions that take or give pixels, or blocks of 2x2 of them: 3 channels, or 12."""
    model = unpack(content)
    return [
        graph.tensors[operator.outputs[0]].name.decode()
        for graph in model.subgraphs
        for operator in graph.operators
        if operator_name(model, operator) == "CONV_2D"
        and not {3, 12}.isdisjoint(int(graph.tensors[operator.inputs[1]].shape[axis]) for axis in (0, -1))
    ]


def multiply_adds(content: bytes, inputs: Mapping[str, np.ndarray]) -> tuple[int, float]:
    """Multiply-adds of one run, in convolutions and products of matrices, and the share that XNNPACK takes of them.

    Args:
        content: bytes of a file with one signature.
        inputs: arrays by the names of its inputs.

    Returns:
        The number, and a share in [0, 1].
    """
    # Shapes are known where nothing is delegated, and what is delegated where something is.
    plain = _run(content, inputs, OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES)
    delegating = _run(content, inputs, OpResolverType.AUTO)
    shapes = {tensor["index"]: tensor["shape"].tolist() for tensor in plain.get_tensor_details()}
    nodes = plain._get_ops_details()  # no public name tells the same
    taken = _delegated(nodes, delegating._get_ops_details()[len(nodes) :])
    work = {node["index"]: _work(node, shapes) for node in nodes}
    total = sum(work.values())
    return total, sum(work[index] for index in taken) / max(total, 1)


def _run(content, inputs, resolver):
    interpreter = Interpreter(model_content=content, experimental_op_resolver_type=resolver)
    (signature,) = interpreter.get_signature_list()
    interpreter.get_signature_runner(signature)(**inputs)
    return interpreter


def _delegated(nodes, delegates):
    """Indices of the nodes behind the outputs of delegates, as far back as to their inputs."""
    producers = {tensor: node for node in nodes for tensor in node["outputs"]}
    taken = set()
    for delegate in delegates:
        outside, waiting = set(delegate["inputs"]), list(delegate["outputs"])
        while waiting:
            tensor = waiting.pop()
            node = producers.get(tensor)
            if tensor in outside or node is None or node["index"] in taken:
                continue
            taken.add(node["index"])
            waiting.extend(node["inputs"])
    return taken


def _work(node, shapes):
    """Multiply-adds of an operator."""
    name = node["op_name"]
    if name not in _PRODUCTS:
        return 0
    outputs, weights = (shapes[index] for index in (node["outputs"][0], node["inputs"][1]))
    if name == "TRANSPOSE_CONV":  # inputs: shape of the result, weights (out, height, width, in), picture
        return math.prod(shapes[node["inputs"][2]]) * math.prod(weights[:-1])
    if name == "BATCH_MATMUL":
        return math.prod(outputs) * shapes[node["inputs"][0]][-1]
    if name == "DEPTHWISE_CONV_2D":  # (1, height, width, channels)
        return math.prod(outputs) * math.prod(weights[1:3])
    return math.prod(outputs) * math.prod(weights[1:])  # (out, height, width, in) or (out, in)
