"""Own styles: pictures in, a vector of a network out. Needs a Keras backend."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import keras
import numpy as np
from PIL import Image

from keras_stylegan import data, pretrained
from keras_stylegan.data.pictures import to_float
from keras_stylegan.inference.style_pictures import check_style_picture, prepare_style_picture
from keras_stylegan.models.style_learning import StyleLearning
from keras_stylegan.networks import build_perceptual
from keras_stylegan.presets import get_preset


def learn_style(
    pictures: Sequence[Image.Image],
    photographs: str | Path | None = None,
    start: np.ndarray | None = None,
    steps: int = 600,
    seconds: float = math.inf,
    network: str = "compact",
    seed: int = 0,
    report: Callable[[int, dict], None] | None = None,
    transformer: keras.Model | None = None,
    prior_weight: float = 0.0,
) -> np.ndarray:
    """Learns the style of pictures as a vector of a network, under the packaged network's recipe.

    Without `start` the weight of style is steered so that photographs lose as much content as in the median of the
    bank's styles.

    Args:
        pictures: RGB, of one style.
        photographs: folder, zip or npz file of photographs to paint on the way; the packaged ones by default.
        start: style vector to begin with; by default that of the nearest style of the bank.
        steps, seconds: as of `StyleLearning.optimize`.
        network: perceptual network: `"compact"`, `"vgg16"`, `"vgg19"` or an .npz weight file.
        seed: int, decides which crops are painted.
        report: called with the number of each step and its losses by name.
        transformer: `StyleTransformer`; by default the packaged one.
        prior_weight: as of `StyleLearning`.

    Returns:
        float32 array of shape `(vector_size,)`.

    Raises:
        ValueError: if a picture is too small or flat, or the photographs cannot be read.
    """
    for picture in pictures:
        check_style_picture(picture)
    recipe = get_preset("multistyle")
    transformer = transformer or pretrained.packaged_transformer(pretrained.network_entry("multistyle"))
    crops = data.Crops(_photographs(photographs, recipe), recipe.crop_size, recipe.batch_size, recipe.scale, seed=seed)
    learning = StyleLearning(
        transformer,
        build_perceptual(network),
        [to_float(prepare_style_picture(picture)) for picture in pictures],
        start,
        recipe.style_weight,
        recipe.content_weight,
        recipe.variation_weight,
        recipe.content_method,
        recipe.light_weight,
        prior_weight,
    )
    content = None
    if start is None:
        bank = learning.bank_losses(crops[0])  # of two crops; more of them move the median by 3 %
        learning.begin_at(keras.ops.convert_to_numpy(transformer.bank.style_vectors())[np.argmin(bank["style"])])
        content = float(np.median(bank["content"]))
    return learning.optimize(crops, steps, seconds=seconds, callback=report, content=content)


def _photographs(source, recipe):
    if source is not None:
        return data.open_images(source, recipe.content_short_side, recipe.cache_megabytes * 2**20)
    samples = pretrained.sample_photographs()
    return [data.read_picture(sample.read_bytes(), recipe.content_short_side) for sample in samples]
