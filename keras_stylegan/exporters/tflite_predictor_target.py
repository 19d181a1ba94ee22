"""A style predictor as what a device runs."""

from __future__ import annotations

from pathlib import Path

from keras_stylegan.exporters.litert_metadata import TensorNote
from keras_stylegan.exporters.predictor import SIGNATURE, predict_function
from keras_stylegan.exporters.saved_model_images import to_float
from keras_stylegan.exporters.sources import Source
from keras_stylegan.exporters.tflite_target import Target, for_size, measured_sizes, photographs
from keras_stylegan.inference.style_pictures import SMALLEST


def predictor_target(opened: Source, size: tuple[int, int] | None, representative: str | Path | None) -> Target:
    """A network from a picture to its style vector, which the signature `stylize_vector` takes.

    Args:
        opened: a source of kind `"predictor"`.
        size, representative: as of `tflite_targets.stylizer_target`.

    Raises:
        ValueError: as `tflite_picture_targets.translator_target`.
    """
    network = opened.network
    measured, calibration = (
        [{"picture": one} for one in part] for part in photographs(measured_sizes(size, 1, SMALLEST), representative)
    )
    return Target(
        description="Makes style vectors of pictures; best of one whose shorter side has 256 pixels.",
        signature=SIGNATURE,
        function=for_size(predict_function(network), size),
        size=measured[0]["picture"].shape[1:3],
        any_size=size is None,
        notes={
            "picture": TensorNote(f"picture, RGB, from {SMALLEST}x{SMALLEST}", 0, 255, channels=3),
            "style_vector": TensorNote("its style, times whose share it goes into a mixture", -5, 5),
        },
        measured=measured,
        calibration=calibration,
        expected=lambda given: network(to_float(given["picture"]), training=False).numpy(),
    )
