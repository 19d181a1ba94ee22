"""A served model: its versions, its signatures, one request."""

from __future__ import annotations

import functools
from typing import Self

import numpy as np

from keras_stylegan.choices import did_you_mean
from keras_stylegan.serving.rest import RestTransport
from keras_stylegan.serving.transport import Signature, Transport


class Connection:
    """A model behind TensorFlow Serving, whatever it is; `Client` says what the arguments are."""

    def __init__(self, url: str, model: str = "multistyle", version: int | None = None, timeout: float = 60.0):
        self.model = model
        self.version = version
        self.transport = _transport(url, timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the connection."""
        self.transport.close()

    def status(self) -> dict[int, str]:
        """State of each version that the server knows, `AVAILABLE` for those that answer."""
        return self.transport.status(self.model)

    @functools.cached_property
    def signatures(self) -> dict[str, Signature]:
        """The signatures of the model by their names."""
        return self.transport.signatures(self.model, self.version)

    def predict(self, signature: str, **inputs: np.ndarray) -> dict[str, np.ndarray]:
        """Sends one request.

        Args:
            signature: name of a signature.
            **inputs: arrays by the names of its inputs, each with a batch axis; strings as arrays of bytes objects.

        Returns:
            Arrays by the names of its outputs.

        Raises:
            ValueError: if there is no such signature, its inputs are others, or the server refuses them.
            ConnectionError: if there is no answer.
        """
        expected = self.inputs(signature)
        if inputs.keys() != expected.keys():
            raise ValueError(
                f"`{signature}` takes {', '.join(sorted(expected))}. Received: {', '.join(sorted(inputs))}"
            )
        arrays = {name: _array(name, value, expected[name].dtype) for name, value in inputs.items()}
        return self.transport.predict(self.model, self.version, signature, self.signatures[signature], arrays)

    def inputs(self, signature: str) -> dict:
        """What a signature takes, by names; ValueError if there is none of that name."""
        known = self.signatures
        if signature not in known:
            hint = did_you_mean(signature, known)
            raise ValueError(f"`signature` must be one of {', '.join(sorted(known))}. Received: {signature}{hint}")
        return known[signature].inputs


def _array(name, value, dtype):
    """An input of a signature; a type that would lose something, such as floats for uint8, is a mistake."""
    if dtype.kind == "O":
        array = np.array(value, object)  # NumPy's own type for bytes drops zeros at the end
        fits, rule = all(isinstance(item, bytes) for item in array.flat), "bytes objects"
    else:
        array = np.asarray(value)
        fits, rule = np.can_cast(array.dtype, dtype, "same_kind"), dtype.name
    if not fits:
        raise ValueError(f"`{name}` must be {rule}. Received: an array of {array.dtype}")
    if dtype.kind in "iu" and array.size and array.max() > np.iinfo(dtype).max:  # it would begin again at 0
        raise ValueError(f"`{name}` must be {rule}, at most {np.iinfo(dtype).max}. Received: {array.max()}")
    return array.astype(dtype, copy=False)


def _transport(url: str, timeout: float) -> Transport:
    scheme, _, address = url.partition("://")
    if address and scheme in ("http", "https"):
        return RestTransport(url, timeout)
    if address and scheme == "grpc":
        from keras_stylegan.serving.grpc_transport import GrpcTransport

        return GrpcTransport(address.rstrip("/"), timeout)
    raise ValueError(f"`url` must begin with http://, https:// or grpc://. Received: url={url}")
