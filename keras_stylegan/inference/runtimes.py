"""The two ways to run a packaged stylisation network: LiteRT, which loads in a moment, and Keras.

Both have `run`, for a picture in one style or mixture, and `run_regions`, for one in a mixture a region. They take
pictures of every size: the network wants multiples of its stride, so the picture is continued by reflection on all
sides and the result cropped back.
"""

import os
import threading

import numpy as np

from keras_stylegan.inference.litert_signatures import single_signature
from keras_stylegan.pretrained import build_transformer

# Below this side the network's own border handling and its per-picture statistics have too little to work on.
MIN_SIDE = 64


def smallest_side(network) -> int:
    """The smallest height and width that a network is given; some encoders have a `min_side` of their own."""
    return max(MIN_SIDE, getattr(network, "min_side", 0))


def pad_to_stride(image: np.ndarray, stride: int, min_side: int = MIN_SIDE) -> tuple[np.ndarray, tuple[slice, slice]]:
    """Continues a picture by reflection, evenly on opposite sides.

    Args:
        image: array of shape `(height, width, channels)`, of any size from 1x1.
        stride: int, what height and width of the result are multiples of.
        min_side: int, the smallest height and width of the result (rounded up to the stride).

    Returns:
        The padded array and the pair of slices that cut the picture out of it again.
    """
    padding, crop = [], []
    for side in image.shape[:2]:
        total = -(-max(side, min_side) // stride) * stride - side
        padding.append((total // 2, total - total // 2))
        crop.append(slice(total // 2, total // 2 + side))
    if any(map(any, padding)):
        image = np.pad(image, (*padding, (0, 0)), mode="reflect")
    return image, tuple(crop)


def available_cores() -> int:
    """Returns the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class LiteRTRuntime:
    """Runs a LiteRT file with the signatures of `exporters.litert.stylize_functions`; needs no TensorFlow or Keras.

    Of a file with the signature `stylize_weights` alone, the named styles can be painted. A signature is prepared when
    it is first run.

    Args:
        model: bytes of the file.
        stride: int, what the network wants height and width to be multiples of.
        num_threads: int, or None for all cores of this process.
    """

    def __init__(self, model: bytes, stride: int, num_threads: int | None = None):
        self.stride = stride
        self.num_threads = available_cores() if num_threads is None else num_threads
        self._model = model
        self._signatures = {}
        self._signature("stylize_weights")
        self._lock = threading.Lock()  # an interpreter holds one picture at a time

    def run(
        self, image: np.ndarray, weights: np.ndarray, strength: float, vector: np.ndarray | None = None
    ) -> np.ndarray:
        """Stylises one picture.

        Args:
            image: array uint8 of shape `(height, width, 3)`, RGB.
            weights: array of shape `(styles,)`, not negative; the sum is 1, or less by the share of own styles.
            strength: float in [0, 1].
            vector: optional array of shape `(vector_size,)`: the own styles' vectors times their shares.

        Returns:
            Array uint8 of the shape of `image`.
        """
        padded, crop = pad_to_stride(image, self.stride)
        weights = np.asarray(weights, np.float32)[None]
        if vector is None:
            return self._call("stylize_weights", padded, strength, style_weights=weights)[crop]
        vector = np.asarray(vector, np.float32)[None]
        return self._call("stylize_vector", padded, strength, style_weights=weights, style_vector=vector)[crop]

    def run_regions(
        self,
        image: np.ndarray,
        masks: np.ndarray,
        weights: np.ndarray,
        strength: float,
        vectors: np.ndarray | None = None,
    ) -> np.ndarray:
        """Stylises one picture in a mixture of its own for each region, in one pass.

        Args:
            image: array uint8 of shape `(height, width, 3)`, RGB.
            masks: float array of shape `(height, width, regions)` in [0, 1], sums at most 1. The rest stays as it is.
            weights: array of shape `(regions, styles)`, rows as of `run`.
            strength: float in [0, 1].
            vectors: optional array of shape `(regions, vector_size)`, rows as of `run`.

        Returns:
            Array uint8 of the shape of `image`.
        """
        padded, crop = pad_to_stride(image, self.stride)
        masks, _ = pad_to_stride(np.asarray(masks, np.float32), self.stride)
        if vectors is None:
            size = self._signature("stylize_regions").get_input_details()["style_vectors"]["shape"][-1]
            vectors = np.zeros((len(weights), size), np.float32)
        styles = {"style_weights": weights, "style_vectors": vectors, "masks": masks}
        styles = {name: np.asarray(value, np.float32)[None] for name, value in styles.items()}
        return self._call("stylize_regions", padded, strength, **styles)[crop]

    def freeze(
        self,
        parts: np.ndarray,
        origin: np.ndarray,
        weights: np.ndarray,
        strength: float,
        vector: np.ndarray | None = None,
    ) -> np.ndarray:
        """Puts the statistics of a picture into a style, which then paints all of its tiles alike.

        Args:
            parts: array uint8 of shape `(parts, height, width, 3)`, parts of one picture, sides multiples of the
                stride.
            origin: array of shape `(parts, 2)`, row and column of their upper left corners, in steps of four pixels.
            weights, strength, vector: as of `run`.

        Returns:
            float32 array of shape `(vector_size,)`, for `run_tile`.
        """
        runner = self._signature("freeze_style")
        if vector is None:
            vector = np.zeros(runner.get_input_details()["style_vector"]["shape"][-1], np.float32)
        inputs = {"style_weights": [weights], "style_vector": [vector], "strength": [strength], "origin": origin}
        inputs = {name: np.asarray(value, np.float32) for name, value in inputs.items()}
        with self._lock:
            frozen = runner(parts=parts, **inputs)["frozen_vector"][0]
            self._signatures.pop("freeze_style", None)  # once a picture; its memory is for the tiles
        return frozen

    def run_tile(self, image: np.ndarray, frozen: np.ndarray, origin: tuple[int, int], strength: float) -> np.ndarray:
        """Stylises one tile; `image` has sides that are multiples of the stride, `frozen` comes from `freeze`.

        The result may be smaller than `image`, by what the network sees beyond it, alike on all sides.
        """
        inputs = {"frozen_vector": np.float32(frozen)[None], "origin": np.array([origin], np.float32)}
        return self._call("stylize_tile", image, strength, **inputs)

    def _call(self, signature, image, strength, **inputs):
        runner = self._signature(signature)
        with self._lock:
            return runner(image=image[None], strength=np.array([strength], np.float32), **inputs)["stylized"][0]

    def _signature(self, name):
        if name not in self._signatures:
            from ai_edge_litert.interpreter import Interpreter

            model = single_signature(self._model, name)
            interpreter = Interpreter(model_content=model, num_threads=self.num_threads)
            self._signatures[name] = interpreter.get_signature_runner(name)
        return self._signatures[name]


class KerasRuntime:
    """Runs the Keras network on the backend that Keras is set to; the same results as LiteRT to a few grey levels.

    Args:
        network: Keras model called on `{"images": float32 (batch, height, width, 3) in [-1, 1], "style_weights":
            float32 (batch, styles), "strength": float32 (batch,)}`, and "style_vectors" and "masks" as a
            `StyleTransformer`, returning images like the ones it takes.
        stride: int, what the network wants height and width to be multiples of.
    """

    def __init__(self, network, stride: int):
        self.network = network
        self.stride = stride

    @classmethod
    def from_weights(cls, config: dict, weights, stride: int) -> "KerasRuntime":
        """Builds the network and loads it.

        Args:
            config: configuration of a `keras_stylegan.networks.StyleTransformer`.
            weights: mapping from the path of each weight to its array, of any float type; the first part of a path,
                the name of the network, does not matter.
            stride: as above.

        Raises:
            ValueError: if the weights are not those of the network.
        """
        return cls(build_transformer(config, weights), stride)

    def run(
        self, image: np.ndarray, weights: np.ndarray, strength: float, vector: np.ndarray | None = None
    ) -> np.ndarray:
        """Stylises one picture; arguments and result as `LiteRTRuntime.run`."""
        return self._call(image, strength, style_weights=weights, style_vectors=vector)

    def run_regions(
        self,
        image: np.ndarray,
        masks: np.ndarray,
        weights: np.ndarray,
        strength: float,
        vectors: np.ndarray | None = None,
    ) -> np.ndarray:
        """Stylises one picture region by region, in one pass; arguments and result as `LiteRTRuntime.run_regions`."""
        masks, _ = pad_to_stride(np.asarray(masks, np.float32), self.stride)
        return self._call(image, strength, masks=masks, style_weights=weights, style_vectors=vectors)

    def freeze(
        self,
        parts: np.ndarray,
        origin: np.ndarray,
        weights: np.ndarray,
        strength: float,
        vector: np.ndarray | None = None,
    ) -> np.ndarray:
        """Puts the statistics of a picture into a style; arguments and result as `LiteRTRuntime.freeze`."""
        from keras import ops

        own = None if vector is None else np.float32(vector)[None]
        vectors = self.network.bank(np.float32(weights)[None], np.array([strength], np.float32), own)
        images = parts.astype(np.float32) / 127.5 - 1
        return ops.convert_to_numpy(self.network.freeze(images, vectors, np.float32(origin)))[0]

    def run_tile(self, image: np.ndarray, frozen: np.ndarray, origin: tuple[int, int], strength: float) -> np.ndarray:
        """Stylises one tile, as `LiteRTRuntime.run_tile`."""
        return self._call(image, strength, frozen_vectors=frozen, origin=origin)

    def _call(self, image, strength, **styles):
        from keras import ops

        padded, crop = pad_to_stride(image, self.stride)
        inputs = {"images": padded.astype(np.float32) / 127.5 - 1, "strength": strength, **styles}
        given = {name: np.asarray(value, np.float32)[None] for name, value in inputs.items() if value is not None}
        pixels = (ops.convert_to_numpy(self.network(given, training=False))[0][crop] + 1) * 127.5
        return np.clip(np.rint(pixels), 0, 255).astype(np.uint8)
