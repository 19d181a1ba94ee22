"""Perceptual networks: preprocessing, golden features, taps, precision and weight files."""

import pathlib

import numpy as np
import pytest
from PIL import Image

from keras_stylegan.losses import style_loss, style_statistics
from keras_stylegan.networks import build_perceptual

FOLDERS = [parent / "shared" / "data" for parent in pathlib.Path(__file__).resolve().parents[2:]]
SHARED = next((folder for folder in FOLDERS if folder.is_dir()), FOLDERS[0])
SLIM = SHARED / "weights" / "vgg19_16x_wct.npz"
needs_shared = pytest.mark.skipif(not SLIM.is_file(), reason=f"no slim VGG-19 at {SLIM}")

# Mean and standard deviation of each tap of the slim VGG-19 on kodim22 at short side 64, and its relative Gram distances
# to the great wave, from an independent forward pass (tf.pad REFLECT, conv0 on RGB in [0, 1], Gram over height * width).
GOLDEN_MOMENTS = {
    "relu1_1": (2.8532937, 4.8379288),
    "relu2_1": (7.4954658, 7.1558266),
    "relu3_1": (4.7518134, 3.9585763),
    "relu4_1": (2.1104834, 2.4771345),
}
GOLDEN_DISTANCES = {"relu1_1": 0.53710794, "relu2_1": 0.33027455, "relu3_1": 0.20408195, "relu4_1": 0.10766279}


def picture(path, short=64):
    """A picture with its short side at `short` pixels, (1, height, width, 3) in [-1, 1]."""
    image = Image.open(SHARED / path).convert("RGB")
    ratio = short / min(image.size)
    image = image.resize((round(image.width * ratio), round(image.height * ratio)), Image.LANCZOS)
    return np.asarray(image, "float32")[None] / 127.5 - 1


@pytest.fixture(scope="module")
def slim():
    return build_perceptual("vgg19_slim", weights=SLIM)


@needs_shared
def test_features_of_the_slim_network_are_golden(slim):
    features = slim(picture("content/kodak/kodim22.png"))
    assert {tap: tuple(value.shape) for tap, value in features.items()} == {
        "relu1_1": (1, 64, 96, 16),
        "relu2_1": (1, 32, 48, 32),
        "relu3_1": (1, 16, 24, 64),
        "relu4_1": (1, 8, 12, 128),
    }
    for tap, (mean, deviation) in GOLDEN_MOMENTS.items():
        value = np.asarray(features[tap])
        np.testing.assert_allclose([value.mean(), value.std()], [mean, deviation], rtol=1e-4)


@needs_shared
def test_style_distances_of_the_slim_network_are_golden(slim):
    photo = style_statistics(slim(picture("content/kodak/kodim22.png")))
    wave = style_statistics(slim(picture("styles/hokusai_great_wave.jpg")))
    for tap, expected in GOLDEN_DISTANCES.items():
        loss = style_loss({tap: photo[tap]}, {tap: wave[tap]}, distance="relative")
        np.testing.assert_allclose(loss, [expected], rtol=1e-4)
    rooted = np.mean(np.sqrt(list(GOLDEN_DISTANCES.values())))
    np.testing.assert_allclose(style_loss(photo, wave), [rooted], rtol=1e-3)
