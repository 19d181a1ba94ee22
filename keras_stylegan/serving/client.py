"""A served network as a Python object, with the calls of a local one."""

from __future__ import annotations

import functools
import io
from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image

from keras_stylegan.choices import did_you_mean
from keras_stylegan.inference import MAX_PIXELS, Stylizer
from keras_stylegan.latents import seeded_latents
from keras_stylegan.serving.rest import RestTransport
from keras_stylegan.serving.transport import Signature, Transport

# Pictures asked for in one request.
PICTURES = 16


class Client:
    """A network behind TensorFlow Serving.

    Args:
        url: `http://HOST:8501`, `https://...` for REST, `grpc://HOST:8500` for gRPC, which needs the extra `serving`
            and loads TensorFlow.
        model: name under which the server has it.
        version: number; None for the one that the server prefers, its newest.
        timeout: seconds for a request.

    Every method raises ValueError for a request that the server refuses, and ConnectionError where there is no server,
    or none that can answer.

    Example:

    >>> client = Client("http://localhost:8501")
    >>> client.stylize("street.jpg", {"seurat_port_en_bessin": 2, "hokusai_great_wave": 1}).save("out.png")
    """

    def __init__(self, url: str, model: str = "multistyle", version: int | None = None, timeout: float = 60.0):
        self.model = model
        self.version = version
        self._transport = _transport(url, timeout)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *error) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the connection."""
        self._transport.close()

    def status(self) -> dict[int, str]:
        """State of each version that the server knows, `AVAILABLE` for those that answer."""
        return self._transport.status(self.model)

    @functools.cached_property
    def signatures(self) -> dict[str, Signature]:
        """The signatures of the model by their names."""
        return self._transport.signatures(self.model, self.version)

    @functools.cached_property
    def styles(self) -> tuple[str, ...]:
        """Names of the styles, in order."""
        return self._names("style_names")

    @functools.cached_property
    def classes(self) -> tuple[str, ...]:
        """Names of a generator's classes, in order; none without classes."""
        return self._names("class_names") if "class_names" in self.signatures else ()

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
        expected = self._inputs(signature)
        if inputs.keys() != expected.keys():
            raise ValueError(
                f"`{signature}` takes {', '.join(sorted(expected))}. Received: {', '.join(sorted(inputs))}"
            )
        arrays = {name: _array(name, value, expected[name].dtype) for name, value in inputs.items()}
        return self._transport.predict(self.model, self.version, signature, self.signatures[signature], arrays)

    def stylize(
        self,
        image,
        styles: str | Mapping[str, float],
        strength: float = 1.0,
        color: str = "style",
        stroke_size: float | None = None,
        size: tuple[int, int] | None = None,
        max_pixels: int = MAX_PIXELS,
    ) -> Image.Image:
        """Paints a photograph; arguments, result and errors as of `keras_stylegan.inference.Stylizer.stylize`.

        The server gets the picture at the size at which it is painted; EXIF, alpha and colours are seen to here.
        """
        return self._stylizer.stylize(image, styles, strength, color, stroke_size, size, max_pixels)

    def run(
        self, image: np.ndarray, weights: np.ndarray, strength: float, vector: np.ndarray | None = None
    ) -> np.ndarray:
        """Paints the pixels of one picture.

        Args:
            image: array uint8 of shape `(height, width, 3)`, RGB.
            weights: array of shape `(styles,)`, not negative.
            strength: float in [0, 1].
            vector: optional array of shape `(vector_size,)`, what styles outside of the bank add: their vectors times
                their shares, by which `weights` then sum to less than 1.

        Returns:
            Array uint8 of the shape of `image`.
        """
        rows = {"style_weights": np.asarray(weights)[None], "strength": np.array([strength])}
        if vector is not None:
            vector = np.asarray(vector)[None]
            return self.predict("stylize_vector", image=image[None], style_vector=vector, **rows)["stylized"][0]
        if not self._transport.prefers_files:
            return self.predict("stylize_weights", image=image[None], **rows)["stylized"][0]
        file = io.BytesIO()
        Image.fromarray(image).save(file, "PNG", compress_level=1)
        answer = self.predict("encoded_png", image_bytes=np.array([file.getvalue()], object), **rows)
        with Image.open(io.BytesIO(answer["stylized_bytes"][0]), formats=["PNG"]) as painted:
            return np.asarray(painted)

    def generate(self, seeds: Sequence[int], label: str | None = None, truncation: float = 1.0) -> np.ndarray:
        """A picture for each seed, the one that `keras-stylegan generate` makes of it.

        Args:
            seeds: integers from 0 on.
            label: name of a class; None with classes takes them in turns.
            truncation: psi of a style-based generator, 0 to 2.

        Returns:
            uint8 array of shape `(seeds, height, width, channels)`.
        """
        known = self._inputs("generate_z")
        z = seeded_latents(seeds, known["z"].shape[1])
        options = {}
        if "class_number" in known:
            options["class_number"] = self._class_numbers(label, len(z))
        elif label is not None:
            raise ValueError(f"`label` must be None: the generator has no classes. Received: label={label}")
        if "truncation" in known:
            options["truncation"] = np.full(len(z), truncation)
        elif truncation != 1:
            raise ValueError(f"`truncation` must be 1: the generator has no styles. Received: truncation={truncation}")
        pictures = []
        for start in range(0, len(z), PICTURES):
            part = slice(start, start + PICTURES)
            rows = {name: values[part] for name, values in options.items()}
            pictures.append(self.predict("generate_z", z=z[part], **rows)["pictures"])
        return np.concatenate(pictures)

    @functools.cached_property
    def _stylizer(self) -> Stylizer:
        return Stylizer(self, self.styles)

    def _inputs(self, signature):
        known = self.signatures
        if signature not in known:
            hint = did_you_mean(signature, known)
            raise ValueError(f"`signature` must be one of {', '.join(sorted(known))}. Received: {signature}{hint}")
        return known[signature].inputs

    def _names(self, signature):
        total = self.predict(signature, index=np.zeros(1, int))["total"][0]
        return tuple(name.decode("utf-8") for name in self.predict(signature, index=np.arange(total))["name"])

    def _class_numbers(self, label, count):
        if label is None:
            return np.arange(count) % len(self.classes)
        if label not in self.classes:
            hint = did_you_mean(label, self.classes)
            raise ValueError(f"`label` must be one of {', '.join(self.classes)}. Received: label={label}{hint}")
        return np.full(count, self.classes.index(label))


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
    return array.astype(dtype, copy=False)


def _transport(url: str, timeout: float) -> Transport:
    scheme, _, address = url.partition("://")
    if address and scheme in ("http", "https"):
        return RestTransport(url, timeout)
    if address and scheme == "grpc":
        from keras_stylegan.serving.grpc_transport import GrpcTransport

        return GrpcTransport(address.rstrip("/"), timeout)
    raise ValueError(f"`url` must begin with http://, https:// or grpc://. Received: url={url}")
