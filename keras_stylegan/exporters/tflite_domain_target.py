"""A translator for several domains as what a device runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from keras_stylegan.exporters.domains import domain_functions
from keras_stylegan.exporters.litert_metadata import TensorNote
from keras_stylegan.exporters.saved_model_images import to_float
from keras_stylegan.exporters.sources import Source
from keras_stylegan.exporters.tflite_target import Inputs, Target, for_size, measured_sizes, photographs
from keras_stylegan.inference.litert_domains import BY_NOISE, BY_REFERENCE
from keras_stylegan.latents import seeded_latents


def domains_target(opened: Source, size: tuple[int, int] | None, representative: str | Path | None) -> Target:
    """A translator for several domains, with a signature for styles of noise and one for styles of pictures.

    Args:
        opened: a source of kind `"domains"`.
        size, representative: as of `tflite_targets.stylizer_target`.

    Raises:
        ValueError: as `tflite_picture_targets.translator_target`.
    """
    network = opened.network
    sizes = measured_sizes(size, network.stride, network.stride)
    sides = f"sides are multiples of {network.stride}"
    functions = domain_functions(network, opened.reference_size)
    notes = {
        "image": TensorNote(f"picture, RGB; {sides}", 0, 255, channels=3),
        "labels": TensorNote("1 at the domain that the picture goes to, 0 elsewhere", 0, 1, labels=opened.names),
        "latents": TensorNote("noise from the standard normal distribution, which chooses a style", -5, 5),
        "reference": TensorNote(
            "picture of the domain whose style is taken, RGB", 0, 255, channels=3, size=opened.reference_size
        ),
        "translated": TensorNote("translated picture, RGB, of the size of the picture", 0, 255, channels=3),
    }

    def expected(given: Inputs) -> np.ndarray:
        if "reference" in given:
            styles = network.styles_of_pictures(to_float(given["reference"]), given["labels"])
        else:
            styles = network.styles_of_noise(given["latents"], given["labels"])
        return network(to_float(given["image"]), styles, training=False).numpy()

    def target(signature, measured, calibration=(), more=()):
        return Target(
            description=f"Translates pictures into {network.num_domains} domains; {sides}.",
            signature=signature,
            function=for_size(functions[signature], size),
            size=sizes[0],
            any_size=size is None,
            notes=notes,
            measured=measured,
            calibration=calibration,
            expected=expected,
            facts={
                "stride": network.stride,
                "parameters": network.count_params(),
                "domains": list(opened.names),
                "latent_dim": network.latent_dim,
                "reference_size": opened.reference_size and list(opened.reference_size),
            },
            more=more,
        )

    def labelled(pictures, **inputs):
        labels = np.eye(network.num_domains, dtype="float32")
        return [
            {"image": picture, "labels": labels[[i % len(labels)]], **{key: value(i) for key, value in inputs.items()}}
            for i, picture in enumerate(pictures)
        ]

    measured, calibration = photographs(sizes, representative)
    references = photographs([opened.reference_size or size or sizes[0]], None)[0]
    more = [target(BY_REFERENCE, labelled(measured, reference=lambda i: references[i - 1]))]
    first, others = (
        labelled(pictures, latents=lambda i, start=start: seeded_latents([start + i], network.latent_dim))
        for pictures, start in ((measured, 0), (calibration, len(measured)))
    )
    return target(BY_NOISE, first, others, more)
