"""What a LiteRT file says of itself: names, ranges and labels of its tensors, where LiteRT's tools look for them.

Source: TensorFlow Lite metadata schema 1.1.0 (`metadata_schema.fbs`), whose numbers of fields stand below. As Python
code it is in tflite-support, which is built for NumPy 1 and for Python up to 3.11.
"""

from __future__ import annotations

import dataclasses
import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from keras_stylegan.exporters.litert_graph import pack, unpack

NAME = b"TFLITE_METADATA"
_FILE_IDENTIFIER = b"M001"
_OLDEST_READER = "1.0.0"
_FEATURE, _IMAGE = 1, 2  # union ContentProperties
_RGB, _GRAYSCALE = 1, 2  # enum ColorSpaceType
_AXIS_LABELS = 2  # enum AssociatedFileType


@dataclasses.dataclass(frozen=True)
class TensorNote:
    """What is said of a tensor.

    Attributes:
        description: a sentence.
        least, greatest: the range of its values.
        channels: of a picture, 1 (grey) or 3 (RGB); None for numbers that are no picture.
        labels: names of the places on its last axis, in order, or none.
        enlarged: of a picture, how many times the height and width of the others it has.
        size: of a picture that has another size than the others, its `(height, width)`.
    """

    description: str
    least: float
    greatest: float
    channels: int | None = None
    labels: Sequence[str] = ()
    enlarged: int = 1
    size: tuple[int, int] | None = None

    @classmethod
    def picture(cls, description: str, channels: int = 3, **others: Any) -> TensorNote:
        """What is said of pixels."""
        return cls(description, 0, 255, channels, **others)


def add_metadata(
    content: bytes, name: str, description: str, notes: Mapping[str, TensorNote], size: tuple[int, int]
) -> bytes:
    """The file with metadata, and with the labels of a tensor X as a file `X.txt` in a zip archive at its end.

    Args:
        content: bytes of a file whose subgraphs each belong to a signature.
        name: name of the model.
        description: what it does.
        notes: what to say of the tensors, by the names that the signature has for them.
        size: `(height, width)` of pictures, where they may have other sizes.

    Returns:
        The bytes of the new file.
    """
    from keras_stylegan import __version__

    model = unpack(content)
    builder, subgraphs = flatbuffers.Builder(1024), {}
    for signature in model.signatureDefs:
        graph = model.subgraphs[signature.subgraphIndex]
        sides = (signature.inputs, graph.inputs), (signature.outputs, graph.outputs)
        named = [({m.tensorIndex: m.name.decode() for m in maps}, indices) for maps, indices in sides]
        tensors = [
            _vector(builder, [_tensor(builder, names[i], notes[names[i]], size) for i in indices])
            for names, indices in named
        ]
        subgraphs[signature.subgraphIndex] = _table(builder, {2: tensors[0], 3: tensors[1]})
    texts = {0: name, 1: description, 2: __version__, 4: "keras_stylegan", 7: _OLDEST_READER}
    fields = {slot: builder.CreateString(text) for slot, text in texts.items()}
    fields[3] = _vector(builder, [subgraphs[i] for i in sorted(subgraphs)])
    builder.Finish(_table(builder, fields), file_identifier=_FILE_IDENTIFIER)
    model.buffers.append(schema.BufferT(np.frombuffer(bytes(builder.Output()), np.uint8)))
    entry = schema.MetadataT(NAME, len(model.buffers) - 1)
    model.metadata = [*(m for m in model.metadata or () if m.name != NAME), entry]
    return pack(model) + _archive({_file(key): note.labels for key, note in notes.items() if note.labels})


def read_labels(content: bytes) -> dict[str, list[str]]:
    """The labels of tensors, by the tensors' names, of a file that `add_metadata` made."""
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name.removesuffix(".txt"): archive.read(name).decode().splitlines() for name in archive.namelist()}


def _tensor(builder, name, note, size):
    """Table TensorMetadata."""
    if note.channels is None:
        properties = _table(builder, {})
        content = _table(builder, {1: properties}, {0: _FEATURE})
    else:
        height, width = note.size or (note.enlarged * side for side in size)
        shape = _table(builder, {}, numbers={0: width, 1: height})
        colours = _GRAYSCALE if note.channels == 1 else _RGB
        properties = _table(builder, {1: shape}, {0: colours})
        content = _table(builder, {1: properties}, {0: _IMAGE})
    stats = _table(builder, {0: _floats(builder, [note.greatest]), 1: _floats(builder, [note.least])})
    fields = {0: builder.CreateString(name), 1: builder.CreateString(note.description), 3: content, 5: stats}
    if note.labels:
        texts = {0: builder.CreateString(_file(name)), 1: builder.CreateString("names of the places, in order")}
        fields[6] = _vector(builder, [_table(builder, texts, {2: _AXIS_LABELS})])
    return _table(builder, fields)


def _file(name):
    return f"{name}.txt"


def _table(builder, offsets, enums=None, numbers=None):
    """A table of {number of a field: what was built before}, enumerations and unsigned numbers."""
    enums, numbers = enums or {}, numbers or {}
    builder.StartObject(1 + max((*offsets, *enums, *numbers), default=-1))
    for slot, offset in offsets.items():
        builder.PrependUOffsetTRelativeSlot(slot, offset, 0)
    for slot, number in enums.items():
        builder.PrependUint8Slot(slot, number, 0)
    for slot, number in numbers.items():
        builder.PrependUint32Slot(slot, number, 0)
    return builder.EndObject()


def _vector(builder, offsets):
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return builder.EndVector()


def _floats(builder, values):
    return builder.CreateNumpyVector(np.array(values, np.float32))


def _archive(files: Mapping[str, Sequence[str]]) -> bytes:
    """A zip archive; its times are fixed, so that the same network gives the same file."""
    if not files:
        return b""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, labels in files.items():
            archive.writestr(zipfile.ZipInfo(name), "\n".join(labels) + "\n")
    return buffer.getvalue()
