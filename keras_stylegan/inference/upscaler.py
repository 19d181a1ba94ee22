"""The super-resolution network as a Python object: pictures of any size in, pictures of four times the size out.

Needs neither TensorFlow nor Keras. The network has no statistic of the whole picture, so overlapping tiles give the
pixels of the whole in bounded memory.
"""

from __future__ import annotations

import os
import threading

import numpy as np
from PIL import Image

from keras_stylegan.inference.images import MAX_PIXELS, read_picture
from keras_stylegan.inference.runtimes import available_cores, pad_to_stride

# Pixels of the small picture that are computed together, and what they see beyond: more than the reach of the network.
TILE, MARGIN = 192, 24
# Below this side a picture is continued by reflection.
SMALLEST = 8
SIGNATURE = "upscale"


class Upscaler:
    """Runs a LiteRT file with the signature `upscale`. `open_upscaler` makes one of the packaged network.

    Args:
        model: bytes of the file.
        num_threads: int, or None for all cores of this process.
        tile: int, edge of the tiles in pixels of the small picture, without the margin.
        margin: int, how far tiles overlap.

    Attributes:
        factor: int, how much larger a picture becomes.

    Raises:
        ValueError: if the file is no such network, or a number is out of range.
    """

    def __init__(self, model: bytes, num_threads: int | None = None, tile: int = TILE, margin: int = MARGIN):
        from ai_edge_litert.interpreter import Interpreter

        if tile < 1 or margin < 0:
            raise ValueError(
                f"`tile` must be positive and `margin` not negative. Received: tile={tile}, margin={margin}"
            )
        self.tile = tile
        self.margin = margin
        threads = available_cores() if num_threads is None else num_threads
        try:
            interpreter = Interpreter(model_content=model, num_threads=threads)
            self._signature = interpreter.get_signature_runner(SIGNATURE)
            self._lock = threading.Lock()  # an interpreter holds one picture at a time
            self.factor = self._run(np.zeros((SMALLEST, SMALLEST, 3), "uint8")).shape[0] // SMALLEST
        except Exception as error:  # LiteRT raises ValueError, RuntimeError and KeyError
            raise ValueError(f"`model` must be a LiteRT file with the signature {SIGNATURE} ({error})") from error

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
        with self._lock:
            enlarged = self._signature(image=padded[None])["upscaled"][0]
        factor = enlarged.shape[0] // padded.shape[0]
        return enlarged[factor * rows.start : factor * rows.stop, factor * columns.start : factor * columns.stop]


def open_upscaler(source: str | os.PathLike | None = None) -> Upscaler:
    """Opens a super-resolution network.

    Args:
        source: path of a LiteRT file; None for the packaged network.

    Raises:
        ValueError: if there is no such network, or the file is damaged.
        OSError: if the file cannot be opened.
    """
    if source is None:
        from keras_stylegan import pretrained

        return Upscaler(pretrained.read_weights(pretrained.upscaler_entry()["litert"]))
    with open(source, "rb") as file:
        content = file.read()
    try:
        return Upscaler(content)
    except ValueError as error:
        raise ValueError(f"{os.fspath(source)}: not a network that enlarges pictures ({error})") from error


def _tiles(length, tile, margin):
    """Rows `(start, end, first, last)`: the pixels start to end come from the window first to last.

    All windows have one length, that of the inner ones, so that the network is laid out once.
    """
    window = min(length, tile + 2 * margin)
    for start in range(0, length, tile):
        first = min(max(start - margin, 0), length - window)
        yield start, min(start + tile, length), first, first + window
