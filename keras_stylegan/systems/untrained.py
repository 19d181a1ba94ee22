"""Models of presets without data, for `fit` and loops of one's own."""

from __future__ import annotations

from typing import Any

from keras_stylegan.choices import did_you_mean
from keras_stylegan.models.image_gan import ImageGAN
from keras_stylegan.presets import PRESETS, NoisePreset, StyleGAN2Preset, as_text, get_preset, with_settings
from keras_stylegan.systems.gan_updates import compile_gan
from keras_stylegan.systems.gans import check_gan, untrained_gan
from keras_stylegan.systems.stylegan2 import untrained_stylegan2


def from_preset(name: str, *settings: str, num_classes: int = 0, **changes: Any) -> ImageGAN:
    """An untrained GAN of a preset, ready for `fit`: built, and compiled with the preset's optimizers and average.

        model = keras_stylegan.from_preset("dcgan", size=(32, 32))
        model.fit(pictures, batch_size=64, epochs=20)  # uint8 (number, 32, 32, 3), or floats in [-1, 1]
        model.generate(range(16))  # uint8 (16, 32, 32, 3)
        model.save("dcgan.keras")  # keras_stylegan.load_model goes on from it

    `compile` again changes how it trains.

    Args:
        name: of a GAN's preset (`keras-stylegan presets`).
        *settings: `key=value` texts that change it, as on the command line.
        num_classes: classes of the networks; where the preset has `conditioning`, that says how they enter the critic.
        **changes: the same by keyword.

    Raises:
        ValueError: for an unknown name or setting, a setting that breaks its rule, or the preset of another kind of
            system.
    """
    gans = sorted(key for key, value in PRESETS.items() if isinstance(value, NoisePreset))
    if name not in gans:
        listed = ", ".join(gans)
        raise ValueError(
            f"`name` must be the preset of a GAN: {listed}. Received: name={name}{did_you_mean(name, gans)}"
        )
    preset = with_settings(
        get_preset(name), [*settings, *(f"{key}={as_text(value)}" for key, value in changes.items())]
    )
    if isinstance(preset, StyleGAN2Preset):
        model = untrained_stylegan2(preset, num_classes)
    else:
        check_gan(preset)
        model = untrained_gan(preset, num_classes)
    compile_gan(model, preset)
    return model
