"""The super-resolution network as a Python object: pictures of any size in, pictures of four times the size out.

The packaged network, and any other LiteRT file, needs neither TensorFlow nor Keras; the run directory of a training run
needs a backend of Keras. The network has no statistic of the whole picture, so overlapping tiles give the pixels of the
whole in bounded memory.
"""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import numpy as np
from PIL import Image

from keras_stylegan.inference.images import MAX_PIXELS, read_picture
from keras_stylegan.inference.runtimes import available_cores, pad_to_stride

# Pixels of the small picture that are computed together, and how far a file's network is taken to see beyond them: that
# of the package sees less.
TILE, MARGIN = 192, 24
# Below this side a picture is continued by reflection.
SMALLEST = 8
SIGNATURE = "upscale"
# What a training run leaves.
NETWORK_FILE = "network.keras"


class Upscaler:
    """Enlarges pictures by a network. `open_upscaler` makes one of the packaged network, of a file or of a run.

    Args:
        model: bytes of a LiteRT file with the signature `upscale`; or a built `SuperResolutionNetwork`.
        num_threads: int, of a LiteRT file, or None for all cores of this process.
        tile: int, edge of the tiles in pixels of the small picture, without the margin.
        margin: int, how far tiles overlap; None for as far as the network sees, or `MARGIN` for a file.

    Attributes:
        factor: int, how much larger a picture becomes.

    Raises:
        ValueError: if the file is no such network, or a number is out of range.
    """

    def __init__(self, model, num_threads: int | None = None, tile: int = TILE, margin: int | None = None):
        if tile < 1 or (margin is not None and margin < 0):
            raise ValueError(
                f"`tile` must be positive and `margin` not negative. Received: tile={tile}, margin={margin}"
            )
        self.tile = tile
        if isinstance(model, bytes):
            self.margin = MARGIN if margin is None else margin
            self._enlarge, self.factor = _of_file(model, available_cores() if num_threads is None else num_threads)
        else:
            self.margin = model.reach if margin is None else margin
            self._enlarge, self.factor = _of_network(model), model.factor

    def upscale(self, image, max_pixels: int = MAX_PIXELS) -> Image.Image:
        """Enlarges a picture.

        Args:
            image: path, bytes of a file, PIL image, or array uint8, as `inference.read_picture` takes it.
            max_pixels: int > 0, the greatest number of pixels of the result.

        Returns:
            PIL image of mode RGB, or RGBA if the picture has transparency, upright.

        Raises:
            ValueError: if the picture cannot be read, or the result would be too large.
            OSError: if the file cannot be opened.
        """
        picture = read_picture(image)
        width, height = (self.factor * side for side in picture.photo.size)
        if width * height > max_pixels:
            raise ValueError(
                f"the picture must be one that becomes at most {max_pixels} pixels (`max_pixels`). "
                f"Received: {picture.photo.width}x{picture.photo.height}, enlarged {width}x{height}"
            )
        return picture.dress(Image.fromarray(self.run(np.asarray(picture.photo))))

    def run(self, image: np.ndarray) -> np.ndarray:
        """Enlarges an array uint8 `(height, width, 3)`, of any size from 1x1."""
        height, width = image.shape[:2]
        result = np.empty((self.factor * height, self.factor * width, 3), "uint8")
        for rows in _tiles(height, self.tile, self.margin):
            for columns in _tiles(width, self.tile, self.margin):
                (top, bottom, first_row, last_row), (left, right, first_column, last_column) = rows, columns
                enlarged = self._run(image[first_row:last_row, first_column:last_column])
                y, x = self.factor * (top - first_row), self.factor * (left - first_column)
                part = result[self.factor * top : self.factor * bottom, self.factor * left : self.factor * right]
                part[...] = enlarged[y : y + part.shape[0], x : x + part.shape[1]]
        return result

    def _run(self, image):
        padded, (rows, columns) = pad_to_stride(image, 1, SMALLEST)
        enlarged, factor = self._enlarge(padded), self.factor
        return enlarged[factor * rows.start : factor * rows.stop, factor * columns.start : factor * columns.stop]


def _of_file(content, num_threads):
    """Function of a LiteRT file from an array to the larger one, and how much larger."""
    from ai_edge_litert.interpreter import Interpreter

    try:
        signature = Interpreter(model_content=content, num_threads=num_threads).get_signature_runner(SIGNATURE)
        lock = threading.Lock()  # an interpreter holds one picture at a time

        def enlarge(image):
            with lock:
                return signature(image=image[None])["upscaled"][0]

        return enlarge, enlarge(np.zeros((SMALLEST, SMALLEST, 3), "uint8")).shape[0] // SMALLEST
    except Exception as error:  # LiteRT raises ValueError, RuntimeError and KeyError
        raise ValueError(f"`model` must be a LiteRT file with the signature {SIGNATURE} ({error})") from error


def _of_network(network):
    """Function of a Keras network from an array to the larger one."""
    from keras import ops

    from keras_stylegan.data import to_float, to_uint8

    return lambda image: to_uint8(ops.convert_to_numpy(network(to_float(image[None]))))[0]


def open_upscaler(source: str | os.PathLike | None = None) -> Upscaler:
    """Opens a super-resolution network.

    Args:
        source: path of a LiteRT file, of a `.keras` file, or of a run directory of super-resolution; None for the
            packaged network. Tiles of a LiteRT file overlap as far as the `.json` file of its export says that it sees,
            or by `MARGIN` without one.

    Raises:
        ValueError: if there is no such network, or the file is damaged.
        OSError: if the file cannot be opened.
    """
    if source is None:
        from keras_stylegan import pretrained

        return Upscaler(pretrained.read_weights(pretrained.upscaler_entry()["litert"]))
    path = Path(source)
    if path.is_dir() or path.suffix == ".keras":
        return Upscaler(_load(path / NETWORK_FILE if path.is_dir() else path))
    with open(source, "rb") as file:
        content = file.read()
    try:
        return Upscaler(content, margin=_reach(path.with_suffix(".json")))
    except ValueError as error:
        raise ValueError(f"{os.fspath(source)}: not a network that enlarges pictures ({error})") from error


def _reach(facts):
    """How far the network of a LiteRT file sees, by the facts that its export wrote beside it; None without them."""
    try:
        reach = json.loads(facts.read_text(encoding="utf-8")).get("reach")
    except (OSError, ValueError, AttributeError):  # not there, or another file of that name
        return None
    return reach if isinstance(reach, int) and reach >= 0 else None


def _load(file):
    from keras_stylegan.keras_files import load_network

    if not file.is_file():
        raise ValueError(f"`model` must be the run directory of a network that enlarges, with {file.name}. "
                         f"Received: {file.parent}")  # fmt: skip
    network = load_network(file)
    if not (hasattr(network, "factor") and hasattr(network, "reach")):
        raise ValueError(f"`model` must hold a network that enlarges. Received: {file} with {type(network).__name__}")
    return network


def _tiles(length, tile, margin):
    """Rows `(start, end, first, last)`: the pixels start to end come from the window first to last.

    All windows have one length, that of the inner ones, so that the network is laid out once.
    """
    window = min(length, tile + 2 * margin)
    for start in range(0, length, tile):
        first = min(max(start - margin, 0), length - window)
        yield start, min(start + tile, length), first, first + window
