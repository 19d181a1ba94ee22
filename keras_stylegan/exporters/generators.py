"""From a generator to one LiteRT file, and from a finished run to what the package ships of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from keras_stylegan.exporters.litert import convert
from keras_stylegan.exporters.litert_size import slimmed
from keras_stylegan.exporters.model_card import generator_card
from keras_stylegan.exporters.package_files import (
    architecture,
    check_name,
    common_facts,
    fingerprint,
    grey_levels,
    half_precision,
    read_run,
    write_package,
)
from keras_stylegan.exporters.saved_model_images import to_uint8
from keras_stylegan.inference.generator import FILE, PictureGenerator, build_network, open_generator, truncates
from keras_stylegan.inference.litert_generator import SIGNATURE, LiteRTGenerator
from keras_stylegan.keras_files import in_float32, load_network
from keras_stylegan.networks import BackboneCritic, ProjectedCritic
from keras_stylegan.systems.gan_parts import CRITIC_FILE

# Pictures that a LiteRT file is compared on with Keras.
PARITY_PICTURES = 16


def generate_function(network: keras.Model):
    """The boundary of a generator: a latent in, a picture out.

    A style-based generator takes its constant noise, so that a latent gives one picture, on every machine.

    Args:
        network: built float32 generator, called with latents and one-hot labels, perhaps `truncation`.

    Returns:
        `tf.function` of `latents` float `(1, latent_dim)`, with classes `labels` float `(1, num_classes)`, with styles
        `truncation` float `(1,)`; returns `{"pictures": uint8 (1, height, width, channels)}`.
    """
    specs = {"latents": [1, network.latent_dim]}
    if network.num_classes:
        specs["labels"] = [1, network.num_classes]
    if truncates(network):
        specs["truncation"] = [1]

    @tf.function(
        input_signature=[tf.TensorSpec(shape, tf.float32, name=name) for name, shape in specs.items()], autograph=False
    )
    def generate(*inputs):
        return {"pictures": to_uint8(network(**dict(zip(specs, inputs, strict=True))))}

    return generate


def to_litert(network: keras.Model, float16: bool = True) -> bytes:
    """A generator as the bytes of a LiteRT file with the signature `generate` (`generate_function` says of what).

    Args:
        network: built generator of any precision.
        float16: store the weights in half precision.
    """
    return convert(generate_function(in_float32(network)), SIGNATURE, float16)


def package_generator(
    run: Path, assets: Path, name: str, data: str, licence: str, scores: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Writes `weights/NAME.{tflite,npz,md}` of a run and its entry in the manifest.

    The critic goes into `weights/NAME_critic.npz`, so that training may go on from what is packaged; one that looks
    through another network stays behind, as it would bring that network along. Everything is made and measured before
    the first file is written.

    Args:
        run: run directory of a GAN.
        assets: the package's assets folder.
        name: name of the packaged generator, for `--from`.
        data: what it was trained on, in a sentence.
        licence: licence and notices of the weights, in a sentence.
        scores: what `keras-stylegan evaluate images --json` printed of its pictures.

    Returns:
        The manifest entry.

    Raises:
        ValueError: if `run` holds no generator, or `name` is no plain name.
    """
    check_name(name)
    config = read_run(run, "a GAN", FILE)
    trained = open_generator(run, "keras")
    network = in_float32(trained.network)
    files = {f"weights/{name}.tflite": slimmed(to_litert(network)), f"weights/{name}.npz": half_precision(network)[1]}
    litert, weights = (fingerprint(file, content) for file, content in files.items())
    record = {**weights, "network": type(network).__name__, "config": architecture(network)}
    shipped = PictureGenerator(build_network(record, files[weights["file"]]), trained.classes)
    critic = _critic(run, name, files)
    entry = {
        **_facts(trained),
        "litert": litert,
        "keras": record,
        **({"critic": critic} if critic else {}),
        **common_facts(run, config, network, data, licence, scores and _without_folders(scores)),
        "parity": parity_figures(files[litert["file"]], shipped),
    }
    write_package(assets, name, entry, files, generator_card(name, entry))
    return entry


def _critic(run, name, files):
    """What the manifest says of a run's critic, whose weights join the files; None where it is not shipped."""
    if not (run / CRITIC_FILE).is_file():
        return None
    critic = load_network(run / CRITIC_FILE)
    if isinstance(critic, (ProjectedCritic, BackboneCritic)):
        return None
    file, content = f"weights/{name}_critic.npz", half_precision(critic)[1]
    files[file] = content
    return {**fingerprint(file, content), "network": type(critic).__name__, "config": architecture(critic)}


def _without_folders(scores):
    """A record of scores whose sources have no folders of one machine in their names."""
    return {
        **scores,
        **{kind: {**scores[kind], "source": Path(scores[kind]["source"]).name} for kind in ("real", "fake")},
    }


def _facts(generator: PictureGenerator) -> dict[str, Any]:
    network = generator.network
    return {"classes": generator.classes, "latent_dim": network.latent_dim, "size": list(network.size)}


def parity_figures(content: bytes, theirs: PictureGenerator) -> dict[str, float]:
    """Mean and greatest difference of a LiteRT file and a Keras generator, in grey levels, over seeds 0, 1, ..."""
    ours = PictureGenerator(LiteRTGenerator(content), theirs.classes)
    seeds = range(PARITY_PICTURES)
    return {"pictures": len(seeds), **grey_levels([(ours.generate(seeds), theirs.generate(seeds))])}
