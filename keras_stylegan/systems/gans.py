"""From a preset to a generator of pictures and its critic, ready to train."""

from __future__ import annotations

import dataclasses
from typing import Any

from keras_stylegan.models.info_gan import InfoGAN
from keras_stylegan.models.noise_to_image import NoiseToImage
from keras_stylegan.models.progressive import ProgressiveGAN
from keras_stylegan.models.stylegan import StyleGAN
from keras_stylegan.presets import GANPreset, InfoGANPreset, ProgressivePreset, StyleGANPreset
from keras_stylegan.systems.base import System
from keras_stylegan.systems.checks import check_choice, check_critic_steps
from keras_stylegan.systems.gan_beginning import start_from
from keras_stylegan.systems.gan_networks import FAMILIES, NETWORKS, UNUSED
from keras_stylegan.systems.gan_parts import build_augment, gan_system, open_batches
from keras_stylegan.systems.gan_updates import check_update_settings, compile_gan, scheduled


def build_gan(preset: GANPreset) -> System:
    """A GAN on the pictures of a folder, zip or npz file.

    Raises:
        ValueError: if a setting breaks its rule, or `data` or `start_from` cannot be used.
    """
    check_gan(preset)
    batches, classes = open_batches(preset)
    model = untrained_gan(preset, len(classes))
    facts = {"pictures": batches.num_images, "classes": classes, **start_from(preset, model, classes)}
    compile_gan(model, preset)
    return dataclasses.replace(
        gan_system(preset, model, batches, facts), notes=lambda: growth_notes(model, preset.kimg)
    )


def growth_notes(model: NoiseToImage, kimg: float) -> list[str]:
    """What to know of a run that is too short to grow to the full size."""
    if not isinstance(model, ProgressiveGAN) or kimg >= model.growth_kimg:
        return []
    reached, full = ("x".join(map(str, size)) for size in (model.size_at(kimg * 1000), model.generator.size))
    return [
        f"note: {full} is there after {model.growth_kimg:g} kimg; at {kimg:g} the largest size that has faded in "
        f"is {reached}"
    ]


def check_gan(preset: GANPreset) -> None:
    """Checks the settings that belong together, before anything is built."""
    check_update_settings(preset)
    check_choice("network", preset.network, FAMILIES[preset.system])
    check_choice("conditioning", preset.conditioning, ("projection", "embedding"))
    if isinstance(preset, InfoGANPreset) and preset.classes:
        raise ValueError(
            f"`classes` must be empty for InfoGAN, which finds its own. Received: classes={preset.classes}"
        )
    unknown = sorted(preset.final_penalties.keys() - preset.penalties.keys())
    if unknown:
        raise ValueError(f"`final_penalties` must be among those of `penalties`. Received: {', '.join(unknown)}")
    check_critic_steps(preset)
    if preset.updates == "simultaneous" and preset.critic_steps > 1:
        raise ValueError(
            "`critic_steps` must be 1 where both players are updated from the same point. "
            f"Received: critic_steps={preset.critic_steps}, updates=simultaneous"
        )
    of_gradients = sorted({"r1", "r2", "gradient_penalty"} & preset.penalties.keys())
    if of_gradients and preset.critic_normalization == "batch" and "critic_normalization" not in UNUSED[preset.network]:
        raise ValueError(
            "`critic_normalization` must be none or spectral under a gradient penalty, which is a statement about "
            f"single pictures. Received: critic_normalization=batch, penalties={', '.join(of_gradients)}"
        )
    for name in UNUSED[preset.network]:
        default = next(field.default for field in dataclasses.fields(preset) if field.name == name)
        if getattr(preset, name) != default:
            raise ValueError(f"`{name}` is not for network={preset.network}. Received: {name}={getattr(preset, name)}")


def untrained_gan(preset: GANPreset, num_classes: int = 0) -> NoiseToImage:
    """The model of a preset, with built networks, not compiled.

    Raises:
        ValueError: if a setting breaks its rule.
    """
    options = training_options(preset)
    generator, critic = NETWORKS[preset.network](preset, num_classes)
    for network in (generator, critic):
        network.build()
    if isinstance(preset, InfoGANPreset):
        return InfoGAN(generator, critic, preset.code_weight, preset.continuous_weight, **options)
    if isinstance(preset, ProgressivePreset):
        options |= {"stable_kimg": preset.stable_kimg, "fade_kimg": preset.fade_kimg}
        if isinstance(preset, StyleGANPreset):
            return StyleGAN(generator, critic, preset.mixing_probability, **options)
        return ProgressiveGAN(generator, critic, **options)
    return NoiseToImage(generator, critic, **options)


def training_options(preset: GANPreset) -> dict[str, Any]:
    """The arguments of `NoiseToImage` that a preset sets."""
    return {
        "loss": preset.loss,
        "penalties": {
            name: scheduled(preset, weight, preset.final_penalties.get(name, weight))
            for name, weight in preset.penalties.items()
        },
        "penalty_every": preset.penalty_every,
        "critic_steps": preset.critic_steps,
        "weight_limit": preset.weight_limit or None,
        "augment": build_augment(preset),
        "frozen_blocks": preset.frozen_blocks,
        "rotation_weights": preset.rotation_weights,
        "seed": preset.seed,
    }
