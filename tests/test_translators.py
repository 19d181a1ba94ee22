"""Networks from picture to picture and their critics: sizes of the papers, what a score sees, what a block computes."""

import math

import keras
import numpy as np
import pytest

from keras_stylegan.layers import ConvBlock, ResidualBlock, UpBlock
from keras_stylegan.losses import absolute_error
from keras_stylegan.networks import (
    RECEPTIVE_FIELDS,
    DenseNetTranslator,
    PatchGANCritic,
    ResNetTranslator,
    UNetTranslator,
    VNetTranslator,
)
from keras_stylegan.ops.gradients import input_gradient


def pictures(*shape, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype("float32")


def trainable(network):
    """Parameters of a network of which no weight is made."""
    with keras.StatelessScope():
        network.build()
    return sum(math.prod(variable.shape) for variable in network.trainable_variables)


# Sizes


@pytest.mark.parametrize("normalization", ["batch", "affine_instance"])
def test_unet_256_has_the_paper_s_parameters(normalization):
    assert trainable(UNetTranslator(normalization=normalization)) == 54_413_955


@pytest.mark.parametrize("upsample", ["transposed", "resize"])
def test_resnet_9_has_the_paper_s_parameters(upsample):
    assert trainable(ResNetTranslator(upsample=upsample)) == 11_378_179
    # Three blocks of two convolutions of 256 channels fewer.
    assert trainable(ResNetTranslator(6, upsample=upsample)) == 11_378_179 - 6 * (9 * 256 * 256 + 256)


@pytest.mark.parametrize(
    "field, channels, condition, normalization, expected",
    [
        (70, 3, 3, "affine_instance", 2_768_705),
        (70, 3, 3, "batch", 2_768_705),
        (70, 3, 0, "instance", 2_764_737),
        # 1x1: 6 * 64 + 64, 64 * 128 + 2 * 128, 128 + 1.
        (1, 3, 3, "affine_instance", 448 + 8448 + 129),
        # 4x4: 6 * 64 + 64, 64 * 128 + 2 * 128, 128 + 1.
        (16, 3, 3, "affine_instance", 16 * (6 * 64 + 64 * 128 + 128) + 64 + 256 + 1),
        # 4x4: 6-64-128-256-512-512-512-1.
        (
            286, 3, 3, "affine_instance",
            16 * (6 * 64 + 64 * 128 + 128 * 256 + 256 * 512 + 2 * 512 * 512 + 512) + 64 + 2 * (128 + 256 + 3 * 512) + 1,
        ),
    ],
)  # fmt: skip
def test_critics_have_the_papers_parameters(field, channels, condition, normalization, expected):
    critic = PatchGANCritic(field, channels=channels, condition_channels=condition, normalization=normalization)
    assert trainable(critic) == expected


def convolution(size, channels, filters, further):
    """Parameters of a convolution: `further` for each of its filters, a bias or a scale and a shift."""
    return size * size * channels * filters + further * filters


def test_v_net_s_parameters_by_hand():
    stages = convolution(5, 4, 4, 2) + 2 * convolution(5, 8, 8, 2) + convolution(5, 8, 4, 2)
    changes = convolution(2, 4, 8, 2) + convolution(2, 8, 4, 2)
    assert trainable(VNetTranslator((1, 2), 4)) == convolution(1, 3, 4, 1) + stages + changes + convolution(1, 4, 3, 1)


def test_densenet_s_parameters_by_hand():
    block = convolution(3, 16, 3, 1) + convolution(3, 19, 3, 1) + convolution(1, 22, 16, 1)
    ends = convolution(7, 3, 4, 1) + convolution(7, 4, 3, 1)
    sizes = 2 * convolution(3, 4, 8, 1) + 2 * convolution(3, 8, 16, 1)
    # Down 4-8-16, up 16-8-4: as many weights, but biases of the other side.
    sizes += (4 + 8) - (8 + 16)
    assert trainable(DenseNetTranslator(2, 2, 3, 4)) == ends + sizes + 2 * block


@pytest.mark.parametrize("count", [1, 3])
def test_a_v_net_s_pixel_sees_as_far_as_its_convolutions_reach(count):
    """5x5 before and after, `count` of them at half the size, and the 2x2 pixels of each of those."""
    network = VNetTranslator((1, count), 4, normalization="none")
    network.build()
    rng = np.random.default_rng(0)
    for weight in network.weights:  # positive: no ReLU stops a gradient
        weight.assign(rng.uniform(0, 0.02, weight.shape))
    images, middle = np.abs(pictures(1, 64, 64, 3)), 32
    _, gradient = input_gradient(lambda x: network(x)[:, middle, middle], images)
    rows = np.flatnonzero(np.abs(np.array(gradient))[0].sum((1, 2)))
    assert (rows[0], rows[-1]) == (middle - 4 * count - 4, middle + 4 * count + 5)


@pytest.mark.parametrize("field", RECEPTIVE_FIELDS)
def test_a_score_sees_a_patch_of_that_width(field):
    """The gradient of one score in the middle with respect to the pixels: where it is not zero."""
    critic = PatchGANCritic(field, filters=2, condition_channels=1, normalization="none")
    side = 2 * field + 64
    images, condition = pictures(1, side, side, 3), pictures(1, side, side, 1, seed=1)
    middle = critic(images, condition).shape[1] // 2
    for function, argument in (
        (lambda x: critic(x, condition), images),
        (lambda x: critic(images, x), condition),
    ):
        _, gradient = input_gradient(lambda x, f=function: f(x)[:, middle, middle], argument)
        seen = np.abs(np.array(gradient))[0].sum(-1) > 0
        for axis in (0, 1):
            (places,) = np.nonzero(seen.any(axis=axis))
            assert places[-1] - places[0] + 1 == field and len(places) == field


def test_256_pixels_have_30_scores_a_side():
    assert PatchGANCritic().compute_output_shape((None, 256, 256, 3)) == (None, 30, 30, 1)
    assert PatchGANCritic(16).compute_output_shape((1, 256, 286, 3)) == (1, 126, 141, 1)
    for field in RECEPTIVE_FIELDS:
        side = PatchGANCritic(field).min_side
        assert PatchGANCritic(field).compute_output_shape((1, side, side, 3)) == (1, 1, 1, 1)


@pytest.mark.parametrize(
    "network, stride",
    [
        (UNetTranslator(4, 4), 16),
        (VNetTranslator((1, 1, 2), 4), 4),
        (ResNetTranslator(1, 4), 4),
        (DenseNetTranslator(1, 2, 4, 4), 4),
    ],
    ids=lambda value: type(value).__name__,
)
def test_any_size_of_the_stride_comes_back(network, stride):
    assert network.stride == stride
    for size in ((32, 48), (16, 16)):
        output = np.array(network(pictures(2, *size, 3)))
        assert output.shape == (2, *size, 3) and np.abs(output).max() <= 1
        assert output.std() > 1e-4


# What blocks compute


def test_a_block_normalises_over_the_picture_and_then_takes_scale_and_shift():
    block = ConvBlock(2, normalization="affine_instance", activation="linear")
    x = pictures(2, 6, 7, 3)
    block.build((None, None, None, 3))
    block.scale.assign([2.0, 3.0])
    block.shift.assign([-1.0, 5.0])
    y = np.array(block(x))
    np.testing.assert_allclose(y.mean((1, 2)), [[-1, 5]] * 2, atol=1e-4)
    np.testing.assert_allclose(y.std((1, 2)), [[2, 3]] * 2, rtol=0.05)
    assert block.convolution.bias is None and ConvBlock(2).convolution.use_bias


def test_reflection_continues_the_picture():
    block = ConvBlock(1, padding="reflect", normalization="none", activation="linear")
    x = pictures(1, 5, 6, 1)
    block.build(x.shape)
    kernel = np.arange(9, dtype="float32").reshape(3, 3)
    block.convolution.kernel.assign(kernel[..., None, None])
    padded = np.pad(x[0, :, :, 0], 1, mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3))
    np.testing.assert_allclose(np.array(block(x))[0, :, :, 0], (windows * kernel).sum((2, 3)), atol=1e-4)


