"""What can be trained: one frozen dataclass per system, one table row per preset, and `key=value` changes to them."""

from keras_stylegan.presets.base import Preset
from keras_stylegan.presets.gans import (
    GANPreset,
    InfoGANPreset,
    ProgressivePreset,
    R3GANPreset,
    StyleGAN2Preset,
    StyleGANPreset,
)
from keras_stylegan.presets.multistyle import MultiStylePreset
from keras_stylegan.presets.settings import as_dict, with_settings
from keras_stylegan.presets.style_predictor import StylePredictorPreset
from keras_stylegan.presets.table import PRESETS, get_preset

__all__ = [
    "PRESETS", "GANPreset", "InfoGANPreset", "MultiStylePreset", "Preset", "ProgressivePreset", "R3GANPreset",
    "StyleGAN2Preset", "StyleGANPreset", "StylePredictorPreset", "as_dict", "get_preset", "with_settings",
]  # fmt: skip
