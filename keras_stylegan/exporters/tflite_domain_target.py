"""A translator for several domains as what a device runs."""

from __future__ import annotations

from typing import Any

import numpy as np

from keras_stylegan.exporters.domains import domain_functions
from keras_stylegan.exporters.litert_metadata import TensorNote
from keras_stylegan.exporters.saved_model_images import to_float
from keras_stylegan.exporters.sources import Source
from keras_stylegan.exporters.tflite_photographed import Photographed, of_photographs
from keras_stylegan.exporters.tflite_target import Inputs, Target, photographs
from keras_stylegan.inference.litert_domains import BY_NOISE, BY_REFERENCE
from keras_stylegan.latents import seeded_latents


@of_photographs
def domains_target(opened: Source) -> Photographed:
    """A translator for several domains, with a signature for styles of noise and one for styles of pictures."""
    network = opened.network
    functions = domain_functions(network, opened.reference_size)
    labels = np.eye(network.num_domains, dtype="float32")

    def inputs(picture: np.ndarray, run: int) -> Inputs:
        latents = seeded_latents([run], network.latent_dim)
        return {"image": picture, "latents": latents, "labels": labels[[run % len(labels)]]}

    def expected(given: Inputs) -> np.ndarray:
        if "reference" in given:
            styles = network.styles_of_pictures(to_float(given["reference"]), given["labels"])
        else:
            styles = network.styles_of_noise(given["latents"], given["labels"])
        return network(to_float(given["image"]), styles, training=False).numpy()

    def more(target: Target) -> dict[str, Any]:
        references = photographs([opened.reference_size or target.size], None)[0]
        measured = [
            {"image": one["image"], "labels": one["labels"], "reference": references[run - 1]}
            for run, one in enumerate(target.measured)
        ]
        return {BY_REFERENCE: (functions[BY_REFERENCE], measured)}

    sides = f"sides are multiples of {network.stride}"
    return Photographed(
        function=functions[BY_NOISE],
        inputs=inputs,
        expected=expected,
        more=more,
        stride=network.stride,
        smallest=2 * network.stride,
        description=f"Translates pictures into {network.num_domains} domains; {sides}.",
        signature=BY_NOISE,
        notes={
            "image": TensorNote.picture(f"picture, RGB; {sides}"),
            "labels": TensorNote("1 at the domain that the picture goes to, 0 elsewhere", 0, 1, labels=opened.names),
            "latents": TensorNote("noise from the standard normal distribution, which chooses a style", -5, 5),
            "reference": TensorNote.picture(
                "picture of the domain whose style is taken, RGB", size=opened.reference_size
            ),
            "translated": TensorNote.picture("translated picture, RGB, of the size of the picture"),
        },
        facts={
            "stride": network.stride,
            "parameters": network.count_params(),
            "domains": list(opened.names),
            "latent_dim": network.latent_dim,
            "reference_size": opened.reference_size and list(opened.reference_size),
        },
    )