def test_a_residual_block_adds_to_what_came_in():
    block = ResidualBlock(3, normalization="none")
    x = pictures(1, 6, 6, 3)
    y = np.array(block(x))
    np.testing.assert_allclose(y - x, np.array(block.second(block.first(x))), atol=1e-6)
    block.second.convolution.kernel.assign(np.zeros(block.second.convolution.kernel.shape))
    np.testing.assert_array_equal(np.array(block(x)), x)


def test_an_up_block_joins_the_encoder_s_map_and_cuts_below_zero():
    block = UpBlock(2, normalization="none")
    x, skip = pictures(1, 3, 4, 3), pictures(1, 6, 8, 2, seed=1)
    y = np.array(block(x, skip))
    np.testing.assert_array_equal(y[..., 2:], np.maximum(skip, 0))
    np.testing.assert_array_equal(y[..., :2], np.maximum(np.array(block.block(x)), 0))


@pytest.mark.parametrize("depth, dropped", [(8, 3), (6, 1), (4, 0)])
def test_dropout_sits_in_the_innermost_steps_back_and_works_in_training_alone(depth, dropped):
    network = UNetTranslator(depth, 2, 4)
    assert [block.dropout > 0 for block in network.decoder] == [i < dropped for i in range(depth - 1)]
    if depth == 6:
        x = pictures(1, 64, 64, 3)
        one, other = (np.array(network(x, training=True)) for _ in range(2))
        assert np.abs(one - other).max() > 0
        np.testing.assert_array_equal(np.array(network(x)), np.array(network(x)))


