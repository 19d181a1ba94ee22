"""A LiteRT file without what nothing reads: of several signatures with many small operators, a fifth of the file."""

from __future__ import annotations

from keras_stylegan.exporters.litert_graph import pack, unpack

# The first buffer of a file is empty by definition.
_EMPTY = 0


def slimmed(content: bytes) -> bytes:
    """Drops what a runner does not need, of tensors between operators and of constants.

    Those are names, buffers of their own for tensors that hold no constant, second shapes (sizes that are unknown are
    found out when the inputs are known), empty records of quantisation, and constants that no tensor has.

    Args:
        content: bytes of a LiteRT file.

    Returns:
        The new file's bytes.
    """
    model = unpack(content)
    kept = {_EMPTY}
    for graph in model.subgraphs:
        outside = {*graph.inputs, *graph.outputs}
        for index, tensor in enumerate(graph.tensors):
            if model.buffers[tensor.buffer].data is None:
                tensor.buffer = _EMPTY
            kept.add(tensor.buffer)
            if tensor.quantization is not None and tensor.quantization.scale is None:
                tensor.quantization = None
            if index not in outside:
                tensor.name, tensor.shapeSignature = None, None
    kept |= {entry.buffer for entry in model.metadata or ()}
    places = {old: new for new, old in enumerate(sorted(kept))}
    model.buffers = [model.buffers[old] for old in sorted(kept)]
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            tensor.buffer = places[tensor.buffer]
    for entry in model.metadata or ():
        entry.buffer = places[entry.buffer]
    return pack(model)
