"""Moments, Gram matrices and their conventions, relative distance, quantiles: values by hand."""

import numpy as np
import pytest
from keras import ops

from keras_stylegan.ops.statistics import (
    convert_gram,
    convert_style_weight,
    gram_matrix,
    moments,
    relative_distance,
    resample_quantiles,
    sorted_values,
)

# Four positions, two channels: columns (1, 2, 3, 4) and (0, 1, 0, -1).
FEATURES = np.array([[1, 0], [2, 1], [3, 0], [4, -1]], "float32").reshape(1, 2, 2, 2)
RAW = [[30.0, -2.0], [-2.0, 2.0]]


def random_features(shape, seed=0):
    return np.random.default_rng(seed).normal(1, 2, shape).astype("float32")


def test_moments_by_hand():
    mean, deviation = moments(FEATURES)
    np.testing.assert_allclose(mean, [[2.5, 0.0]])
    np.testing.assert_allclose(deviation, [[1.25**0.5, 0.5**0.5]], rtol=1e-6)
    np.testing.assert_allclose(moments(FEATURES, epsilon=0.5)[1], [[1.75**0.5, 1.0]], rtol=1e-6)


def test_moments_do_not_cancel_beside_a_large_mean():
    features = random_features((2, 16, 16, 3)) + 1e4
    expected = features.astype("float64").std(axis=(1, 2))
    np.testing.assert_allclose(moments(features)[1], expected, rtol=1e-3)


def test_moments_of_bfloat16_are_summed_in_float32():
    mean, _ = moments(ops.ones((1, 64, 64, 1), dtype="bfloat16"))
    assert mean.dtype == "float32"
    np.testing.assert_array_equal(mean, [[1.0]])


@pytest.mark.parametrize("convention, divisor", [("raw", 1), ("hw", 4), ("hwc", 8)])
def test_gram_by_hand(convention, divisor):
    np.testing.assert_allclose(gram_matrix(FEATURES, convention)[0], np.array(RAW) / divisor, rtol=1e-6)


def test_gram_is_over_positions_of_each_image_alone():
    features = random_features((3, 5, 7, 4))
    expected = np.einsum("bijc,bijd->bcd", features, features) / (5 * 7 * 4)
    np.testing.assert_allclose(gram_matrix(features), expected, rtol=1e-4, atol=1e-5)


def test_gram_of_bfloat16_features_is_float32():
    gram = gram_matrix(ops.ones((1, 40, 40, 2), dtype="bfloat16"), "raw")
    assert gram.dtype == "float32"
    np.testing.assert_array_equal(gram, np.full((1, 2, 2), 1600.0))


def test_gram_of_a_region_is_that_of_its_pixels():
    features = random_features((1, 4, 6, 3))
    mask = np.zeros((1, 4, 6, 1), "float32")
    mask[:, :, :2] = 1
    np.testing.assert_allclose(gram_matrix(features, mask=mask), gram_matrix(features[:, :, :2]), rtol=1e-5)
    np.testing.assert_allclose(gram_matrix(features, mask=np.ones_like(mask)), gram_matrix(features), rtol=1e-5)
    assert np.isfinite(gram_matrix(features, mask=np.zeros_like(mask))).all()


@pytest.mark.parametrize("source", ["hwc", "hw", "raw"])
@pytest.mark.parametrize("target", ["hwc", "hw", "raw"])
def test_converters_between_conventions(source, target):
    features, other = random_features((2, 6, 5, 7)), random_features((2, 6, 5, 7), seed=1)
    gram, gram_other = gram_matrix(features, source), gram_matrix(other, source)
    converted = convert_gram(gram, source, target, 30, 7)
    np.testing.assert_allclose(converted, gram_matrix(features, target), rtol=1e-5)
    term = np.mean((np.asarray(gram) - np.asarray(gram_other)) ** 2)
    term_target = np.mean((np.asarray(converted) - convert_gram(gram_other, source, target, 30, 7)) ** 2)
    weight = convert_style_weight(3.0, source, target, 30, 7)
    np.testing.assert_allclose(weight * term_target, 3.0 * term, rtol=1e-5)


@pytest.mark.parametrize("channels, ratio", [(64, 4096), (128, 16384), (512, 262144)])
def test_squared_terms_differ_by_channels_squared(channels, ratio):
    first, second = (random_features((1, 3, 4, channels), seed) for seed in (0, 1))
    terms = {}
    for convention in ("hw", "hwc"):
        difference = np.asarray(gram_matrix(first, convention)) - np.asarray(gram_matrix(second, convention))
        terms[convention] = np.mean(difference.astype("float64") ** 2)
    np.testing.assert_allclose(terms["hw"] / terms["hwc"], ratio, rtol=1e-5)
    assert convert_style_weight(1.0, "hw", "hwc", 12, channels) == ratio


@pytest.mark.parametrize("call", [
    lambda: gram_matrix(FEATURES, "chw"),
    lambda: convert_gram(np.eye(2), "hw", "chw", 4, 2),
    lambda: convert_style_weight(1.0, "chw", "hw", 4, 2),
])  # fmt: skip
def test_unknown_conventions_list_the_valid_ones(call):
    with pytest.raises(ValueError, match="hwc, hw, raw. Received: 'chw'"):
        call()


def test_relative_distance_by_hand():
    values = np.array([[3.0, 0.0], [1.0, 1.0], [1.0, 0.0], [0.0, 0.0]], "float32")
    targets = np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 5.0], [0.0, 0.0]], "float32")
    np.testing.assert_allclose(relative_distance(values, targets), [0.4, 0.0, 1.0, 0.0], atol=1e-7)
    np.testing.assert_allclose(relative_distance(values, -values), [2.0, 2.0, 2.0, 0.0], rtol=1e-6)


def test_relative_distance_is_free_of_scale_and_convention():
    first, second = random_features((2, 4, 4, 8)), random_features((2, 4, 4, 8), seed=1)
    expected = relative_distance(gram_matrix(first), gram_matrix(second))
    for convention in ("hw", "raw"):
        got = relative_distance(gram_matrix(first, convention), gram_matrix(second, convention))
        np.testing.assert_allclose(got, expected, rtol=1e-5)


def test_sorted_values_are_each_channel_in_order():
    np.testing.assert_array_equal(sorted_values(FEATURES), [[[1, -1], [2, 0], [3, 0], [4, 1]]])


def test_quantiles_by_hand():
    values = np.array([0.0, 1.0, 3.0, 7.0], "float32").reshape(1, 4, 1)
    np.testing.assert_array_equal(np.ravel(resample_quantiles(values, 4)), [0, 1, 3, 7])
    # Quantiles 1/4 and 3/4 lie half way between values 0 and 1, and between 2 and 3.
    np.testing.assert_allclose(np.ravel(resample_quantiles(values, 2)), [0.5, 5.0])
    # 1/16 of the way is before the first value's own quantile of 1/8: there is nothing to extrapolate.
    eight = np.ravel(resample_quantiles(values, 8))
    np.testing.assert_allclose(eight, [0, 0.25, 0.75, 1.5, 2.5, 4, 6, 7])
    np.testing.assert_array_equal(sorted_values(values[:, ::-1, None], 8)[0, :, 0], eight)
