"""Pictures as styles: what a picture must have to be one, and the predictor of style vectors."""

from __future__ import annotations

import importlib.util
import os
import sys
import threading

import numpy as np
from PIL import Image

from keras_stylegan.inference.images import over_white, read_picture

SMALLEST = 16  # pixels: below, the deepest features of the style loss have no size
# Standard deviation, in grey levels, below which a picture is one colour and noise.
_FLAT = 2.0
# The shorter side at which a style picture is looked at: that of training.
_SHORT_SIDE = 256
# A strip is cut to this shape, so that what is looked at stays small.
_MAX_ASPECT = 4


def read_style_picture(source) -> Image.Image:
    """Reads a style picture, given as to `read_picture`; what is transparent shows white, as in training.

    Returns:
        PIL image of mode RGB.

    Raises:
        ValueError: if it cannot be read, or shows no style.
        OSError: if the file cannot be opened.
    """
    photo = over_white(read_picture(source))
    check_style_picture(photo, os.fspath(source) if isinstance(source, str | os.PathLike) else "`styles`")
    return photo


def check_style_picture(picture: Image.Image, name: str = "picture") -> None:
    """ValueError, about what is called `name`, unless an RGB picture is large and varied enough to show a style."""
    if min(picture.size) < SMALLEST:
        raise ValueError(f"{name}: a style picture must have at least {SMALLEST} pixels on each side. "
                         f"Received: {picture.width}x{picture.height}")  # fmt: skip
    # At the size at which it is looked at; what is fine may be all there is to it, as in a weave.
    if np.asarray(_looked_at(picture), np.float32).std(axis=(0, 1)).max() < _FLAT:
        raise ValueError(f"{name}: a style picture, seen at a shorter side of {_SHORT_SIDE} pixels, must not be of one "
                         "colour only")  # fmt: skip


def choose_backend(argument: str) -> None:
    """Sets Keras' backend to one that is installed, unless it is set or imported already.

    Raises:
        ValueError: about what is called `argument`, if none is installed.
    """
    if "keras" in sys.modules or "KERAS_BACKEND" in os.environ:
        return
    installed = [name for name in ("tensorflow", "jax", "torch") if importlib.util.find_spec(name)]
    if not installed:
        raise ValueError(f"`{argument}` needs Keras with TensorFlow, JAX or torch. Received: none of them is installed")
    os.environ["KERAS_BACKEND"] = installed[0]


def prepare_style_picture(picture) -> np.ndarray:
    """A picture, given as to `read_picture`, in the size of training; uint8 of shape `(height, width, 3)`."""
    return np.asarray(_looked_at(over_white(read_picture(picture))))


def _looked_at(photo: Image.Image) -> Image.Image:
    """The middle of a picture, at most four times as long as wide, in the size of training."""
    longest = _MAX_ASPECT * min(photo.size)
    width, height = (min(side, longest) for side in photo.size)
    left, top = (photo.width - width) // 2, (photo.height - height) // 2
    photo = photo.crop((left, top, left + width, top + height))
    factor = min(1.0, _SHORT_SIDE / min(photo.size))
    return photo.resize([round(side * factor) for side in photo.size], Image.Resampling.LANCZOS)


class LiteRTPredictor:
    """Runs a LiteRT file with the signature `predict_style` (`keras_stylegan.exporters.predictor` writes it).

    Args:
        model: bytes of the file.
    """

    def __init__(self, model: bytes):
        from ai_edge_litert.interpreter import Interpreter

        self._signature = Interpreter(model_content=model, num_threads=1).get_signature_runner("predict_style")
        self._lock = threading.Lock()  # an interpreter holds one picture at a time

    def __call__(self, source) -> np.ndarray:
        """The style vector of a picture, float32 `(vector_size,)`; argument and errors as of `read_style_picture`."""
        return self.run(prepare_style_picture(read_style_picture(source)))

    def run(self, picture: np.ndarray) -> np.ndarray:
        """The style vector of what `prepare_style_picture` returned."""
        with self._lock:
            return self._signature(picture=picture[None])["style_vector"][0]
