"""Colour modes: moments to 1e-4 before clipping, identity, luma of one picture under the chroma of another."""

import numpy as np
import pytest
from PIL import Image

from keras_stylegan.colour_statistics import matching_transform
from keras_stylegan.inference import colour
from keras_stylegan.inference.colour import add_luma, keep_chroma, luma, match_colours


def cloud(seed, num_pixels=5000):
    """Correlated colours well inside [0, 1], float64."""
    generator = np.random.default_rng(seed)
    mixing = generator.normal(size=(3, 3)) * 0.06
    return generator.uniform(0.3, 0.6, 3) + generator.normal(size=(num_pixels, 3)) @ mixing


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_matching_gives_mean_and_covariance_of_the_reference(dtype):
    pixels, reference = cloud(0).astype(dtype), cloud(1, 700).astype(dtype)
    matrix, offset = matching_transform(pixels, reference)
    matched = pixels @ matrix.T + offset
    np.testing.assert_allclose(matched.mean(0), reference.mean(0), atol=1e-4)
    np.testing.assert_allclose(np.cov(matched.T, bias=True), np.cov(reference.T, bias=True), atol=1e-4)


def test_matching_is_the_symmetric_square_root_form():
    # Diagonal covariances: A is the ratio of the standard deviations, by channel.
    signs = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]], float)
    matrix, offset = matching_transform(0.5 + signs * [0.1, 0.2, 0.1], 0.4 + signs * [0.2, 0.1, 0.3])
    np.testing.assert_allclose(matrix, np.diag([2, 0.5, 3]), atol=1e-12)
    np.testing.assert_allclose(offset, 0.4 - 0.5 * np.array([2, 0.5, 3]), atol=1e-12)


def test_matching_equal_pictures_is_the_identity():
    pixels = cloud(2)
    matrix, offset = matching_transform(pixels, pixels)
    np.testing.assert_allclose(matrix, np.eye(3), atol=1e-9)
    np.testing.assert_allclose(offset, 0, atol=1e-9)
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8))
    np.testing.assert_array_equal(np.asarray(match_colours(image, image)), np.asarray(image))


def test_matching_leaves_flat_directions_flat():
    grey = np.repeat(np.random.default_rng(0).uniform(0.2, 0.8, (500, 1)), 3, axis=1)
    matrix, offset = matching_transform(grey, cloud(3))
    assert np.isfinite(matrix).all() and np.linalg.matrix_rank(matrix, tol=1e-6) == 1
    matrix, offset = matching_transform(cloud(3), grey)
    matched = cloud(3) @ matrix.T + offset
    np.testing.assert_allclose(np.ptp(matched, axis=1), 0, atol=1e-9)  # a grey photograph stays grey
    flat = np.full((10, 3), 0.25)
    matrix, offset = matching_transform(flat, cloud(3))
    np.testing.assert_allclose(flat @ matrix.T + offset, np.broadcast_to(cloud(3).mean(0), (10, 3)), atol=1e-12)


def test_match_colours_on_pictures():
    stylised, photo = (
        Image.fromarray(np.rint(np.clip(cloud(seed, 4096), 0, 1) * 255).astype(np.uint8).reshape(64, 64, 3))
        for seed in (4, 5)
    )
    matched, reference = (np.asarray(i, float).reshape(-1, 3) for i in (match_colours(stylised, photo), photo))
    np.testing.assert_allclose(matched.mean(0), reference.mean(0), atol=0.5)
    np.testing.assert_allclose(np.cov(matched.T), np.cov(reference.T), rtol=0.05, atol=3)


def chroma(image):
    y, *rest = (np.asarray(band, int) for band in image.convert("YCbCr").split())
    return np.stack(rest)


def test_keep_chroma_takes_luma_from_one_and_colour_from_the_other():
    generator = np.random.default_rng(6)
    photo = Image.fromarray(generator.integers(100, 156, (16, 24, 3), dtype=np.uint8))
    stylised = Image.fromarray(generator.integers(100, 156, (16, 24, 3), dtype=np.uint8))
    result = keep_chroma(stylised, photo)
    assert np.abs(luma(result) - luma(stylised)).max() <= 1
    assert np.abs(chroma(result) - chroma(photo)).max() <= 1
    np.testing.assert_array_equal(np.asarray(keep_chroma(photo, photo)), np.asarray(photo))


def test_strips_have_the_luma_of_their_own_rows(monkeypatch):
    generator = np.random.default_rng(7)
    photo, stylised = (Image.fromarray(generator.integers(0, 256, (23, 16, 3), dtype=np.uint8)) for _ in range(2))
    whole = np.asarray(keep_chroma(stylised, photo))
    monkeypatch.setattr(colour, "_STRIP_PIXELS", 5 * 16)
    np.testing.assert_array_equal(np.asarray(keep_chroma(stylised, photo)), whole)


def test_colours_of_a_large_photograph_are_read_all_over(monkeypatch):
    """A dark sky over bright ground: neither's colours are the photograph's."""
    monkeypatch.setattr(colour, "_STRIP_PIXELS", 30 * 20)
    generator = np.random.default_rng(8)
    photo = np.repeat([60, 180], (50, 70))[:, None, None] + generator.integers(-9, 10, (120, 90, 3))
    stylised = generator.integers(80, 160, (64, 48, 3), dtype=np.uint8)
    matched = match_colours(Image.fromarray(stylised), Image.fromarray(photo.astype(np.uint8)))
    np.testing.assert_allclose(np.asarray(matched, float).mean((0, 1)), photo.mean((0, 1)), atol=1)


@pytest.mark.parametrize("amount", [-255, -129, -128, -1, 0, 1, 127, 128, 255])
def test_add_luma_is_a_clipped_sum(amount):
    image = np.array([[[0, 100, 255], [3, 200, 128]]], np.uint8)
    for amounts in (np.full((1, 2), amount, np.int16), np.array([[amount, 0]], np.int16)):
        result = np.asarray(add_luma(Image.fromarray(image), amounts))
        np.testing.assert_array_equal(result, np.clip(image.astype(int) + amounts[..., None], 0, 255))
