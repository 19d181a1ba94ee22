"""Networks from pictures as what a device runs: translation, enlarging, scenes, fusion, style vectors."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from keras_stylegan.exporters.fusion import NUM_REGIONS, fuse_function
from keras_stylegan.exporters.litert_metadata import TensorNote
from keras_stylegan.exporters.predictor import SIGNATURE as PREDICT
from keras_stylegan.exporters.predictor import predict_function
from keras_stylegan.exporters.saved_model_images import to_float
from keras_stylegan.exporters.scenes import scene_function
from keras_stylegan.exporters.sources import Source
from keras_stylegan.exporters.tflite_photographed import Photographed, of_photographs
from keras_stylegan.exporters.tflite_target import Inputs
from keras_stylegan.exporters.translators import translate_function
from keras_stylegan.exporters.upscaler import upscale_function
from keras_stylegan.inference.fusion_runtimes import SIGNATURE as FUSE
from keras_stylegan.inference.runtimes import MIN_SIDE, smallest_side
from keras_stylegan.inference.scenes import SIGNATURE as SCENE
from keras_stylegan.inference.style_pictures import SMALLEST as SMALLEST_STYLE
from keras_stylegan.inference.translator import SIGNATURE as TRANSLATE
from keras_stylegan.inference.upscaler import SIGNATURE as UPSCALE
from keras_stylegan.inference.upscaler import SMALLEST


@of_photographs
def translator_target(opened: Source) -> Photographed:
    """A translator."""
    network = opened.network
    sides = f"sides are multiples of {network.stride}"
    return Photographed(
        function=translate_function(network),
        **_of_one("image", network),
        stride=network.stride,
        smallest=max(network.stride, getattr(network, "min_side", 0)),
        description=f"Translates pictures; {sides}.",
        signature=TRANSLATE,
        notes={
            "image": TensorNote.picture(f"picture, RGB; {sides}"),
            "translated": TensorNote.picture("translated picture, RGB, of the size of the picture"),
        },
        facts={
            "stride": network.stride,
            "min_side": smallest_side(network),
            "parameters": network.count_params(),
        },
    )


@of_photographs
def upscaler_target(opened: Source) -> Photographed:
    """A network that enlarges pictures; the size is that of the small one."""
    network = opened.network
    return Photographed(
        function=upscale_function(network),
        **_of_one("image", network),
        smallest=SMALLEST,
        description=f"Enlarges pictures to {network.factor} times their height and width.",
        signature=UPSCALE,
        notes={
            "image": TensorNote.picture("small picture, RGB"),
            "upscaled": TensorNote.picture("large picture, RGB", enlarged=network.factor),
        },
        facts={"factor": network.factor, "reach": network.reach, "parameters": network.count_params()},
    )


@of_photographs
def scene_target(opened: Source) -> Photographed:
    """The network of the scene pipeline; the size is that of the pictures that its scenes are made of, and no other."""
    network = opened.network
    height, width = network.size
    return Photographed(
        function=scene_function(network),
        # Runs take turns with detail, without, and between.
        inputs=lambda picture, run: {"image": picture, "detail": np.float32([(2 - run % 3) / 2])},
        expected=lambda given: network(to_float(given["image"]), detail=given["detail"]).numpy(),
        own_size=(network.input_size, "the pictures that scenes are made of"),
        description=f"Makes scenes of {width}x{height} pixels of painted photographs.",
        signature=SCENE,
        notes={
            "image": TensorNote.picture("painted photograph, RGB"),
            "detail": TensorNote("share of its detail: 0, the generator by styles alone, to 1", 0, 1),
            "scene": TensorNote.picture("scene, RGB", size=network.size),
        },
    )


@of_photographs
def fusion_target(opened: Source) -> Photographed:
    """A network that fuses regions of one picture into another."""
    network = opened.network

    def expected(given):
        pictures = {name: to_float(given[name]) for name in ("source", "target")}
        noise = np.zeros((1, network.latent_dim), np.float32)
        return network.change({**pictures, "masks": given["masks"], "noise": noise}).numpy()

    sides = f"sides are multiples of {network.stride}"
    return Photographed(
        function=fuse_function(network),
        inputs=_fusion,
        expected=expected,
        stride=network.stride,
        smallest=MIN_SIDE,
        description=f"Fits up to {NUM_REGIONS} regions of a picture into another under its light; {sides}.",
        signature=FUSE,
        notes={
            "source": TensorNote.picture(f"what is put in, where it is to be, RGB; {sides}"),
            "target": TensorNote.picture("picture that it is put into, RGB, of the same size"),
            "masks": TensorNote("share of each region at each pixel; their sum is at most 1", 0, 1),
            "changed": TensorNote.picture("what belongs under the masks, RGB: draw it through them"),
        },
    )


@of_photographs
def predictor_target(opened: Source) -> Photographed:
    """A network from a picture to its style vector, which the signature `stylize_vector` takes."""
    return Photographed(
        function=predict_function(opened.network),
        **_of_one("picture", opened.network),
        smallest=SMALLEST_STYLE,
        description="Makes style vectors of pictures; best of one whose shorter side has 256 pixels.",
        signature=PREDICT,
        notes={
            "picture": TensorNote.picture(f"picture, RGB, from {SMALLEST_STYLE}x{SMALLEST_STYLE}"),
            "style_vector": TensorNote("its style, times whose share it goes into a mixture", -5, 5),
        },
    )


def _of_one(name: str, network: keras.Model) -> dict[str, Any]:
    """Inputs and results of a network that takes one picture, under a name."""
    return {
        "inputs": lambda picture, run: {name: picture},
        "expected": lambda given: network(to_float(given[name]), training=False).numpy(),
    }


def _fusion(picture: np.ndarray, run: int) -> Inputs:
    """A photograph into which its own mirror image, darkened, is put in two places."""
    _, height, width, _ = picture.shape
    masks = np.zeros((1, height, width, NUM_REGIONS), np.float32)
    masks[:, height // 8 : height // 2, width // 8 : width // 2, 0] = 1
    masks[:, height // 2 : -height // 8, width // 4 : -width // 8, 1] = 0.7
    return {"source": (0.6 * picture[:, :, ::-1]).astype(np.uint8), "target": picture, "masks": masks}