def test_absolute_error_by_hand():
    one, other = np.array([[[0.0, 1.0]], [[2.0, -2.0]]], "float32"), np.array([[[1.0, 1.0]], [[-1.0, 3.0]]], "float32")
    np.testing.assert_allclose(absolute_error(one, other), [0.5, 4.0])


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: ConvBlock(0), "`filters` must be positive. Received: filters=0"),
        (lambda: ConvBlock(2, padding="same"), "`padding` must be one of zero, reflect, valid. Received: padding="),
        (lambda: ConvBlock(2, normalization="layer"), "`normalization` must be one of batch, instance"),
        (lambda: ConvBlock(2, upsample="bilinear"), "`upsample` must be one of transposed, resize"),
        (lambda: ConvBlock(2, strides=3), "`strides` must be 1 or 2, and 1 with `upsample`. Received: strides=3"),
        (lambda: ConvBlock(2, 4, padding="reflect"), '`kernel_size` must be odd for "reflect". Received'),
        (lambda: ConvBlock(2, upsample="transposed", padding="valid"), '`padding` must be "zero" for a transposed'),
        (lambda: UNetTranslator(depth=0), "`depth` must be positive. Received: depth=0"),
        (lambda: VNetTranslator((1,)), "`num_convolutions` must be two or more positive numbers. Received: .1."),
        (lambda: ResNetTranslator(0), "`num_blocks` must be positive. Received: num_blocks=0"),
        (lambda: PatchGANCritic(71), "`receptive_field` must be one of 1, 16, 34, 70, 142, 286. Received"),
        (lambda: PatchGANCritic(condition_channels=-1), "`condition_channels` must not be negative. Received"),
        (
            lambda: PatchGANCritic(16, 2, condition_channels=3)(pictures(1, 16, 16, 3)),
            "`condition` and `condition_channels` above 0 go together. Received: condition_channels=3, condition=None",
        ),
    ],
)
def test_wrong_arguments_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()
