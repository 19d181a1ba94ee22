"""What the scene pipeline is made of: what it begins with, its network, its painter, its critic."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from keras_stylegan import data, pretrained
from keras_stylegan.choices import did_you_mean
from keras_stylegan.keras_files import foreign_hint, load_network
from keras_stylegan.models.transfer import transfer_weights
from keras_stylegan.networks import (
    ProjectedCritic,
    SceneEncoder,
    SceneNetwork,
    StyleGAN2Critic,
    StyleGAN2Generator,
    StyleTransformer,
    build_perceptual,
)
from keras_stylegan.presets import ScenePipelinePreset
from keras_stylegan.systems.base import begun_with
from keras_stylegan.systems.gan_parts import CRITIC_FILE, GENERATOR_FILE
from keras_stylegan.systems.multistyle import take_styles

# What a run leaves for inference, and for runs that begin with its weights; beside it the critic.
SCENE_FILE = "scene.keras"


class Beginning(NamedTuple):
    """What a run of the pipeline begins with.

    Attributes:
        generator: built `StyleGAN2Generator`.
        classes: names of its classes.
        encoder: of an earlier run of the pipeline, or None.
        critic: of an earlier run, or None.
        facts: what config.json says of it.
    """

    generator: StyleGAN2Generator
    classes: list[str]
    encoder: SceneEncoder | None
    critic: keras.Model | None
    facts: dict[str, Any]


def begin_with(source: str) -> Beginning:
    """Opens what a run of the pipeline can begin with.

    Args:
        source: run directory of a StyleGAN2 or of the pipeline, or name of a packaged generator.

    Raises:
        ValueError: if there is no such run or generator, or it is none of StyleGAN2 with three channels.
    """
    run = Path(source)
    encoder = critic = None
    if run.is_dir():
        file = next((run / name for name in (SCENE_FILE, GENERATOR_FILE) if (run / name).is_file()), None)
        if file is None or not (run / "config.json").is_file():
            raise ValueError(
                f"`start_from` must be the directory of a run, with config.json and {GENERATOR_FILE} or {SCENE_FILE}. "
                f"Received: {source}"
            )
        network = load_network(file)
        encoder, generator = (network.encoder, network.generator) if file.name == SCENE_FILE else (None, network)
        critic = load_network(run / CRITIC_FILE) if (run / CRITIC_FILE).is_file() else None
        classes = json.loads((run / "config.json").read_text(encoding="utf-8"))["facts"].get("classes", [])
        facts = {"begun_with": begun_with(run)}
    else:
        packaged = pretrained.generators()
        if source not in packaged:
            raise ValueError(
                "`start_from` must be the run directory of a StyleGAN2 or of the pipeline, or a packaged generator "
                f"({', '.join(sorted(packaged)) or 'there are none'}). Received: {source}"
                f"{did_you_mean(source, packaged)}{pretrained.generator_hint()}{foreign_hint(source)}"
            )
        entry = packaged[source]
        generator = pretrained.build_network(entry["keras"], pretrained.read_weights(entry["keras"]))
        classes, facts = entry["classes"], {"generator": {"packaged": source, "sha256": entry["keras"]["sha256"]}}
    if not isinstance(generator, StyleGAN2Generator) or generator.channels != 3:
        raise ValueError(
            f"`start_from` must have a StyleGAN2 generator of RGB pictures. Received: {source} with {generator.name}"
        )
    return Beginning(generator, list(classes), encoder, critic, facts)


def build_network(beginning: Beginning, preset: ScenePipelinePreset) -> SceneNetwork:
    """The network of a preset, with the weights that a run begins with."""
    # Rebuilt under the run's precision: the file's may be another.
    config = {k: v for k, v in beginning.generator.get_config().items() if k not in ("dtype", "name", "trainable")}
    generator = StyleGAN2Generator.from_config(config)
    generator.build()
    generator.set_weights(beginning.generator.get_weights())
    widths = (generator.channel_base, generator.channel_max, generator.style_dim)
    encoder = SceneEncoder(generator.size, *widths, skips=bool(preset.skips))
    encoder.build()
    if beginning.encoder is not None:
        transfer_weights(beginning.encoder, encoder)
    network = SceneNetwork(encoder, generator, preset.factor)
    network.build()
    return network


def open_painter(preset: ScenePipelinePreset) -> tuple[StyleTransformer, list[str], list[np.ndarray]]:
    """The packaged style network with the styles that there are pictures of, their names, and the pictures.

    Raises:
        ValueError: if there is a picture of no packaged style.
    """
    entry = pretrained.network_entry("multistyle")
    whole, known = pretrained.packaged_transformer(entry), [style["name"] for style in entry["styles"]]
    found = zip(*data.open_styles(preset.styles, preset.style_short_side), strict=True)
    pictures = {name: picture for name, picture in found if name in known}
    if not pictures:
        raise ValueError(
            f"`styles` must hold pictures named after packaged styles, such as {known[0]}.jpg (`keras-stylegan styles` "
            f"lists them). Received: {preset.styles}"
        )
    config = {k: v for k, v in whole.get_config().items() if k not in ("dtype", "name", "trainable")}
    network = StyleTransformer.from_config({**config, "num_styles": len(pictures)})
    network.build()
    take_styles(whole, network, known, list(pictures))
    network.trainable = False
    return network, list(pictures), list(pictures.values())


def build_critic(preset: ScenePipelinePreset, beginning: Beginning) -> keras.Model:
    """The critic of a preset, with the weights of an earlier run's as far as they fit."""
    generator = beginning.generator
    if preset.critic == "projected":
        features = build_perceptual(preset.perceptual, dtype=None)
        critic = ProjectedCritic(features, generator.size, preset.critic_filters)
    else:
        critic = StyleGAN2Critic(generator.size, 3, generator.channel_base, generator.channel_max)
    critic.build()
    # An earlier critic's classes are left behind: a photograph has none.
    if type(beginning.critic) is type(critic):
        transfer_weights(beginning.critic, critic)
    return critic
