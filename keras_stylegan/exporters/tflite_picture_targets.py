"""Networks from pictures to pictures as what a device runs: translation, enlarging, scenes, fusion."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from keras_stylegan.exporters.fusion import NUM_REGIONS, fuse_function
from keras_stylegan.exporters.litert_metadata import TensorNote
from keras_stylegan.exporters.saved_model_images import to_float
from keras_stylegan.exporters.scenes import scene_function
from keras_stylegan.exporters.sources import Source
from keras_stylegan.exporters.tflite_target import (
    Inputs,
    Target,
    check_own_size,
    for_size,
    measured_sizes,
    photographs,
)
from keras_stylegan.exporters.translators import translate_function
from keras_stylegan.exporters.upscaler import upscale_function
from keras_stylegan.inference.fusion_runtimes import SIGNATURE as FUSE
from keras_stylegan.inference.runtimes import MIN_SIDE
from keras_stylegan.inference.scenes import SIGNATURE as SCENE
from keras_stylegan.inference.translator import SIGNATURE as TRANSLATE
from keras_stylegan.inference.upscaler import SIGNATURE as UPSCALE
from keras_stylegan.inference.upscaler import SMALLEST


def translator_target(opened: Source, size: tuple[int, int] | None, representative: str | Path | None) -> Target:
    """A translator.

    Args:
        opened: a source of kind `"translator"`.
        size, representative: as of `tflite_targets.stylizer_target`.

    Raises:
        ValueError: if the size is none that the network takes, or the folder holds no picture.
    """
    network = opened.network
    sizes = measured_sizes(size, network.stride, network.stride)
    measured, calibration = ([{"image": one} for one in part] for part in photographs(sizes, representative))
    sides = f"sides are multiples of {network.stride}"
    return Target(
        description=f"Translates pictures; {sides}.",
        signature=TRANSLATE,
        function=for_size(translate_function(network), size),
        size=sizes[0],
        any_size=size is None,
        notes={
            "image": TensorNote(f"picture, RGB; {sides}", 0, 255, channels=3),
            "translated": TensorNote("translated picture, RGB, of the size of the picture", 0, 255, channels=3),
        },
        measured=measured,
        calibration=calibration,
        expected=lambda given: network(to_float(given["image"]), training=False).numpy(),
        facts={"stride": network.stride, "parameters": network.count_params()},
    )


def upscaler_target(opened: Source, size: tuple[int, int] | None, representative: str | Path | None) -> Target:
    """A network that enlarges pictures.

    Args:
        opened: a source of kind `"upscaler"`.
        size, representative: as of `tflite_targets.stylizer_target`; the size is that of the small picture.

    Raises:
        ValueError: as `translator_target`.
    """
    network = opened.network
    sizes = measured_sizes(size, 1, SMALLEST)
    measured, calibration = ([{"image": one} for one in part] for part in photographs(sizes, representative))
    return Target(
        description=f"Enlarges pictures to {network.factor} times their height and width.",
        signature=UPSCALE,
        function=for_size(upscale_function(network), size),
        size=sizes[0],
        any_size=size is None,
        notes={
            "image": TensorNote("small picture, RGB", 0, 255, channels=3),
            "upscaled": TensorNote("large picture, RGB", 0, 255, channels=3, enlarged=network.factor),
        },
        measured=measured,
        calibration=calibration,
        expected=lambda given: network(to_float(given["image"]), training=False).numpy(),
    )


def scene_target(opened: Source, size: tuple[int, int] | None, representative: str | Path | None) -> Target:
    """The network of the scene pipeline.

    Args:
        opened: a source of kind `"scene"`.
        size: that of the pictures that its scenes are made of, or None.
        representative: as of `tflite_targets.stylizer_target`.

    Raises:
        ValueError: for another size, or if the folder holds no picture.
    """
    network = opened.network
    check_own_size(size, network.input_size, "the pictures that scenes are made of")
    measured, calibration = (
        [{"image": one} for one in part] for part in photographs([network.input_size], representative)
    )
    height, width = network.size
    return Target(
        description=f"Makes scenes of {width}x{height} pixels of painted photographs.",
        signature=SCENE,
        function=scene_function(network),
        size=network.input_size,
        any_size=False,
        notes={
            "image": TensorNote("painted photograph, RGB", 0, 255, channels=3),
            "scene": TensorNote("scene, RGB", 0, 255, channels=3, size=network.size),
        },
        measured=measured,
        calibration=calibration,
        expected=lambda given: network(to_float(given["image"])).numpy(),
    )


def fusion_target(opened: Source, size: tuple[int, int] | None, representative: str | Path | None) -> Target:
    """A network that fuses regions of one picture into another.

    Args:
        opened: a source of kind `"fusion"`.
        size, representative: as of `tflite_targets.stylizer_target`.

    Raises:
        ValueError: as `translator_target`.
    """
    network = opened.network
    sizes = measured_sizes(size, network.stride, MIN_SIDE)
    measured, calibration = ([_fusion(one) for one in part] for part in photographs(sizes, representative))

    def expected(given):
        pictures = {name: to_float(given[name]) for name in ("source", "target")}
        noise = np.zeros((1, network.latent_dim), np.float32)
        return network.change({**pictures, "masks": given["masks"], "noise": noise}).numpy()

    sides = f"sides are multiples of {network.stride}"
    return Target(
        description=f"Fits up to {NUM_REGIONS} regions of a picture into another under its light; {sides}.",
        signature=FUSE,
        function=for_size(fuse_function(network), size),
        size=sizes[0],
        any_size=size is None,
        notes={
            "source": TensorNote(f"what is put in, where it is to be, RGB; {sides}", 0, 255, channels=3),
            "target": TensorNote("picture that it is put into, RGB, of the same size", 0, 255, channels=3),
            "masks": TensorNote("share of each region at each pixel; their sum is at most 1", 0, 1),
            "changed": TensorNote("what belongs under the masks, RGB: draw it through them", 0, 255, channels=3),
        },
        measured=measured,
        calibration=calibration,
        expected=expected,
    )


def _fusion(picture: np.ndarray) -> Inputs:
    """A photograph into which its own mirror image, darkened, is put in two places."""
    _, height, width, _ = picture.shape
    masks = np.zeros((1, height, width, NUM_REGIONS), np.float32)
    masks[:, height // 8 : height // 2, width // 8 : width // 2, 0] = 1
    masks[:, height // 2 : -height // 8, width // 4 : -width // 8, 1] = 0.7
    return {"source": (0.6 * picture[:, :, ::-1]).astype(np.uint8), "target": picture, "masks": masks}
