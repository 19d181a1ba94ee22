"""The scene pipeline as a Python object: a photograph in, the scene that a generator makes of its painting out."""

from __future__ import annotations

import dataclasses
import numbers
import threading
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from keras_stylegan.inference.images import MAX_PIXELS, Picture, read_picture
from keras_stylegan.inference.runtimes import available_cores
from keras_stylegan.inference.stylizer import Styles, Stylizer

# What a run leaves.
FILE = "scene.keras"
SIGNATURE = "scene"


class KerasScenes:
    """Runs a scene network on the backend that Keras is set to.

    Args:
        network: built `SceneNetwork`.
    """

    def __init__(self, network):
        self.network = network
        self.input_size = network.input_size

    def run(self, image: np.ndarray, detail: float = 1.0) -> np.ndarray:
        """The scene of a picture, uint8 of shape `(*input_size, 3)`, as uint8 `(height, width, 3)`.

        `detail`, from 0 to 1, is the share of the picture's detail that the generator is handed beside styles.
        """
        from keras import ops

        from keras_stylegan.data import to_float, to_uint8

        return to_uint8(ops.convert_to_numpy(self.network(to_float(image[None]), detail=detail)))[0]


class LiteRTScenes:
    """Runs a LiteRT file with the signature `scene`; needs neither TensorFlow nor Keras.

    Args:
        model: bytes of the file.
        name: what messages call it.
        num_threads: int, or None for all cores of this process.

    Attributes:
        input_size: `(height, width)` of the pictures that scenes are made of.

    Raises:
        ValueError: if the file holds no scene network.
    """

    def __init__(self, model: bytes, name: str = "scene network", num_threads: int | None = None):
        from ai_edge_litert.interpreter import Interpreter

        try:
            interpreter = Interpreter(model_content=model, num_threads=num_threads or available_cores())
            self._signature = interpreter.get_signature_runner(SIGNATURE)
        except (ValueError, RuntimeError) as error:
            raise ValueError(f"{name}: not a LiteRT file of a scene network ({error})") from error
        _, height, width, _ = self._signature.get_input_details()["image"]["shape"]
        self.input_size = (int(height), int(width))
        self._lock = threading.Lock()  # an interpreter holds one picture at a time

    def run(self, image: np.ndarray, detail: float = 1.0) -> np.ndarray:
        """As `KerasScenes.run`."""
        with self._lock:
            return self._signature(image=image[None], detail=np.float32([detail]))["scene"][0]


class SceneMaker:
    """Photographs to scenes: paints the middle of a photograph, and has a generator make what was painted.

    Args:
        runtime: object with `run(image, detail)` and `input_size`, such as `LiteRTScenes`.
        stylizer: what paints.
    """

    def __init__(self, runtime, stylizer: Stylizer):
        self.runtime = runtime
        self.stylizer = stylizer

    def make(
        self, image, styles: Styles, strength: float = 1.0, detail: float = 1.0, max_pixels: int = MAX_PIXELS
    ) -> Image.Image:
        """The scene of a photograph.

        Args:
            image: path, bytes of a file, PIL image, or array uint8, as `inference.read_picture` takes it. Its middle is
                taken, in the shape of scenes.
            styles, strength: as of `Stylizer.stylize`.
            detail: float from 0 to 1: 1 keeps the painting's detail, 0 leaves the scene to the generator, which knows
                of the painting what its styles can say.
            max_pixels: int > 0, the greatest number of pixels of the photograph.

        Returns:
            PIL image of the generator's size, mode RGB, or RGBA if the picture has transparency, upright.

        Raises:
            ValueError: if an argument breaks its rule, or the picture cannot be read.
            OSError: if the file cannot be opened.
        """
        check_detail(detail)
        picture = middle(read_picture(image, max_pixels), self.runtime.input_size)
        painted = self.stylizer.stylize(picture.photo, styles, strength)
        return picture.dress(Image.fromarray(self.runtime.run(np.asarray(painted), detail)))


def check_detail(detail: float) -> None:
    """Raises ValueError if a share of detail is not from 0 to 1."""
    if not isinstance(detail, numbers.Real) or not 0 <= detail <= 1:
        raise ValueError(f"`detail` must be from 0 (the generator alone) to 1 (all of it). Received: {detail}")


def middle(picture: Picture, size: tuple[int, int]) -> Picture:
    """The middle of a picture in the size `(height, width)`, alpha alike."""
    photo, alpha = (
        None if image is None else ImageOps.fit(image, size[::-1], Image.Resampling.BICUBIC)
        for image in (picture.photo, picture.alpha)
    )
    return dataclasses.replace(picture, photo=photo, alpha=alpha)


def open_scenes(source: str | Path) -> KerasScenes | LiteRTScenes:
    """Opens a scene network.

    Args:
        source: run directory of the scene pipeline, a `.keras` or `.tflite` file, or the name of a packaged one.

    Raises:
        ValueError: if there is no such network.
    """
    path = Path(source)
    file = path / FILE if path.is_dir() else path
    if file.suffix == ".keras" and file.is_file():
        from keras_stylegan.keras_files import load_network

        network = load_network(file)
        if not hasattr(network, "input_size"):
            raise ValueError(f"`model` must hold a scene network. Received: {file} with {type(network).__name__}")
        return KerasScenes(network)
    if path.is_dir():
        raise ValueError(f"`model` must be the run directory of a scene pipeline, with {FILE}. Received: {source}")
    if path.suffix == ".tflite" and path.is_file():
        return LiteRTScenes(path.read_bytes(), str(path))
    from keras_stylegan import pretrained

    return LiteRTScenes(pretrained.read_weights(pretrained.scene_pipeline_entry(str(source))["litert"]), str(source))
