"""Warps and colour maps before a critic: against SciPy, their exact adjoints, their second derivatives."""

import numpy as np
import pytest
import scipy.ndimage
import scipy.spatial.transform
from keras import ops
from toy_warping import adaptive, assert_exact, derivatives, noise, numpy, replayed

from keras_stylegan.layers import AdaptiveAugmentation, DiffAugment
from keras_stylegan.layers.adaptive_augmentation import OPERATIONS
from keras_stylegan.ops import colour_transforms as colour
from keras_stylegan.ops import warping

RNG = np.random.default_rng(0)


def column(*values):
    return np.array(values, "float32")


# Against independent references


def scipy_warp(image, matrix):
    """The same warp in SciPy's terms: rows before columns, positions from the corner."""
    swap = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1]])
    centre = np.eye(3)
    centre[:2, 2] = (np.array(image.shape[:2]) - 1) / 2
    matrix = centre @ swap @ matrix @ swap @ np.linalg.inv(centre)
    planes = [scipy.ndimage.affine_transform(image[..., c], matrix, order=1, mode="mirror") for c in range(3)]
    return np.stack(planes, -1)


@pytest.mark.parametrize("size", [(9, 14), (12, 5), (8, 8)])
def test_affine_warp_equals_scipy(size):
    rng = np.random.default_rng(2)
    images = noise(6, *size, 3)
    matrices = np.tile(np.eye(3), (6, 1, 1)) + rng.normal(0, 0.4, (6, 3, 3)) * [[1], [1], [0]]
    matrices[:, :2, 2] = rng.normal(0, 6, (6, 2))  # far beyond the borders
    expected = np.stack([scipy_warp(image, matrix) for image, matrix in zip(images, matrices, strict=True)])
    np.testing.assert_allclose(numpy(warping.affine_warp(images, matrices)), expected, atol=2e-5)
    np.testing.assert_allclose(numpy(warping.affine_warp(images, matrices[:, :2])), expected, atol=2e-5)


def test_an_axis_of_one_pixel():
    images = noise(2, 1, 4, 3)
    warped = numpy(warping.affine_warp(images, np.tile(np.eye(3) + [[0], [0.3], [0]], (2, 1, 1))))
    np.testing.assert_allclose(warped, images, atol=1e-6)
    np.testing.assert_array_equal(numpy(warping.reflect(ops.arange(-5, 6), 1)), 0)
    np.testing.assert_array_equal(
        numpy(warping.reflect(ops.arange(-4, 9), 4)), np.pad(np.arange(4), (4, 5), mode="reflect")
    )


def test_matrices_move_positions_as_named():
    point = np.array([2.0, 3.0, 1.0])

    def moved(matrix):
        return numpy(matrix)[0] @ point

    np.testing.assert_allclose(moved(warping.translation(column(5), column(-1))), [7, 2, 1])
    np.testing.assert_allclose(moved(warping.scaling(column(2), column(0.5))), [4, 1.5, 1])
    # From x (right) towards y (down).
    np.testing.assert_allclose(moved(warping.rotation(column(np.pi / 2))), [-3, 2, 1], atol=1e-6)
    for count in range(-3, 4):
        expected = numpy(warping.rotation(column(count * np.pi / 2)))
        np.testing.assert_allclose(numpy(warping.quarter_turns(column(count))), expected, atol=1e-6)
    assert set(numpy(warping.quarter_turns(column(*range(-3, 4)))).ravel()) == {-1, 0, 1}
    a, b = RNG.normal(size=(2, 4, 3, 3)).astype("float32")
    np.testing.assert_allclose(numpy(warping.compose(a, b, a)), a @ b @ a, atol=1e-5)


def test_translate_fills_with_zeros():
    images = noise(3, 6, 8, 3)
    moved = numpy(warping.translate(images, ops.convert_to_tensor([[0, 0], [2, -1], [-9, 0]], "int32")))
    np.testing.assert_array_equal(moved[0], images[0])
    expected = np.zeros_like(images[1])
    expected[:-1, 2:] = images[1, 1:, :-2]
    np.testing.assert_array_equal(moved[1], expected)
    assert not moved[2].any()


