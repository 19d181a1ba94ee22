"""What can be trained: one frozen dataclass per system, one table row per preset, and `key=value` changes to them."""

from keras_stylegan.presets.base import Preset
from keras_stylegan.presets.fusion import FusionPreset
from keras_stylegan.presets.gans import (
    GANPreset,
    InfoGANPreset,
    ProgressivePreset,
    R3GANPreset,
    StyleGANPreset,
)
from keras_stylegan.presets.multistyle import JohnsonPreset, MultiStylePreset
from keras_stylegan.presets.noise import NoisePreset
from keras_stylegan.presets.scene import ScenePipelinePreset
from keras_stylegan.presets.settings import as_dict, as_text, from_dict, with_settings
from keras_stylegan.presets.style_predictor import StylePredictorPreset
from keras_stylegan.presets.stylegan2 import StyleGAN2Preset
from keras_stylegan.presets.super_resolution import SuperResolutionPreset
from keras_stylegan.presets.table import PRESETS, get_preset
from keras_stylegan.presets.translation import CycleGANPreset, MultiDomainPreset, Pix2PixPreset, TranslationPreset

__all__ = [
    "CycleGANPreset", "FusionPreset", "GANPreset", "InfoGANPreset", "JohnsonPreset", "MultiDomainPreset",
    "MultiStylePreset", "NoisePreset", "PRESETS", "Pix2PixPreset", "Preset", "ProgressivePreset", "R3GANPreset",
    "ScenePipelinePreset", "StyleGAN2Preset", "StyleGANPreset", "StylePredictorPreset", "SuperResolutionPreset",
    "TranslationPreset", "as_dict", "as_text", "from_dict", "get_preset", "with_settings",
]  # fmt: skip
