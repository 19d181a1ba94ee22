"""What both ways to a server have in common: how a signature is described, and how an error reads."""

from __future__ import annotations

import dataclasses
import re
from typing import Protocol

import numpy as np

# The element types of our signatures, by their names in TensorFlow's messages.
TYPES = {
    "DT_UINT8": np.dtype("uint8"),
    "DT_INT32": np.dtype("int32"),
    "DT_INT64": np.dtype("int64"),
    "DT_FLOAT": np.dtype("float32"),
    "DT_STRING": np.dtype(object),
}
_ASSERTION = re.compile(r"assertion failed: \[(.*?)\] (\[.*\])")


@dataclasses.dataclass(frozen=True)
class Tensor:
    """An input or output of a signature.

    Attributes:
        dtype: NumPy type, `object` for strings.
        shape: sizes of the axes, None where any is right.
    """

    dtype: np.dtype
    shape: tuple[int | None, ...]


@dataclasses.dataclass(frozen=True)
class Signature:
    """Inputs and outputs by their names."""

    inputs: dict[str, Tensor]
    outputs: dict[str, Tensor]


class Transport(Protocol):
    """A way to a server; errors as of `Client`."""

    # Whether pictures travel faster as files than as numbers.
    prefers_files: bool

    def status(self, model: str) -> dict[int, str]:
        """State of each version that the server knows, such as AVAILABLE."""

    def signatures(self, model: str, version: int | None) -> dict[str, Signature]:
        """The signatures of a model."""

    def predict(
        self, model: str, version: int | None, name: str, signature: Signature, inputs: dict[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        """The outputs of the signature `name`."""

    def close(self) -> None:
        """Lets go of connections."""


def element_type(name: str) -> np.dtype:
    """The type that TensorFlow's messages call by a name; ValueError for one that no signature of ours has."""
    if name not in TYPES:
        raise ValueError(f"its tensors must be of {', '.join(TYPES)}. Received: {name}")
    return TYPES[name]


def refusal(url: str, message: str) -> ValueError:
    """The error for a request that the server refuses: its sentence, without the names of nodes of a graph."""
    found = _ASSERTION.search(message)
    text = f"{found[1]} {found[2]}" if found else message.partition("\n")[0]
    return ValueError(f"{url}: the server refuses the request: {' '.join(text.split())}")
