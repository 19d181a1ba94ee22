"""Tiny trained networks and their SavedModels, made once for all tests that serve them."""

import functools
import io
import json
from unittest import mock

import numpy as np
import tensorflow as tf
from made_once import made_once, new_folder
from PIL import Image
from stand_in import photograph
from toy_scene import tiny_generator, tiny_network

from keras_stylegan import pretrained
from keras_stylegan.exporters import saved_model_service, tflite_target
from keras_stylegan.exporters.package_files import half_precision
from keras_stylegan.exporters.saved_model import export_saved_model
from keras_stylegan.exporters.sources import open_source
from keras_stylegan.exporters.tflite import export_tflite
from keras_stylegan.networks import (
    DomainTranslator,
    FusionGenerator,
    StyleGAN2Generator,
    StylePredictor,
    StyleTransformer,
    SuperResolutionNetwork,
    UNetTranslator,
)

STYLES = ("ink", "oil", "chalk é")
CLASSES = ("sea", "wood")
# Of the translator for several domains: their names, and the size of its training pictures.
DOMAINS, REFERENCE_SIZE = ("day", "night é"), (16, 24)
# The first style alone, at full strength.
REST = {"style_weights": np.eye(1, 3, dtype="float32"), "strength": np.ones(1, "float32")}


@made_once
def stylizer_run():
    """Run directory of a stylisation network, as far as exporting goes, trained in mixed precision."""
    network = StyleTransformer(
        3, widths=(4, 6, 8), num_blocks=(1, 1, 1), num_waves=3, bank_lr_multiplier=0.5, dtype="mixed_bfloat16"
    )
    network.build()
    rng = np.random.default_rng(0)
    for vectors in (network.bank.vectors, network.bank.photograph):
        vectors.assign(vectors + rng.normal(0, 0.3, vectors.shape))
    return _saved(network, "network.keras", {"styles": STYLES})


@made_once
def generator_run():
    """Run directory of a style-based generator with classes, whose pictures are not grey."""
    network = StyleGAN2Generator((4, 8), channel_base=32, channel_max=8, latent_dim=4, style_dim=4, num_classes=2)
    network.build()
    rng = np.random.default_rng(0)
    for variable in network.weights:
        # The mapping network's weights are stored divided by their learning rate, 0.01.
        variable.assign(rng.normal(size=variable.shape) * (100 if "mapping" in variable.path else 1))
    return _saved(network, "generator.keras", {"classes": CLASSES})


@made_once
def predictor_run():
    """Run directory of a predictor for the network of `stylizer_run`."""
    network = open_source(stylizer_run()).network
    predictor = StylePredictor(network.vector_size, ((4, 4), (4, 4), (4,), (4,)), num_projections=3, hidden=8)
    predictor.build()
    stir(predictor, 0.3)
    space = pretrained.style_space(half_precision(network)[0])
    return _saved(predictor, "predictor.keras", {"network": {"style_space": space}})


@made_once
def picture_run(kind):
    """Run directory of a network from pictures to pictures: translator, upscaler, fusion, scene or domains."""
    if kind == "scene":  # its run has its generator too
        folder = _saved(tiny_network(), "scene.keras", {})
        tiny_generator().save(folder / "generator.keras")
        return folder
    network, file = {
        "translator": (UNetTranslator(3, 4), "a_to_b.keras"),
        "upscaler": (SuperResolutionNetwork(2, 4, 1), "network.keras"),
        "fusion": (FusionGenerator((4, 6, 8), (0, 1, 0), latent_dim=3), "network.keras"),
        "domains": (DomainTranslator(2, 3, 4, 2, 1, 3, 5, 1), "translator.keras"),
    }[kind]
    network.build()
    stir(network, 0.1)
    facts = {"domains": DOMAINS} if kind == "domains" else {}
    return _saved(network, file, facts, {"size": REFERENCE_SIZE})


@made_once
def exported_stylizer():
    """What exporting `stylizer_run` returned."""
    return _exported(stylizer_run(), "tiny", predictor=predictor_run())


@made_once
def exported_generator():
    """What exporting `generator_run` returned."""
    return _exported(generator_run(), "tiny_gan")


@made_once
def exported_picture(kind):
    """What exporting `picture_run` returned."""
    return _exported(picture_run(kind), f"tiny_{kind}")


@made_once
def fusion_file():
    """The LiteRT file of `picture_run("fusion")`, in half precision as it ships, and what exporting it measured."""
    file = new_folder() / "fusion.tflite"
    with mock.patch.multiple(tflite_target, DEFAULT_SIZE=(64, 96), OTHER_SIZE=(75, 64)):
        return file, export_tflite(picture_run("fusion"), file, quantize="float16")[0]


@functools.cache
def served_stylizer():
    return tf.saved_model.load(str(exported_stylizer().path))


@functools.cache
def served_generator():
    return tf.saved_model.load(str(exported_generator().path))


@functools.cache
def served_picture(kind):
    return tf.saved_model.load(str(exported_picture(kind).path))


def ask(served, signature, **inputs):
    """What a signature answers, as arrays."""
    answer = served.signatures[signature](**{name: tf.constant(value) for name, value in inputs.items()})
    return {name: value.numpy() for name, value in answer.items()}


def rows(weights, *strengths):
    """Inputs that say how to paint."""
    return {"style_weights": np.array(weights, "float32"), "strength": np.array(strengths, "float32")}


def encoded(mode, size, file_format, **options):
    """A photograph as the bytes of a file."""
    file = io.BytesIO()
    Image.fromarray(photograph(*size)).convert(mode).save(file, file_format, **options)
    return file.getvalue()


def stir(network, spread):
    """Moves every weight, so that every input shows."""
    rng = np.random.default_rng(0)
    for variable in network.weights:
        variable.assign(variable + rng.normal(0, spread, variable.shape).astype("float32"))


def _exported(run, name, **options):
    with mock.patch.object(saved_model_service, "WARMUP_SIZE", 64):
        return export_saved_model(run, run.parent / "models" / name, **options)


def _saved(network, file, facts, settings=()):
    folder = new_folder() / "run"
    folder.mkdir()
    network.save(folder / file)
    (folder / "config.json").write_text(json.dumps({"facts": facts, "settings": dict(settings)}))
    return folder
