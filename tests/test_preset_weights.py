"""Weights and intervals of every preset reach the model that is trained, whatever the model's own defaults are."""

import dataclasses
import inspect

import pytest
from toy_scene import tiny_painter, write_generator_run, write_pictures

from keras_stylegan import models, presets, pretrained, systems
from keras_stylegan.losses import adversarial_loss
from keras_stylegan.models import AdversarialModel

SMALL_GAN = {"size": (8, 8), "latent_dim": 4, "max_filters": 4, "filters": 4}
TRANSLATION = {"size": (16, 16), "network": "resnet", "filters": 2, "num_blocks": 1, "receptive_field": 16}
TRANSLATION |= {"critic_filters": 2, "critic_normalization": "none", "loss": "hinge"}
CROPS = {"crop_size": 32, "style_short_side": 32, "content_method": "relative"}
SHARED = {"classes": "", "batch_size": 4, "critic_steps": 2, "critic_kimg": 0.0, "schedule_kimg": 0.0}
# The model of each preset, and what makes it small; the rest is changed by `changed`.
CASES = {
    "multistyle": (
        models.MultiStyleTransfer,
        {
            **CROPS, "widths": (4, 4, 4), "num_blocks": (0, 1, 0), "alphas": {"munch_scream": 3.0},
            "smoothed": {"hokusai_great_wave": 2.0},
        },
    ),
    "style_predictor": (models.StylePrediction, {**CROPS, "hidden": 4, "num_projections": 2}),
    "infogan": (models.InfoGAN, {**SMALL_GAN, "size": (16, 16), "latent_dim": 14, "loss": "hinge"}),
    "stylegan": (
        models.StyleGAN,
        {**SMALL_GAN, "style_dim": 4, "mapping_layers": 1, "mixing_probability": 0.4, "loss": "hinge"},
    ),
    "stylegan2_scenes": (
        models.StyleGAN2,
        {
            "size": (8, 8), "latent_dim": 4, "style_dim": 4, "mapping_layers": 1, "channel_base": 32, "channel_max": 4,
            "critic": "stylegan2", "loss": "hinge", "mixing_probability": 0.4,
        },
    ),
    "pix2pix": (models.Pix2Pix, TRANSLATION),
    "cyclegan": (models.CycleGAN, TRANSLATION),
    "multidomain": (
        models.MultiDomainTranslation,
        {"size": (16, 16), "filters": 2, "critic_filters": 2, "max_filters": 2, "depth": 1, "loss": "hinge"},
    ),
    "super_resolution": (
        models.SuperResolution,
        {"crop_size": 16, "filters": 4, "num_blocks": 1, "critic_filters": 4, "loss": "hinge"},
    ),
    "fusion": (models.Fusion, {"crop_size": 16, "widths": (4, 4, 8), "num_blocks": (0, 1, 0), "loss": "hinge"}),
    "scene_pipeline": (
        models.ScenePipeline, {"critic": "stylegan2", "style_short_side": 32, "loss": "wasserstein"}
    ),
}  # fmt: skip
# Settings of the same name as an argument that are no number of it: tests of their own say what becomes of them.
OTHERWISE = {"alphas", "augment", "critic", "methods", "penalties", "perceptual", "phase", "seed", "frozen_blocks"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    write_pictures(folder / "styles", ["hokusai_great_wave", "munch_scream"], (40, 40))
    (folder / "domains").mkdir()
    for name in "AB":
        write_pictures(folder / "domains" / name, ["a", "b", "c", "d"], (40, 44))
    write_generator_run(folder / "generator")
    return folder


@pytest.fixture(autouse=True)
def until_compiled(monkeypatch):
    """Builders end where they would compile the model, and the packaged styles lie in a tiny network."""

    def raise_model(model, *arguments, **options):
        raise Compiled(model)

    monkeypatch.setattr(AdversarialModel, "compile", raise_model)
    monkeypatch.setattr(pretrained, "packaged_transformer", lambda entry: tiny_painter(len(entry["styles"])))


class Compiled(Exception):
    """Carries the model."""


def changed(value):
    """Another number that every such setting may have."""
    if isinstance(value, tuple):
        return tuple(changed(one) for one in value)
    return value + 1 if isinstance(value, int) else round(1.7 * value + 0.3, 4)


@pytest.mark.parametrize("name", CASES)
def test_weights_and_intervals_reach_the_model(name, folder):
    kind, small = CASES[name]
    preset, pictures = presets.get_preset(name), folder / "domains" / "A"
    fields = {field.name for field in dataclasses.fields(preset)}
    arguments = {key: one.default for base in reversed(kind.__mro__) for key, one in parameters(base).items()}
    wanted = (fields & arguments.keys()) | {key for key in fields if key.endswith(("_weight", "_every"))}
    wanted -= OTHERWISE
    several = isinstance(preset, presets.TranslationPreset | presets.MultiDomainPreset)
    sources = {"data": folder / "domains" if several else pictures, "content": pictures, "styles": folder / "styles"}
    sources |= {"start_from": folder / "generator"} if name == "scene_pipeline" else {}
    settings = {**SHARED, **{key: str(path) for key, path in sources.items()}}
    settings |= {key: changed(getattr(preset, key)) for key in wanted - small.keys() - SHARED.keys()}
    settings |= {"critic_balanced": 1} | small
    preset = dataclasses.replace(preset, **{key: value for key, value in settings.items() if key in fields})
    with pytest.raises(Compiled) as compiled:
        systems.build(preset)
    (model,) = compiled.value.args
    assert type(model) is kind
    if "loss" in wanted:
        assert model.pair == adversarial_loss(preset.loss) and preset.loss != arguments["loss"]
    for key in sorted(wanted - {"loss"}):
        assert getattr(preset, key) != arguments[key], key
        value = getattr(model, key)
        assert getattr(value, "value", value) == getattr(preset, key), key
    if name == "multistyle":  # by the names of styles
        assert model.alphas.tolist() == [1, 3] and model.smoothed_weights.tolist() == [2, 0]


def parameters(kind):
    return inspect.signature(kind.__init__).parameters if kind.__module__.startswith("keras_stylegan") else {}
