"""From a preset to a StyleGAN2 on the pictures of a folder, zip or npz file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
from PIL import Image

from keras_stylegan import data
from keras_stylegan.data.image_batches import ImageBatches, open_classes
from keras_stylegan.models.stylegan2 import StyleGAN2, r1_gamma
from keras_stylegan.networks import StyleGAN2Critic, StyleGAN2Generator
from keras_stylegan.presets import StyleGAN2Preset
from keras_stylegan.systems import System, jit_compile, save_whole

PREVIEW_PICTURES = 32
# What a run leaves for inference, and for runs that begin with its weights.
GENERATOR_FILE, CRITIC_FILE = "generator.keras", "critic.keras"


def build_stylegan2(preset: StyleGAN2Preset) -> System:
    """StyleGAN2 as the preset says.

    Raises:
        ValueError: if a setting breaks its rule, or `data` or `start_from` cannot be used.
    """
    if not preset.data:
        raise ValueError("`data` must name the pictures to train on. Received nothing")
    pictures, classes, batches = open_batches(preset)
    shared = {
        "size": preset.size,
        "channels": preset.channels,
        "channel_base": preset.channel_base,
        "channel_max": preset.channel_max,
        "mapping_layers": preset.mapping_layers,
        "num_classes": len(classes),
    }
    generator = StyleGAN2Generator(**shared, latent_dim=preset.latent_dim, style_dim=preset.style_dim)
    critic = StyleGAN2Critic(**shared, residual=bool(preset.residual), group_size=preset.group_size)
    for network in (generator, critic):
        network.build()
    if preset.start_from:
        start_from(Path(preset.start_from), generator, critic)
    gamma = preset.gamma or r1_gamma(preset.size, preset.batch_size)
    model = StyleGAN2(
        generator,
        critic,
        loss=preset.loss,
        gamma=gamma,
        penalize_fakes=preset.loss.startswith("relativistic"),
        penalty_every=preset.penalty_every,
        path_length_weight=preset.path_length_weight,
        path_length_every=preset.path_length_every,
        mixing_probability=preset.mixing_probability,
        frozen_blocks=preset.frozen_blocks,
        seed=preset.seed,
    )
    optimizers = {
        name: keras.optimizers.Adam(preset.learning_rate, beta_1=0.0, beta_2=0.99, epsilon=1e-8)
        for name in ("critic", "generator")
    }
    ema = {"half_life_kimg": preset.ema_half_life_kimg, "ramp_up": preset.ema_ramp_up or None}
    model.compile(optimizers, ema=ema, jit_compile=jit_compile())
    facts = {
        "pictures": len(pictures),
        "classes": classes,
        "gamma": gamma,
        "generator_parameters": parameters(generator),
        "critic_parameters": parameters(critic),
    }
    return System(model, batches, _preview(model, len(classes)), lambda folder: save(model, folder), facts)


def open_batches(preset: StyleGAN2Preset) -> tuple[Sequence[np.ndarray], list[str], ImageBatches]:
    """The pictures, the classes that the preset asks for, and batches of `images` and `labels`."""
    pictures, found, labels = open_classes(preset.data, cache_bytes=preset.cache_megabytes * 2**20)
    classes = {"": [], "all": found}.get(preset.classes, [name for name in preset.classes.split(",") if name])
    unknown = sorted(set(classes) - set(found))
    if unknown or (preset.classes and len(classes) < 2):
        choice = f"`all`, or two or more of {', '.join(found)}" if found else "for there are no class folders"
        raise ValueError(f"`classes` must be empty, {choice}. Received: classes={preset.classes}")
    if classes:
        numbers = {found.index(name): number for number, name in enumerate(classes)}
        chosen = [i for i, label in enumerate(labels) if label in numbers]
        pictures = _Chosen(pictures, chosen)
        labels = [numbers[labels[i]] for i in chosen]
    batches = ImageBatches(
        pictures,
        preset.size,
        preset.batch_size,
        labels if classes else None,
        preset.channels,
        preset.scale,
        preset.mirror_probability,
        preset.seed,
    )
    return pictures, classes, batches


class _Chosen(Sequence):
    """Some of the pictures of a source."""

    def __init__(self, source: Sequence[np.ndarray], positions: Sequence[int]):
        self.source = source
        self.positions = positions

    def __len__(self) -> int:
        return len(self.positions)

    def __getitem__(self, index: int) -> np.ndarray:
        return self.source[self.positions[index]]


def start_from(run: Path, generator: keras.Model, critic: keras.Model) -> None:
    """Gives the networks those weights of an earlier run that fit them by name and shape.

    Raises:
        ValueError: if the folder holds no such run, or its networks have nothing in common with these.
    """
    for file, network in ((GENERATOR_FILE, generator), (CRITIC_FILE, critic)):
        if not (run / file).is_file():
            raise ValueError(f"`start_from` must be the directory of a StyleGAN2 run, with {file}. Received: {run}")
        source = keras.models.load_model(run / file, compile=False)
        # Below the network, whose own name counts copies.
        values = {variable.path.partition("/")[2]: variable for variable in source.weights}
        shared = [
            (variable, value)
            for variable in network.weights
            if (value := values.get(variable.path.partition("/")[2])) is not None
            and tuple(value.shape) == tuple(variable.shape)
        ]
        if not shared:
            raise ValueError(f"`start_from` must share weights with these networks. Received: {run}")
        for variable, value in shared:
            variable.assign(value)


def save(model: StyleGAN2, folder: Path) -> None:
    """Writes the averaged generator, and the critic."""
    save_whole(model.sampler, folder / GENERATOR_FILE)
    save_whole(model.critic, folder / CRITIC_FILE)


def parameters(network: keras.Model) -> int:
    """Trainable parameters, frozen ones included."""
    return sum(int(np.prod(v.shape)) for v in network.weights if v.name not in ("mean_styles", "constant_noise"))


def _preview(model, num_classes):
    """Always the same latents: a square of pictures, or a row for each class."""
    rows = max(1, num_classes)
    columns = max(2, PREVIEW_PICTURES // rows)
    labels = np.repeat(np.arange(rows), columns) if num_classes else None
    # A class's pictures are made of the same latents as those above them, so that a column shows what a class changes.
    seeds = list(range(columns)) * rows

    def preview():
        pictures = model.generate(seeds, labels)
        if pictures.shape[-1] != 3:
            pictures = np.stack([np.asarray(data.to_rgb(_as_image(picture))) for picture in pictures])
        return pictures.reshape(rows, columns, *pictures.shape[1:]) if num_classes else pictures

    return preview


def _as_image(picture):
    return Image.fromarray(picture[..., 0] if picture.shape[-1] == 1 else picture)
