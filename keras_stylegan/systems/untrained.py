"""Models of presets without data, for `fit` and loops of one's own."""

from __future__ import annotations

from typing import Any

from keras_stylegan.choices import did_you_mean
from keras_stylegan.models.image_gan import ImageGAN
from keras_stylegan.models.translation import TranslationModel
from keras_stylegan.presets import (
    PRESETS,
    CycleGANPreset,
    NoisePreset,
    Pix2PixPreset,
    StyleGAN2Preset,
    as_text,
    get_preset,
    with_settings,
)
from keras_stylegan.systems.gan_updates import compile_gan
from keras_stylegan.systems.gans import check_gan, untrained_gan
from keras_stylegan.systems.stylegan2 import untrained_stylegan2
from keras_stylegan.systems.translation import untrained_cyclegan, untrained_pix2pix


def from_preset(name: str, *settings: str, num_classes: int = 0, **changes: Any) -> ImageGAN | TranslationModel:
    """An untrained GAN or translator, ready for `fit`: built, and compiled with its preset's optimizers and average.

        model = keras_stylegan.from_preset("dcgan", size=(32, 32))
        model.fit(pictures, batch_size=64, epochs=20)  # uint8 (number, 32, 32, 3), or floats in [-1, 1]
        model.generate(range(16))  # uint8 (16, 32, 32, 3)
        model.save("dcgan.keras")  # keras_stylegan.load_model goes on from it

        model = keras_stylegan.from_preset("pix2pix", size=(64, 64), depth=6)  # or cyclegan
        model.fit(sketches, photographs, batch_size=1, epochs=20)

    `compile` again changes how it trains.

    Args:
        name: of the preset of a GAN from noise, of pix2pix or of CycleGAN (`keras-stylegan presets`).
        *settings: `key=value` texts that change it, as on the command line.
        num_classes: classes of a GAN from noise; `conditioning`, where the preset has it, says how they enter the
            critic.
        **changes: the same by keyword.

    Raises:
        ValueError: for an unknown name or setting, a setting that breaks its rule, or the preset of another kind of
            system.
    """
    kinds = (NoisePreset, Pix2PixPreset, CycleGANPreset)
    known = sorted(key for key, value in PRESETS.items() if isinstance(value, kinds))
    if name not in known:
        close = did_you_mean(name, known)
        raise ValueError(f"`name` must be the preset of a GAN: {', '.join(known)}. Received: name={name}{close}")
    texts = [f"{key}={as_text(value)}" for key, value in changes.items()]
    preset = with_settings(get_preset(name), [*settings, *texts])
    if not isinstance(preset, NoisePreset):
        if num_classes:
            raise ValueError(f"`num_classes` must be 0 for a translator. Received: num_classes={num_classes}")
        return untrained_pix2pix(preset) if isinstance(preset, Pix2PixPreset) else untrained_cyclegan(preset)
    if isinstance(preset, StyleGAN2Preset):
        model = untrained_stylegan2(preset, num_classes)
    else:
        check_gan(preset)
        model = untrained_gan(preset, num_classes)
    compile_gan(model, preset)
    return model
