"""From a preset to what trains: one small builder per system, registered by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from keras_stylegan.presets import Preset
from keras_stylegan.systems.base import Probe, System, jit_compile, save_whole
from keras_stylegan.systems.fusion import build_fusion
from keras_stylegan.systems.gans import build_gan
from keras_stylegan.systems.multi_domain import build_multi_domain
from keras_stylegan.systems.multistyle import build_multistyle
from keras_stylegan.systems.scene import build_scene_pipeline
from keras_stylegan.systems.style_predictor import build_style_predictor
from keras_stylegan.systems.stylegan2 import build_stylegan2
from keras_stylegan.systems.super_resolution import build_super_resolution
from keras_stylegan.systems.translation import build_cyclegan, build_pix2pix

__all__ = ["SYSTEMS", "Probe", "System", "build", "jit_compile", "save_whole"]

SYSTEMS: dict[str, Callable[[Any], System]] = {
    "fusion": build_fusion,
    **dict.fromkeys(("multistyle", "johnson"), build_multistyle),
    "style_predictor": build_style_predictor,
    **dict.fromkeys(("gan", "infogan", "progressive", "r3gan", "stylegan"), build_gan),
    "stylegan2": build_stylegan2,
    "pix2pix": build_pix2pix,
    "cyclegan": build_cyclegan,
    "multidomain": build_multi_domain,
    "super_resolution": build_super_resolution,
    "scene_pipeline": build_scene_pipeline,
}


def build(preset: Preset) -> System:
    """Builds the system of a preset.

    Raises:
        ValueError: if a setting breaks its rule, or names pictures that cannot be used.
    """
    if preset.system not in SYSTEMS:
        raise ValueError(f"`system` must be one of {', '.join(sorted(SYSTEMS))}. Received: {preset.system}")
    preset.check_sources()
    return SYSTEMS[preset.system](preset)
