"""From a finished run of a translator to what the package ships: LiteRT file, manifest entry, model card."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_stylegan.exporters.domains import domain_functions
from keras_stylegan.exporters.litert import convert, convert_signatures, picture_function
from keras_stylegan.exporters.litert_transposed import transposed_at_corners
from keras_stylegan.exporters.model_card import translator_card
from keras_stylegan.exporters.package_files import (
    check_name,
    common_facts,
    fingerprint,
    grey_levels,
    read_run,
    write_package,
)
from keras_stylegan.exporters.sources import Source, open_source
from keras_stylegan.inference.litert_domains import BY_NOISE, LiteRTDomainTranslator
from keras_stylegan.inference.runtimes import pad_to_stride
from keras_stylegan.inference.translator import (
    DOMAINS_FILE,
    SIGNATURE,
    KerasTranslator,
    LiteRTTranslator,
    StyledTranslator,
    translator_file,
)
from keras_stylegan.latents import seeded_latents
from keras_stylegan.networks.johnson import OneStyle

# Height and width of the pictures on which a LiteRT file is compared with Keras, before they are padded.
PARITY_SIZES = ((64, 96), (100, 61))


def translate_function(network: keras.Model):
    """The boundary of a built float32 translator: `litert.picture_function` for multiples of `network.stride`."""

    def translate(images):
        with transposed_at_corners(network):
            return network(images, training=False)

    return picture_function(translate, "translated")


def package_translator(
    run: Path, assets: Path, name: str, purpose: str, data: str, licence: str, direction: str | None = None
) -> dict[str, Any]:
    """Writes `weights/NAME.{tflite,md}` of a run and its entry in the manifest; `translate --model NAME` runs it.

    Args:
        run, assets, name, data, licence: as of `generators.package_generator`; the run of a translator, of one for
            several domains, or of the baseline of one style.
        purpose: what it does, in a sentence.
        direction: of a run that learnt both ways.

    Returns:
        The manifest entry.

    Raises:
        ValueError: if `run` holds no translator, or `name` is no plain name.
    """
    check_name(name)
    config = read_run(run, "a translator")
    domains = run / DOMAINS_FILE
    file = domains if domains.is_file() and direction is None else translator_file(run, direction)
    opened = open_source(file)
    if opened.kind not in ("translator", "domains"):
        raise ValueError(f"`run` must be the run directory of a translator. Received: {run}, with a {opened.kind}")
    network = opened.network
    content, facts, pair = (_of_domains if opened.kind == "domains" else _of_translator)(opened)
    entry = {
        "kind": opened.kind,
        "purpose": purpose,
        "network": type(network.network if isinstance(network, OneStyle) else network).__name__,
        "litert": fingerprint(f"weights/{name}.tflite", content),
        "stride": network.stride,
        **facts,
        **common_facts(run, config, network, data, licence),
        "parity": parity_figures(*pair),
    }
    write_package(assets, name, entry, {entry["litert"]["file"]: content}, translator_card(name, entry))
    return entry


def _of_translator(opened: Source):
    """The LiteRT file of a translator, what the manifest says beside, and its runtimes on LiteRT and Keras."""
    network, by_keras = opened.network, KerasTranslator(opened.network)
    content = convert(translate_function(network), SIGNATURE, float16=True)
    by_litert = LiteRTTranslator(content, network.stride, min_side=by_keras.min_side)
    return content, {"min_side": by_keras.min_side}, (by_litert, by_keras)


def _of_domains(opened: Source):
    """The same of a translator for several domains, whose runtimes bring pictures into the first of them."""
    network, size = opened.network, opened.reference_size
    content = convert_signatures(domain_functions(network, size), float16=True)
    facts = {"domains": list(opened.names), "latent_dim": network.latent_dim, "reference_size": size and list(size)}
    style = {
        "latents": seeded_latents([0], network.latent_dim),
        "labels": np.eye(network.num_domains, dtype="float32")[:1],
    }
    by_keras = KerasTranslator(StyledTranslator(network, network.styles_of_noise(**style)))
    return content, facts, (LiteRTDomainTranslator(content, network.stride, BY_NOISE, style), by_keras)


def parity_figures(one: Any, other: Any) -> dict[str, float]:
    """Mean and greatest difference of two runtimes of a translator, in grey levels, on noise of several sizes."""
    rng = np.random.default_rng(0)
    noise = [rng.integers(0, 256, (*size, 3), "uint8") for size in PARITY_SIZES]
    images = [pad_to_stride(image, one.stride, one.min_side)[0] for image in noise]
    return grey_levels((one.run(image), other.run(image)) for image in images)
