"""PSNR and SSIM equal scikit-image's; bands, intervals and colour histograms equal their definitions."""

import math

import numpy as np
import pytest
from stand_in import photograph

from keras_stylegan.metrics import (
    bootstrap_interval,
    boundary_band,
    colour_distance,
    luma_ssim,
    psnr,
    rgb_uv_histogram,
    ssim,
)
from keras_stylegan.metrics.artefacts import luma

TRUTH = photograph(61, 47)
RANDOM = np.random.default_rng(1)
PICTURES = {
    "noise": np.clip(TRUTH + RANDOM.normal(0, 20, TRUTH.shape), 0, 255).astype("uint8"),
    "brighter": np.clip(TRUTH.astype(int) + 30, 0, 255).astype("uint8"),
    "other": RANDOM.integers(0, 256, TRUTH.shape, "uint8"),
    "equal": TRUTH,
}


@pytest.mark.parametrize("name", PICTURES)
def test_equal_to_scikit_image(name):
    metrics = pytest.importorskip("skimage.metrics")
    window = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255}
    picture = PICTURES[name]
    expected = metrics.structural_similarity(picture, TRUTH, channel_axis=-1, **window)
    assert ssim(picture, TRUTH) == pytest.approx(expected, abs=1e-5)
    lumas = luma(picture).astype("float64"), luma(TRUTH).astype("float64")
    assert luma_ssim(picture, TRUTH) == pytest.approx(metrics.structural_similarity(*lumas, **window), abs=1e-5)
    if name != "equal":
        expected = metrics.peak_signal_noise_ratio(TRUTH, picture, data_range=255)
        assert psnr(picture, TRUTH) == pytest.approx(expected, abs=1e-5)


def test_psnr_by_hand():
    picture = np.zeros((4, 5, 3))
    other, mask = picture.copy(), np.zeros((4, 5), bool)
    other[0, 0] = 255
    mask[0, :2] = True
    assert psnr(picture, picture) == math.inf
    assert psnr(other, picture) == pytest.approx(10 * math.log10(20))
    assert psnr(other, picture, mask) == pytest.approx(10 * math.log10(2))
    assert psnr(other, picture, ~mask) == math.inf


def test_band_along_an_edge():
    mask = np.zeros((6, 9), bool)
    mask[:, :4] = True
    for width in (1, 2):
        expected = np.zeros_like(mask)
        expected[:, 4 - width : 4 + width] = True
        np.testing.assert_array_equal(boundary_band(mask, width), expected)
    assert not boundary_band(np.ones((3, 3), bool)).any() and not boundary_band(np.zeros((3, 3), bool)).any()


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(ValueError, match=r"must have one shape. Received: \(4, 5, 3\) and \(5, 4, 3\)"):
        psnr(np.zeros((4, 5, 3)), np.zeros((5, 4, 3)))
    with pytest.raises(ValueError, match="`mask` must select pixels .* with 0 pixels"):
        psnr(TRUTH, TRUTH, np.zeros(TRUTH.shape[:2], bool))
    with pytest.raises(ValueError, match="`picture` must be at least 11x11. Received: 30x10"):
        ssim(np.zeros((10, 30, 3)), np.zeros((10, 30, 3)))
    with pytest.raises(ValueError, match="`width` must be at least 1. Received: width=0"):
        boundary_band(np.eye(3, dtype=bool), 0)


# Intervals


def test_interval_is_that_of_scipy():
    from scipy.stats import bootstrap

    values = np.random.default_rng(2).gamma(2.0, size=40)
    low, high = bootstrap_interval(values, 0.9, resamples=9000)
    expected = bootstrap((values,), np.mean, confidence_level=0.9, n_resamples=9000, method="percentile", rng=3)
    assert low == pytest.approx(expected.confidence_interval.low, abs=0.02)
    assert high == pytest.approx(expected.confidence_interval.high, abs=0.02)
    assert bootstrap_interval(values, 0.9, seed=5) == bootstrap_interval(values, 0.9, seed=5)


def test_interval_of_few_and_infinite_values():
    assert bootstrap_interval([3.0]) == (3.0, 3.0)
    assert bootstrap_interval([3.0, math.inf]) == (math.inf, math.inf)
    for arguments, rule in (([[]], "at least one number"), ([[1.0], 1.0], "`confidence`"), ([[1.0], 0.9, 0], "resam")):
        with pytest.raises(ValueError, match=rule):
            bootstrap_interval(*arguments)


# Colours


def test_histogram_equals_its_definition():
    picture = RANDOM.integers(1, 256, (3, 4, 3), "uint8")
    expected = np.zeros((3, 64, 64))
    centres = np.linspace(-3, 3, 64)
    for pixel in picture.reshape(-1, 3) / 255:
        for channel, (first, second) in enumerate(((1, 2), (0, 2), (0, 1))):
            u, v = (math.log((pixel[channel] + 1e-6) / (pixel[other] + 1e-6)) for other in (first, second))
            rows, columns = (1 / (1 + ((place - centres) / 0.02) ** 2) for place in (u, v))
            expected[channel] += math.sqrt((pixel**2).sum()) * np.outer(rows, columns)
    np.testing.assert_allclose(rgb_uv_histogram(picture), expected / expected.sum(), rtol=1e-9)


def test_colour_distance_sees_colours_alone():
    red, blue = (np.full((20, 30, 3), colour, "uint8") for colour in ((200, 40, 40), (40, 40, 200)))
    assert colour_distance(red, red) == 0
    assert colour_distance(red, (red // 2).astype("uint8")) == pytest.approx(0, abs=1e-3)  # darker, not another colour
    assert colour_distance(red, blue) > 0.9
    assert colour_distance(TRUTH, TRUTH[::-1, ::-1]) == pytest.approx(0, abs=1e-3)
    assert 0 < colour_distance(TRUTH, PICTURES["noise"]) < colour_distance(TRUTH, blue) <= 1
