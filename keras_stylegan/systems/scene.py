"""From a preset to the scene pipeline: the packaged painter, an encoder, and a generator of natural scenes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from keras_stylegan import data, pretrained
from keras_stylegan.choices import did_you_mean
from keras_stylegan.keras_files import load_network
from keras_stylegan.layers import DiffAugment
from keras_stylegan.losses import ADVERSARIAL_LOSSES
from keras_stylegan.models.scene import PHASES, ScenePipeline
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
from keras_stylegan.systems.base import Probe, System, begun_with, jit_compile, save_whole
from keras_stylegan.systems.gan_parts import CRITIC_FILE, GENERATOR_FILE, SIGNED_LOSSES
from keras_stylegan.systems.multistyle import take_styles
from keras_stylegan.systems.stylegan2 import CRITICS

# What a run leaves for inference, and for runs that begin with its weights; beside it the critic.
SCENE_FILE = "scene.keras"
GENERATOR = "scenes"
PREVIEW_PHOTOGRAPHS, PROBE_PICTURES = 8, 16
# The half-life of an averaged network is at most this share of the images seen.
EMA_RAMP_UP = 0.05

_CHOICES = {"phase": PHASES, "critic": CRITICS, "loss": ADVERSARIAL_LOSSES, "augment": ("none", "diffaugment")}


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


def build_scene_pipeline(preset: ScenePipelinePreset) -> System:
    """The scene pipeline as the preset says.

    Raises:
        ValueError: if a setting breaks its rule, or `content`, `styles`, `data` or `start_from` cannot be used.
    """
    joint = preset.phase == "joint"
    adversarial = joint and preset.critic_weight > 0
    _check(preset, adversarial)
    beginning = begin_with(preset.start_from or GENERATOR)
    network = _network(beginning, preset)
    if any(side % StyleTransformer.stride for side in network.input_size):
        raise ValueError(
            f"`factor` times the generator's size must be multiples of {StyleTransformer.stride}, at which photographs "
            f"are painted. Received: factor={preset.factor}, size={network.size}"
        )
    photographs = data.open_images(preset.content, preset.content_short_side, preset.cache_megabytes * 2**20)
    style_network, names, pictures = _painter(preset)
    critic = _critic(preset, beginning) if adversarial else None
    model = ScenePipeline(
        style_network,
        network,
        build_perceptual(preset.perceptual, dtype=preset.precision),
        pictures,
        critic,
        phase=preset.phase,
        pixel_weight=preset.pixel_weight,
        perceptual_weight=preset.perceptual_weight,
        content_weight=preset.content_weight,
        style_weight=preset.style_weight,
        critic_weight=preset.critic_weight,
        loss=preset.loss,
        gamma=0.0 if preset.critic == "projected" else preset.gamma,
        penalty_every=preset.penalty_every,
        # With the model's own seed it would draw the same numbers.
        augment=DiffAugment(seed=preset.seed + 1) if preset.augment == "diffaugment" else None,
        seed=preset.seed,
    )
    decay = keras.optimizers.schedules.CosineDecay
    optimizers = {"generator": keras.optimizers.Adam(decay(preset.learning_rate, preset.steps), beta_2=0.99)}
    if critic is not None:
        rate = decay(preset.critic_learning_rate, preset.steps)
        optimizers["critic"] = keras.optimizers.Adam(rate, beta_1=0.5, beta_2=0.99)
    average = {"half_life_kimg": preset.ema_kimg, "ramp_up": EMA_RAMP_UP} if preset.ema_kimg else None
    model.compile(optimizers, clip_norm=preset.clip_norm or None, ema=average, jit_compile=jit_compile())

    crops = data.Crops(photographs, network.input_size, preset.batch_size, preset.scale, seed=preset.seed)
    mixed = preset.mix_probability if len(names) > 1 else 0.0
    batches = data.StyleBatches(crops, len(names), mixed, preset.weak_probability, seed=preset.seed)
    facts = {"photographs": len(photographs), "styles": names, "classes": beginning.classes, **beginning.facts}
    if adversarial:
        scenes = _scenes(preset, network.size)
        facts["scenes"] = scenes.num_images
        batches = data.SceneBatches(batches, scenes)
    example = np.zeros((1, *network.input_size, 3), "float32")
    return System(
        model,
        batches,
        _preview(model, batches),
        lambda folder: _save(model, folder),
        facts,
        lambda: network(example),
        _probe(model, batches) if adversarial else None,
    )


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
                f"{did_you_mean(source, packaged)}{pretrained.generator_hint()}"
            )
        entry = packaged[source]
        generator = pretrained.build_generator(entry["keras"], pretrained.read_weights(entry["keras"]))
        classes, facts = entry["classes"], {"generator": {"packaged": source, "sha256": entry["keras"]["sha256"]}}
    if not isinstance(generator, StyleGAN2Generator) or generator.channels != 3:
        raise ValueError(
            f"`start_from` must have a StyleGAN2 generator of RGB pictures. Received: {source} with {generator.name}"
        )
    return Beginning(generator, list(classes), encoder, critic, facts)


def _check(preset, adversarial):
    for name in ("content", "styles", *(["data"] if adversarial else [])):
        if not getattr(preset, name):
            raise ValueError(f"`{name}` must name the pictures to train on. Received nothing")
    for name, valid in _CHOICES.items():
        value = getattr(preset, name)
        if value not in valid:
            hint = did_you_mean(value, valid)
            raise ValueError(f"`{name}` must be one of {', '.join(valid)}. Received: {name}={value}{hint}")


def _network(beginning, preset):
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


def _painter(preset):
    """The packaged style network with the styles that there are pictures of, their names, and the pictures."""
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


def _critic(preset, beginning):
    generator = beginning.generator
    if preset.critic == "projected":
        features = build_perceptual(preset.perceptual, dtype=preset.precision)
        critic = ProjectedCritic(features, generator.size, preset.critic_filters)
    else:
        critic = StyleGAN2Critic(generator.size, 3, generator.channel_base, generator.channel_max)
    critic.build()
    # An earlier critic's classes are left behind: a photograph has none.
    if type(beginning.critic) is type(critic):
        transfer_weights(beginning.critic, critic)
    return critic


def _scenes(preset, size):
    chosen = [name for name in preset.classes.split(",") if name]
    return data.open(
        preset.data,
        size=size,
        batch_size=preset.batch_size,
        seed=preset.seed + 1,  # other draws than the photographs'
        labels=bool(chosen),
        classes=chosen or None,
        cache_bytes=preset.cache_megabytes * 2**20,
    )


def _save(model, folder):
    save_whole(model.sampler, folder / SCENE_FILE)
    if model.critic is not None:
        save_whole(model.critic, folder / CRITIC_FILE)


def _take(model, batches, count):
    """The first photographs of a run with what is painted of them, reduced, and the scenes beside them."""
    taken = [batches[index] for index in range(-(-count // batches.batch_size))]
    taken = {name: np.concatenate([batch[name] for batch in taken])[:count] for name in taken[0]}
    return {**taken, "painted": keras.ops.convert_to_numpy(model.stylise(taken))}


def _preview(model, batches):
    """A row per photograph: itself, what was painted of it, and the scene."""
    taken = _take(model, batches, PREVIEW_PHOTOGRAPHS)

    def preview():
        network = model.sampler
        columns = [network.reduce(taken["content"]), network.reduce(taken["painted"]), network(taken["painted"])]
        return np.stack([data.to_uint8(keras.ops.convert_to_numpy(column)) for column in columns], axis=1)

    return preview


def _probe(model, batches):
    """Scenes of fixed photographs, which are to keep the light and dark of what was painted."""
    taken = _take(model, batches, PROBE_PICTURES)
    inputs = keras.ops.convert_to_numpy(model.network.reduce(taken["painted"]))
    critic = model.critic if model.loss_name in SIGNED_LOSSES else None
    return Probe(lambda: model.network(taken["painted"]), taken["images"], critic, inputs=inputs)
