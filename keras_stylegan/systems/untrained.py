"""Models of presets without data, for loops of one's own."""

from __future__ import annotations

from keras_stylegan.models.image_gan import ImageGAN
from keras_stylegan.presets import PRESETS, GANPreset, NoisePreset, StyleGAN2Preset, get_preset, with_settings
from keras_stylegan.systems.gans import check_gan, untrained_gan
from keras_stylegan.systems.stylegan2 import untrained_stylegan2


def from_preset(name: str, *settings: str, num_classes: int = 0) -> ImageGAN:
    """An untrained GAN of a preset, to train in a loop of one's own: networks built, losses set, not compiled.

    Args:
        name: of a GAN's preset (`keras-stylegan presets`).
        *settings: `key=value` texts that change it.
        num_classes: classes of the networks; where the preset has `conditioning`, that says how they enter the critic.

    Raises:
        ValueError: for an unknown name or setting, a setting that breaks its rule, or the preset of another kind of
            system.
    """
    preset = with_settings(get_preset(name), settings)
    if isinstance(preset, StyleGAN2Preset):
        return untrained_stylegan2(preset, num_classes)
    if isinstance(preset, GANPreset):
        check_gan(preset)
        return untrained_gan(preset, num_classes)
    gans = sorted(key for key, value in PRESETS.items() if isinstance(value, NoisePreset))
    raise ValueError(f"`name` must be the preset of a GAN: {', '.join(gans)}. Received: name={name}")
