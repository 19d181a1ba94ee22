"""Tiny trained networks and their SavedModels, made once for all tests that serve them."""

import functools
import json
import pathlib
import tempfile
from unittest import mock

import numpy as np

from keras_stylegan.exporters import saved_model_stylize
from keras_stylegan.exporters.saved_model import export_saved_model
from keras_stylegan.networks import StyleGAN2Generator, StyleTransformer

STYLES = ("ink", "oil", "chalk é")
CLASSES = ("sea", "wood")
_FOLDERS = []


@functools.cache
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


@functools.cache
def generator_run():
    """Run directory of a style-based generator with classes, whose pictures are not grey."""
    network = StyleGAN2Generator((4, 8), channel_base=32, channel_max=8, latent_dim=4, style_dim=4, num_classes=2)
    network.build()
    rng = np.random.default_rng(0)
    for variable in network.weights:
        # The mapping network's weights are stored divided by their learning rate, 0.01.
        variable.assign(rng.normal(size=variable.shape) * (100 if "mapping" in variable.path else 1))
    return _saved(network, "generator.keras", {"classes": CLASSES})


@functools.cache
def exported_stylizer():
    """What exporting `stylizer_run` returned."""
    with mock.patch.object(saved_model_stylize, "WARMUP_SIZE", 64):
        return export_saved_model(stylizer_run(), stylizer_run().parent / "models" / "tiny")


@functools.cache
def exported_generator():
    """What exporting `generator_run` returned."""
    return export_saved_model(generator_run(), generator_run().parent / "models" / "tiny_gan")


def _saved(network, file, facts):
    _FOLDERS.append(tempfile.TemporaryDirectory())  # removed when the process ends
    folder = pathlib.Path(_FOLDERS[-1].name) / "run"
    folder.mkdir()
    network.save(folder / file)
    (folder / "config.json").write_text(json.dumps({"facts": facts}))
    return folder
