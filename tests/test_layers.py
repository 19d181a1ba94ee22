"""Fast forms against slow references, and what the style does to a convolution."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from keras_stylegan.layers import StyleBank, StyledConv2D, UpsampledRGB
from keras_stylegan.ops.normalization import instance_norm
from keras_stylegan.ops.padding import reflect_pad
from keras_stylegan.ops.resampling import upsample_nearest
from keras_stylegan.ops.waves import plane_waves


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.mark.parametrize("size", [0, 1, 2, 4])
def test_reflect_pad_equals_numpy(rng, size):
    x = rng.normal(size=(2, 5, 7, 3)).astype("float32")
    expected = np.pad(x, ((0, 0), (size, size), (size, size), (0, 0)), mode="reflect")
    np.testing.assert_array_equal(reflect_pad(x, size), expected)
    unknown = tf.function(lambda x: reflect_pad(x, size), input_signature=[tf.TensorSpec([2, None, None, 3])])
    np.testing.assert_array_equal(unknown(x), expected)


@pytest.mark.parametrize("factor", [2, 3])
def test_upsample_nearest_equals_repeat(rng, factor):
    x = rng.normal(size=(2, 3, 5, 4)).astype("float32")
    np.testing.assert_array_equal(upsample_nearest(x, factor), x.repeat(factor, axis=1).repeat(factor, axis=2))


@pytest.mark.parametrize(("mean", "tolerance"), [(0.0, 1e-6), (30.0, 1e-3)])
def test_instance_norm_equals_two_pass_float64(rng, mean, tolerance):
    x = (mean + rng.normal(size=(2, 24, 20, 3))).astype("float32")
    exact = x.astype("float64")
    exact = (exact - exact.mean((1, 2), keepdims=True)) / np.sqrt(exact.var((1, 2), keepdims=True) + 1e-5)
    np.testing.assert_allclose(instance_norm(x), exact, atol=tolerance)


def test_instance_norm_sets_mean_and_spread(rng):
    x = rng.normal(2.0, 3.0, size=(2, 24, 20, 3)).astype("float32")
    scale, shift = rng.normal(size=(2, 2, 3)).astype("float32")
    y = np.asarray(instance_norm(x, scale, shift), "float64")
    np.testing.assert_allclose(y.mean((1, 2)), shift, atol=1e-5)
    np.testing.assert_allclose(y.std((1, 2)), np.abs(scale), atol=1e-5)
    np.testing.assert_allclose(
        np.sign((y - y.mean((1, 2), keepdims=True)) * (x - x.mean((1, 2), keepdims=True))).mean((1, 2)), np.sign(scale)
    )


def test_instance_norm_of_a_constant_picture_is_zero():
    assert np.abs(instance_norm(np.full((1, 16, 16, 2), 3.3, "float32"))).max() < 0.5


def test_plane_waves_are_sines_whose_rates_swing_about_their_means():
    size = 1200
    waves = np.array(plane_waves(np.zeros((2, size, 8, 5), "float32"), 4, stride=4))
    assert waves.shape == (1, size, 8, 4) and np.abs(waves).max() <= 1 + 1e-6
    for i in range(4):
        angle, length = np.pi * (3 - np.sqrt(5)) * i, 12 * (80 / 12) ** (i / 3)
        rate, rows = 2 * np.pi * 4 / length, np.arange(1, size + 1)
        down = rate * np.sin(angle) * rows
        for swing in (3.7, 6.1):
            down += 0.25 * swing * np.sin(rate / swing * rows + swing)
        across = rate * np.cos(angle) + sum(0.25 * s * np.sin(rate / s + s) for s in (4.3, 7.9))
        # A rate is rounded to half precision, which far down the picture shifts the wave, so near its start.
        np.testing.assert_allclose(waves[0, :60, 0, i], np.sin(down + across)[:60], atol=0.06)


def test_plane_waves_begin_at_their_origin():
    whole = np.array(plane_waves(np.zeros((1, 30, 40, 1), "float32"), 5, stride=4))
    features = np.zeros((2, 12, 16, 1), "float32")
    parts = np.array(plane_waves(features, 5, stride=4, origin=np.array([[7, 11], [18, 24]], "float32")))
    np.testing.assert_allclose(parts[0], whole[0, 7:19, 11:27], atol=1e-4)
    np.testing.assert_allclose(parts[1], whole[0, 18:30, 24:40], atol=1e-4)


def test_plane_waves_do_not_repeat():
    """The picture that a crest pattern of one period would print: a shifted copy that equals the original."""
    waves = np.array(plane_waves(np.zeros((1, 16, 256, 1), "float32"), 16, stride=4))[0]
    window = waves[:, :24].ravel()
    alike = [np.corrcoef(window, waves[:, i : i + 24].ravel())[0, 1] for i in range(24, 232)]
    assert max(alike) < 0.6


def styled(layer, channels, filters, seed=0):
    keras.utils.set_random_seed(seed)
    layer.build((None, None, None, channels), (None, filters), (None, filters))
    return layer


def test_normalised_convolution_takes_mean_and_spread_from_the_style(rng):
    layer = styled(StyledConv2D(6, activation="linear"), 4, 6)
    scale, shift = rng.uniform(0.5, 2, (2, 6)).astype("float32"), rng.normal(size=(2, 6)).astype("float32")
    y = np.array(layer(rng.normal(size=(2, 20, 24, 4)).astype("float32"), scale, shift))
    np.testing.assert_allclose(y.mean((1, 2)), shift, atol=1e-5)
    np.testing.assert_allclose(y.std((1, 2)), scale, rtol=1e-3)


@pytest.mark.parametrize("separable", [False, True])
def test_unnormalised_convolution_has_unit_gain_whatever_the_kernel(rng, separable):
    layer = styled(StyledConv2D(5, separable=separable, normalize=False, activation="linear"), 8, 5)
    x = rng.normal(size=(1, 64, 64, 8)).astype("float32")
    one, zero = np.ones((1, 5), "float32"), np.zeros((1, 5), "float32")
    before = np.array(layer(x, one, zero))
    for weight in layer.weights:
        weight.assign(weight * 10.0)
    np.testing.assert_allclose(layer(x, one, zero), before, rtol=1e-3, atol=1e-4)
    assert 0.8 < before.std() < 1.2


@pytest.mark.parametrize(("strides", "kernel_size"), [(1, 3), (2, 3), (2, 5), (1, 1)])
def test_convolution_over_the_reflected_picture_by_its_definition(rng, strides, kernel_size):
    layer = styled(StyledConv2D(3, kernel_size, strides, normalize=False), 2, 3)
    x, size = rng.normal(size=(1, 7, 8, 2)).astype("float32"), kernel_size // 2
    scale, shift = rng.normal(size=(2, 1, 3)).astype("float32")
    kernel = np.array(layer.kernel)
    kernel = kernel / np.sqrt((kernel**2).sum(axis=(0, 1, 2)))
    padded = np.pad(x[0], ((size, size), (size, size), (0, 0)), mode="reflect")
    expected = np.array([[
        np.tensordot(padded[i : i + kernel_size, j : j + kernel_size], kernel, axes=3)
        for j in range(0, 8, strides)] for i in range(0, 7, strides)])  # fmt: skip
    np.testing.assert_allclose(layer(x, scale, shift)[0], np.maximum(expected * scale + shift, 0), atol=1e-5)


def test_separable_equals_the_dense_kernel_it_factors(rng):
    layer = styled(StyledConv2D(3, separable=True, activation="linear"), 4, 3)
    dense = styled(StyledConv2D(3, activation="linear"), 4, 3)
    depthwise, pointwise = (np.array(weight) for weight in (layer.depthwise_kernel, layer.kernel))
    dense.kernel.assign(depthwise[:, :, :, 0][..., None] * pointwise)
    inputs = [rng.normal(size=shape).astype("float32") for shape in ((2, 9, 11, 4), (2, 3), (2, 3))]
    np.testing.assert_allclose(layer(*inputs), dense(*inputs), atol=2e-5)


def test_upsampled_rgb_equals_resize_then_convolution(rng):
    layer = UpsampledRGB()
    layer.build((None, None, None, 5), (None, 3))
    x, shift = rng.normal(size=(2, 6, 7, 5)).astype("float32"), rng.normal(size=(2, 3)).astype("float32")
    # The small picture is reflected, so the large one is continued by what that becomes.
    large = upsample_nearest(np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="reflect"))
    expected = ops.conv(large, layer.kernel)[:, 1:-1, 1:-1] + shift[:, None, None]
    np.testing.assert_allclose(layer(x, shift), expected, atol=1e-5)


def test_bank_mixes_linearly_and_strength_leads_to_the_photograph(rng):
    bank = StyleBank(3, 4, initializer="random_normal")
    vectors = np.array(bank(np.eye(3, dtype="float32"), np.ones(3, "float32")))
    np.testing.assert_allclose(vectors, bank.vectors, rtol=1e-6)
    mixed = bank(np.array([[0.25, 0, 0.75]], "float32"), np.ones(1, "float32"))
    np.testing.assert_allclose(mixed[0], 0.25 * vectors[0] + 0.75 * vectors[2], rtol=1e-5)
    half = bank(np.eye(3, dtype="float32")[:1], np.array([0.5], "float32"))
    np.testing.assert_allclose(half[0], (vectors[0] + np.array(bank.photograph)) / 2, rtol=1e-5)


def test_bank_with_a_learning_rate_multiplier_holds_the_same_vectors_and_moves_them_faster(rng):
    weights, strength = rng.dirichlet(np.ones(3), 2).astype("float32"), np.array([0.5, 1], "float32")

    def moved(**kwargs):
        bank = StyleBank(3, 4, initializer=keras.initializers.RandomNormal(seed=1), **kwargs)
        before = np.array(bank(weights, strength))
        optimizer = keras.optimizers.Adam(0.01)
        optimizer.apply([ops.ones_like(v) for v in bank.trainable_variables], bank.trainable_variables)
        return before, np.array(bank(weights, strength)) - before

    (plain, step), (same, faster) = moved(), moved(learning_rate_multiplier=4.0)
    np.testing.assert_allclose(same, plain, rtol=1e-6)
    np.testing.assert_allclose(faster, 4 * step, rtol=1e-3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: StyledConv2D(0), "`filters` must be positive. Received: filters=0"),
        (lambda: StyledConv2D(4, kernel_size=2), "`kernel_size` must be odd and positive. Received: kernel_size=2"),
        (lambda: StyledConv2D(4, strides=3), "`strides` must be 1 or 2. Received: strides=3"),
        (lambda: StyledConv2D(4, strides=2, separable=True), "`strides` must be 1 where `separable` is true"),
        (lambda: StyleBank(0, 4), "`num_styles` must be positive. Received: num_styles=0"),
        (lambda: StyleBank(2, -1), "`vector_size` must be positive. Received: vector_size=-1"),
        (lambda: StyleBank(2, 4, learning_rate_multiplier=0), "`learning_rate_multiplier` must be positive"),
    ],
)
def test_wrong_arguments_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()