def test_colour_maps_equal_their_definitions():
    pixels = noise(5, 2, 2, 3)
    values = column(0, 0.3, -0.4, 1.2, 2)
    each = values[:, None, None, None]
    grey = pixels.mean(-1, keepdims=True)

    def mapped(matrices):
        return numpy(colour.transform_colours(pixels, matrices))

    np.testing.assert_allclose(mapped(colour.brightness(values)), pixels + each, atol=1e-6)
    np.testing.assert_allclose(mapped(colour.contrast(values)), pixels * each, atol=1e-6)
    np.testing.assert_allclose(mapped(colour.luma_flip(column(1, 1, 1, 1, 1))), pixels - 2 * grey, atol=1e-6)
    np.testing.assert_allclose(mapped(colour.saturation(values)), grey + each * (pixels - grey), atol=1e-6)
    turned = [
        scipy.spatial.transform.Rotation.from_rotvec(value * np.ones(3) / 3**0.5).apply(image.reshape(-1, 3))
        for value, image in zip(values, pixels, strict=True)
    ]
    np.testing.assert_allclose(mapped(colour.hue(values)), np.reshape(turned, pixels.shape), atol=1e-6)


def test_one_channel_counts_as_grey():
    images = noise(2, 3, 3, 1)
    matrices = warping.compose(colour.hue(column(1, 2)), colour.brightness(column(0.2, 0.1)))
    offset = np.reshape([0.2, 0.1], (2, 1, 1, 1))
    np.testing.assert_allclose(numpy(colour.transform_colours(images, matrices)), images + offset, atol=1e-6)


def test_neutral_arguments_change_no_bit():
    images = noise(2, 7, 9, 3)
    zero, one = column(0, 0), column(1, 1)
    still = [
        warping.scaling(one, one), warping.quarter_turns(zero), warping.translation(zero, zero),
        warping.rotation(zero),
    ]  # fmt: skip
    np.testing.assert_array_equal(numpy(warping.affine_warp(images, warping.compose(*still))), images)
    maps = [
        colour.brightness(zero), colour.contrast(one), colour.luma_flip(zero), colour.hue(zero), colour.saturation(one)
    ]  # fmt: skip
    np.testing.assert_array_equal(numpy(colour.transform_colours(images, warping.compose(*maps))), images)


# Adjoints and second derivatives, by the dense matrix of each map

# The layers take many operations a call, and a dense matrix as many calls as it has columns.
SHAPES = {"adaptive": (3, 3, 3), "diff_augment": (3, 4, 3)}
TURN = np.array([[[0.9, -0.5, 1.3], [0.4, 1.2, -0.8], [0, 0, 1]]], "float32")


MAPS = {
    "affine_warp": lambda x: warping.affine_warp(x, TURN),
    "translate": lambda x: warping.translate(x, ops.convert_to_tensor([[1, -2]], "int32")),
    "colours": lambda x: colour.transform_colours(
        x, warping.compose(colour.hue(column(1)), colour.saturation(column(2)), colour.brightness(column(0.3)))
    ),
    "adaptive": adaptive(),
    "diff_augment": replayed(DiffAugment(seed=5)),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_each_augmentation_has_exact_derivatives(name):
    image = noise(1, 2, 5, 3)
    for seed in range(20):  # some leave pictures as they are, or all grey
        apply = replayed(AdaptiveAugmentation([name], initial=1.0, limit=1.0, seed=seed))
        changed = numpy(apply(image))
        if np.abs(changed - image).max() > 1e-3 and np.abs(changed).max() > 0.5:
            break
    else:
        raise AssertionError(f"{name} does nothing")
    assert_exact(derivatives(apply, image.shape[1:]), least=0.01)  # the fourth power of a small contrast


@pytest.mark.parametrize("name", MAPS)
def test_adjoint_and_second_derivative_are_exact(name):
    """On JAX and torch: test_backends.py."""
    assert_exact(derivatives(MAPS[name], SHAPES.get(name, (4, 5, 3))))
