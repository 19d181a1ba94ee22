"""From a preset to the scene pipeline: the packaged painter, an encoder, and a generator of natural scenes."""

from __future__ import annotations

import keras
import numpy as np

from keras_stylegan import data
from keras_stylegan.choices import did_you_mean
from keras_stylegan.layers import DiffAugment
from keras_stylegan.losses import ADVERSARIAL_LOSSES
from keras_stylegan.models.scene import PHASES, ScenePipeline
from keras_stylegan.models.stylegan2 import r1_gamma
from keras_stylegan.networks import StyleTransformer, build_perceptual
from keras_stylegan.presets import ScenePipelinePreset
from keras_stylegan.systems.base import Probe, System, average, cosine, jit_compile, save_whole, take
from keras_stylegan.systems.gan_parts import CRITIC_FILE, SIGNED_LOSSES
from keras_stylegan.systems.scene_parts import SCENE_FILE, begin_with, build_critic, build_network, open_painter

# The packaged generator that a run begins with where it is told no other.
GENERATOR = "scenes"
PREVIEW_PHOTOGRAPHS, PROBE_PICTURES = 8, 16

CRITICS = ("stylegan2", "projected")
_CHOICES = {"phase": PHASES, "critic": CRITICS, "loss": ADVERSARIAL_LOSSES, "augment": ("none", "diffaugment")}


def build_scene_pipeline(preset: ScenePipelinePreset) -> System:
    """The scene pipeline as the preset says.

    Raises:
        ValueError: if a setting breaks its rule, or `content`, `styles`, `data` or `start_from` cannot be used.
    """
    joint = preset.phase == "joint"
    adversarial = joint and preset.critic_weight > 0
    _check(preset)
    beginning = begin_with(preset.start_from or GENERATOR)
    network = build_network(beginning, preset)
    if any(side % StyleTransformer.stride for side in network.input_size):
        raise ValueError(
            f"`factor` times the generator's size must be multiples of {StyleTransformer.stride}, at which photographs "
            f"are painted. Received: factor={preset.factor}, size={network.size}"
        )
    photographs = data.open_images(preset.content, preset.content_short_side, preset.cache_megabytes * 2**20)
    style_network, names, pictures = open_painter(preset)
    critic = build_critic(preset, beginning) if adversarial else None
    # A frozen network's gradients are not what R1 should flatten.
    gamma = 0.0 if preset.critic == "projected" else preset.gamma or r1_gamma(network.size, preset.batch_size)
    model = ScenePipeline(
        style_network,
        network,
        build_perceptual(preset.perceptual, dtype=None),
        pictures,
        critic,
        phase=preset.phase,
        pixel_weight=preset.pixel_weight,
        perceptual_weight=preset.perceptual_weight,
        prior_weight=preset.prior_weight,
        content_weight=preset.content_weight,
        style_weight=preset.style_weight,
        critic_weight=preset.critic_weight,
        loss=preset.loss,
        gamma=gamma,
        penalty_every=preset.penalty_every,
        # With the model's own seed it would draw the same numbers.
        augment=DiffAugment(seed=preset.seed + 1) if preset.augment == "diffaugment" else None,
        seed=preset.seed,
    )
    adam = keras.optimizers.Adam
    optimizers = {"generator": adam(cosine(preset.learning_rate, preset.steps), beta_2=0.99)}
    if critic is not None:
        optimizers["critic"] = adam(cosine(preset.critic_learning_rate, preset.steps), beta_1=0.5, beta_2=0.99)
    model.compile(
        optimizers, clip_norm=preset.clip_norm or None, ema=average(preset.ema_kimg), jit_compile=jit_compile()
    )

    crops = data.Crops(photographs, network.input_size, preset.batch_size, preset.scale, seed=preset.seed)
    mixed = preset.mix_probability if len(names) > 1 else 0.0
    batches = data.StyleBatches(crops, len(names), mixed, preset.weak_probability, seed=preset.seed)
    facts = {"photographs": len(photographs), "styles": names, "classes": beginning.classes, **beginning.facts}
    if adversarial:
        scenes = _scenes(preset, network.size)
        facts |= {"scenes": scenes.num_images, "gamma": gamma}
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


def _check(preset):
    for name, valid in _CHOICES.items():
        value = getattr(preset, name)
        if value not in valid:
            hint = did_you_mean(value, valid)
            raise ValueError(f"`{name}` must be one of {', '.join(valid)}. Received: {name}={value}{hint}")


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
    taken = take(batches, count)
    return {**taken, "painted": keras.ops.convert_to_numpy(model.stylise(taken))}


def _preview(model, batches):
    """A row per photograph: itself, what was painted of it, and the scene without and with its detail."""
    taken = _take(model, batches, PREVIEW_PHOTOGRAPHS)

    def preview():
        network = model.sampler
        scenes = [network(taken["painted"], detail=detail) for detail in (0.0, 1.0)]
        columns = [network.reduce(taken["content"]), network.reduce(taken["painted"]), *scenes]
        return np.stack([data.to_uint8(keras.ops.convert_to_numpy(column)) for column in columns], axis=1)

    return preview


def _probe(model, batches):
    """Scenes of fixed photographs, which are to keep the light and dark of what was painted."""
    taken = _take(model, batches, PROBE_PICTURES)
    inputs = keras.ops.convert_to_numpy(model.network.reduce(taken["painted"]))
    critic = model.critic if model.loss_name in SIGNED_LOSSES else None
    return Probe(lambda: model.network(taken["painted"]), taken["images"], critic, inputs=inputs)
