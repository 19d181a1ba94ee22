"""A server by REST: JSON over HTTP, with the standard library alone.

Source: TensorFlow Serving, "RESTful API": column format; strings of outputs named `..._bytes` are base64.
"""

from __future__ import annotations

import base64
import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from keras_stylegan.serving.transport import Signature, Tensor, element_type, refusal

Answer = TypeVar("Answer")


class RestTransport:
    """A way to a server.

    Args:
        url: `http://HOST:PORT` or `https://...`, without the path of the API.
        timeout: seconds.
    """

    prefers_files = True

    def __init__(self, url: str, timeout: float):
        self.url = url.rstrip("/")
        self.timeout = timeout

    def status(self, model: str) -> dict[int, str]:
        """As `Transport`."""

        def read(answer):
            return {int(version["version"]): version["state"] for version in answer["model_version_status"]}

        return self._ask(f"/v1/models/{model}", read)

    def signatures(self, model: str, version: int | None) -> dict[str, Signature]:
        """As `Transport`."""

        def read(answer):
            return {
                name: Signature(_tensors(parts.get("inputs", {})), _tensors(parts["outputs"]))
                for name, parts in answer["metadata"]["signature_def"]["signature_def"].items()
                if name != "__saved_model_init_op"
            }

        return self._ask(f"{_path(model, version)}/metadata", read)

    def predict(
        self, model: str, version: int | None, name: str, signature: Signature, inputs: dict[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        """As `Transport`."""
        body = {"signature_name": name, "inputs": {key: _as_json(value) for key, value in inputs.items()}}

        def read(answer):
            outputs = answer["outputs"]
            if len(signature.outputs) == 1:  # the server leaves a single output's name out
                outputs = dict.fromkeys(signature.outputs, outputs)
            return {key: _from_json(outputs[key], tensor.dtype) for key, tensor in signature.outputs.items()}

        return self._ask(f"{_path(model, version)}:predict", read, json.dumps(body).encode())

    def close(self) -> None:
        """As `Transport`: every request has a connection of its own."""

    def _ask(self, path: str, read: Callable[[Any], Answer], body: bytes | None = None) -> Answer:
        """What `read` finds in an answer; with a body the request is a POST."""
        request = urllib.request.Request(self.url + path, body, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=self.timeout) as response:
                content = response.read()
        except urllib.error.HTTPError as error:
            message = _message(error)
            if 400 <= error.code < 500:
                raise refusal(self.url, message) from None
            raise ConnectionError(f"{self.url}: the server failed ({error.code}: {message})") from error
        except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
            reason = getattr(error, "reason", None) or error
            raise ConnectionError(f"{self.url}: no answer from a server ({reason})") from error
        try:
            return read(json.loads(content))
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise ConnectionError(f"{self.url}: the answer is not that of TensorFlow Serving ({error})") from error


def _path(model, version):
    return f"/v1/models/{model}" + ("" if version is None else f"/versions/{version}")


def _message(error):
    """What an error page says: an object with `error`, or any text."""
    text = error.read().decode("utf-8", "replace")
    try:
        return str(json.loads(text)["error"])
    except (ValueError, KeyError, TypeError):
        return text.strip() or error.reason


def _tensors(described):
    return {name: Tensor(element_type(part["dtype"]), _shape(part["tensor_shape"])) for name, part in described.items()}


def _shape(described):
    sizes = [int(axis["size"]) for axis in described.get("dim", [])]
    return tuple(None if size < 0 else size for size in sizes)


def _as_json(value: np.ndarray) -> Any:
    if value.dtype.kind == "O":
        return [{"b64": base64.b64encode(item).decode()} for item in value]
    return value.tolist()


def _from_json(value: Any, dtype: np.dtype) -> np.ndarray:
    if dtype.kind != "O":
        return np.array(value, dtype)
    items = [base64.b64decode(item["b64"]) if isinstance(item, dict) else item.encode() for item in value]
    return np.array(items, object)
