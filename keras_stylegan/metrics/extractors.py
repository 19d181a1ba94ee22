"""Feature networks by name, each with its size, its preprocessing and its resize filter."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Callable, Sequence
from pathlib import Path

import keras
import numpy as np
from keras import ops

from keras_stylegan.metrics.inception_2015 import IMAGE_SIZE, build_inception_2015, read_inception_2015
from keras_stylegan.metrics.names import APPLICATIONS, INCEPTION_2015, check_extractor
from keras_stylegan.metrics.resizing import resize as resize_picture
from keras_stylegan.networks import build_perceptual
from keras_stylegan.networks.backbone_trunk import load_arrays
from keras_stylegan.networks.perceptual import STYLE_TAPS

_SIZE = 128
_MOBILENET_END = "conv_pw_12_relu"


class FeatureExtractor:
    """Pictures of any size to feature vectors.

    Args:
        name: name of the network, part of a score's name.
        network: model from float32 `(batch, size, size, 3)` to a dict with `features` `(batch, features)` and, where it
            classifies, `logits` `(batch, classes)`.
        size: pictures are resized to this square, in pixels.
        resize: filter, one of `RESIZE_FILTERS`.
        preprocess: function from a float32 batch of RGB in 0..255 to what the network takes; None changes nothing.
        batch_size: pictures at a time.

    Attributes:
        classifies: whether there are logits.
        checksum: the first 12 digits of the SHA-256 of the weights.
    """

    def __init__(
        self,
        name: str,
        network: keras.Model,
        size: int,
        resize: str = "bicubic",
        preprocess: Callable[[np.ndarray], np.ndarray] | None = None,
        batch_size: int = 32,
    ):
        self.name = name
        self.size = size
        self.resize = resize
        self.preprocess = preprocess
        self.batch_size = batch_size
        self.classifies = "logits" in network.output
        self.checksum = hashlib.sha256(b"".join(w.tobytes() for w in network.get_weights())).hexdigest()[:12]
        self._network = network

    def prepare(self, picture: np.ndarray) -> np.ndarray:
        """Resizes a uint8 picture `(height, width, 3)` to float32 `(size, size, 3)` in 0..255."""
        return resize_picture(picture, self.size, self.resize)

    def __call__(self, pictures: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray | None]:
        """Extracts features.

        Args:
            pictures: uint8 RGB pictures `(height, width, 3)`: one array, or a sequence of any sizes.

        Returns:
            Float32 features `(pictures, features)`, and logits `(pictures, classes)` or None.
        """
        return self.extract([self.prepare(picture) for picture in pictures])

    def extract(self, prepared: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray | None]:
        """As a call, of pictures that went through `prepare`."""
        features, logits = [], []
        for start in range(0, len(prepared), self.batch_size):
            batch = np.stack(prepared[start : start + self.batch_size])
            count = len(batch)
            # Always a full batch: another size would compile the network again.
            batch = np.concatenate([batch, np.zeros((self.batch_size - count, *batch.shape[1:]), "float32")])
            outputs = self._network.predict_on_batch(self.preprocess(batch) if self.preprocess else batch)
            features.append(outputs["features"][:count])
            logits.append(outputs["logits"][:count] if self.classifies else None)
        return np.concatenate(features), np.concatenate(logits) if self.classifies else None

    def protocol(self) -> dict[str, object]:
        """What a score depends on besides the pictures, for its record."""
        return {"name": self.name, "weights": self.checksum, "size": self.size, "resize": self.resize}


def build_extractor(
    name: str, weights: str | Path | None = None, size: int | None = None, resize: str | None = None
) -> FeatureExtractor:
    """Builds a feature extractor by name.

    Args:
        name: `"compact"` (packaged; the means over positions of the style taps), `"mobilenet"` (MobileNet v1 up to its
            twelfth block, means over positions, from a local .npz by the names of Keras 2), `"inception-2015"` (from
            the local file that `read_inception_2015` describes; its distances alone are called FID and KID), or one of
            `keras.applications`, see `APPLICATIONS` (the layer before the classifier; ImageNet weights).
        weights: path of a local weight file: needed by mobilenet and inception-2015; by default compact takes the
            packaged one and `keras.applications` its cache or download.
        size: pixels, at least 32; 128 for compact and mobilenet by default, the others have one size.
        resize: filter, one of `RESIZE_FILTERS`. By default `"bicubic"`, and `"tensorflow1"` for inception-2015, whose
            published scores were made with it.

    Returns:
        `FeatureExtractor`.

    Raises:
        ValueError: for an unknown name or filter (with those close to it), missing or wrong weights, or a wrong size.
        FileNotFoundError: for a missing file.
    """
    check_extractor(name, weights, size, resize)
    # Whatever the policy of a training: what a score means must not depend on it.
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        return _build(name, weights, size, resize)
    finally:
        keras.config.set_dtype_policy(policy)


def _build(name, weights, size, resize):
    if name == INCEPTION_2015:
        network = build_inception_2015(read_inception_2015(weights))
        return FeatureExtractor(name, network, IMAGE_SIZE, resize or "tensorflow1")
    if name in APPLICATIONS:
        network, preprocess = _application(name, weights)
        return FeatureExtractor(name, network, APPLICATIONS[name][2], resize or "bicubic", preprocess)
    size = size or _SIZE
    network = _compact(size, weights) if name == "compact" else _mobilenet(size, weights)
    return FeatureExtractor(name, network, size, resize or "bicubic")


def _compact(size, weights):
    pixels = keras.Input((size, size, 3))
    taps = build_perceptual("compact", STYLE_TAPS, weights)(keras.layers.Rescaling(1 / 127.5, -1.0)(pixels))
    features = ops.concatenate([ops.mean(taps[tap], axis=(1, 2)) for tap in STYLE_TAPS], axis=-1)
    return keras.Model(pixels, {"features": features})


def _mobilenet(size, weights):
    whole = keras.applications.MobileNet(include_top=False, weights=None, input_shape=(size, size, 3))
    trunk = keras.Model(whole.input, whole.get_layer(_MOBILENET_END).output, name="MobileNet")
    load_arrays(trunk, weights)
    pixels = keras.Input((size, size, 3))
    maps = trunk(keras.layers.Rescaling(1 / 127.5, -1.0)(pixels))
    return keras.Model(pixels, {"features": ops.mean(maps, axis=(1, 2))})


def _application(name, weights):
    class_name, module, _ = APPLICATIONS[name]
    try:
        network = getattr(keras.applications, class_name)(
            weights=str(weights or "imagenet"), classifier_activation=None
        )
    except Exception as error:  # urllib's, h5py's and Keras' own
        kind = f"`{weights}` is not a weight file of {name}" if weights else f"{name} could not be downloaded"
        raise ValueError(f"{kind} (`weights` names a local file): {error}") from error
    classifier = network.layers[-1]
    network = keras.Model(network.input, {"features": classifier.input, "logits": classifier.output})
    return network, importlib.import_module(f"keras.applications.{module}").preprocess_input
