"""Generators in LiteRT files: pictures from latents in a moment, with neither TensorFlow nor Keras."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import numpy as np

from keras_stylegan.inference.runtimes import available_cores

SIGNATURE = "generate"


class LiteRTGenerator:
    """Runs a LiteRT file with the signature `generate` (`keras_stylegan.exporters.generators` writes them).

    Args:
        model: bytes of the file.
        name: what messages call it.
        num_threads: int, or None for all cores of this process.

    Attributes:
        latent_dim: int, numbers in a latent.
        num_classes: int, 0 without classes.
        size: `(height, width)` of a picture, in pixels.
        channels: int, of a picture.
        truncates: bool, whether it takes a truncation.

    Raises:
        ValueError: if the file holds no generator.
    """

    def __init__(self, model: bytes, name: str = "generator", num_threads: int | None = None):
        from ai_edge_litert.interpreter import Interpreter

        self.name = name
        try:
            interpreter = Interpreter(model_content=model, num_threads=num_threads or available_cores())
            self._signature = interpreter.get_signature_runner(SIGNATURE)
        except (ValueError, RuntimeError) as error:
            raise ValueError(f"{name}: not a LiteRT file of a generator ({error})") from error
        inputs = {key: details["shape"] for key, details in self._signature.get_input_details().items()}
        (output,) = self._signature.get_output_details().values()
        self.latent_dim = int(inputs["latents"][1])
        self.num_classes = int(inputs["labels"][1]) if "labels" in inputs else 0
        self.truncates = "truncation" in inputs
        _, height, width, self.channels = map(int, output["shape"])
        self.size = (height, width)
        self._lock = threading.Lock()  # an interpreter holds one picture at a time

    def render(
        self,
        latents: np.ndarray,
        labels: Sequence[int] | None = None,
        truncation: float = 1.0,
        report: Callable[[int], None] = lambda done: None,
    ) -> np.ndarray:
        """Pictures of latents.

        Args:
            latents: float array of shape `(count, latent_dim)`.
            labels: `count` class numbers; None without classes.
            truncation: psi, without effect where the generator takes none.
            report: called with the number of pictures made.

        Returns:
            uint8 array of shape `(count, height, width, channels)`.
        """
        options = {"truncation": np.array([truncation], "float32")} if self.truncates else {}
        pictures = []
        for index, latent in enumerate(np.asarray(latents, "float32")):
            if self.num_classes:
                options["labels"] = np.eye(self.num_classes, dtype="float32")[[labels[index]]]
            with self._lock:
                (picture,) = self._signature(latents=latent[None], **options).values()
            pictures.append(picture[0])
            report(index + 1)
        return np.stack(pictures)
