"""The probes read clean on clean pictures and find what is drawn into them."""

import numpy as np
import pytest
from keras import ops
from scipy import ndimage

from keras_stylegan.losses import light_loss
from keras_stylegan.metrics import (
    blob_outliers,
    border_ratio,
    checkerboard_energy,
    colour_inversion,
    light_correlation,
    tile_seams,
)


@pytest.fixture(scope="module")
def photograph():
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:192, :256]
    scene = 120 + 50 * np.sin(rows / 19) + 30 * np.cos(columns / 31)
    return np.clip(scene[..., None] + rng.normal(0, 6, (192, 256, 3)), 0, 255)


@pytest.mark.parametrize("period", [2, 4, 8])
def test_checkerboard_of_each_period_is_found(photograph, period):
    assert checkerboard_energy(photograph) < 2.0
    grid = 8.0 * ((np.arange(256) % period) < period / 2)
    assert checkerboard_energy(photograph + grid[None, :, None]) > 3.0
    assert checkerboard_energy(photograph + grid[:192, None, None]) > 3.0


def test_a_flat_picture_has_no_checkerboard():
    assert checkerboard_energy(np.full((64, 72, 3), 90, "uint8")) == 1


def test_checkerboard_refuses_tiny_pictures():
    with pytest.raises(ValueError, match="`picture` must be at least 64x64. Received: 40x80"):
        checkerboard_energy(np.zeros((80, 40, 3)))


def test_border_band_is_found_in_both_directions(photograph):
    assert border_ratio(photograph, photograph) == 1.0
    noisy, flat = photograph.copy(), photograph.copy()
    noisy[:8] += np.random.default_rng(1).normal(0, 30, noisy[:8].shape)
    flat[:8] = flat[-8:] = 128.0
    assert border_ratio(noisy, photograph) > 1.3
    assert border_ratio(flat, photograph) < 0.8


def test_blobs_are_counted_unless_the_photograph_has_them(photograph):
    rows, columns = np.mgrid[:192, :256]
    spotted = photograph.copy()
    for y, x in [(50, 60), (120, 200)]:
        spotted += 160 * np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / (2 * 4**2))[..., None]
    assert blob_outliers(photograph, photograph) == 0
    assert blob_outliers(spotted, photograph) == 2
    assert blob_outliers(spotted, spotted) == 0


def test_a_style_that_paints_much_black_makes_no_blobs_of_leaves(photograph):
    leaves = np.random.default_rng(1).normal(size=(192, 256))
    leaves = ndimage.gaussian_filter(leaves, 3)
    painted = 128 + 60 * (leaves / leaves.std())[..., None] * np.ones(3)
    painted[:, 110:] = 4
    assert blob_outliers(painted, photograph) == 0
    rows, columns = np.mgrid[:192, :256]
    painted += 150 * np.exp(-((rows - 60) ** 2 + (columns - 180) ** 2) / 32)[..., None]
    assert blob_outliers(painted, photograph) == 1


@pytest.mark.parametrize("length, counted", [(4, 1), (6, 1), (20, 0), (60, 0)])
def test_spots_are_round(photograph, length, counted):
    """What a dark style leaves of an edge is no droplet."""
    rows, columns = np.mgrid[:192, :256]
    away = ((rows - 96) + (columns - 128)) / np.sqrt(2), ((rows - 96) - (columns - 128)) / np.sqrt(2)
    stroke = 120 * np.exp(-(away[0] ** 2) / (2 * length**2) - away[1] ** 2 / (2 * 4**2))
    assert blob_outliers((6 + stroke)[..., None] * np.ones(3), photograph) == counted


@pytest.mark.parametrize("axis", [0, 1])
def test_seams_between_tiles_are_found(photograph, axis):
    assert tile_seams(photograph, photograph, 64) == 1.0
    tiles = 30.0 * (np.arange(photograph.shape[axis]) // 64 % 2)
    seamed = photograph + np.expand_dims(tiles, (1 - axis, 2))
    assert tile_seams(seamed, photograph, 64) > 2
    assert tile_seams(seamed, photograph, 50) < 1.2  # not where they are looked for
    assert tile_seams(seamed, seamed, 64) == 1.0
    with pytest.raises(ValueError, match="`tile` must be from 2 to below the longer side, 256. Received: 256"):
        tile_seams(photograph, photograph, 256)


def test_a_negative_is_found(photograph):
    assert colour_inversion(photograph, photograph) == pytest.approx(1)
    assert colour_inversion(0.3 * photograph + 90, photograph) == pytest.approx(1)
    assert colour_inversion(255 - photograph, photograph) == pytest.approx(-1)
    assert colour_inversion(np.full_like(photograph, 9), photograph) == 0


def test_halos_and_curtains_are_found_and_strokes_are_not(photograph):
    rows, columns = np.mgrid[:192, :256]
    assert light_correlation(photograph, photograph) == pytest.approx(1)
    assert light_correlation(0.3 * photograph[..., ::-1] + 90, photograph) > 0.99  # contrast and colour cost nothing
    strokes = 60.0 * (-1.0) ** (columns // 4)
    assert light_correlation(photograph + strokes[..., None], photograph) > 0.98
    curtain = 60.0 * np.sin(columns / 12)
    assert light_correlation(photograph + curtain[..., None], photograph) < 0.8
    halo = 120 * np.exp(-((rows - 96) ** 2 + (columns - 128) ** 2) / (2 * 40**2))
    assert light_correlation(photograph + halo[..., None], photograph) < 0.9
    assert light_correlation(255 - photograph, photograph) == pytest.approx(-1)
    assert light_correlation(np.full_like(photograph, 9), photograph) == 0
    with pytest.raises(ValueError, match=r"`painted` must be at least 32x32. Received: \(31, 40\)"):
        light_correlation(np.zeros((31, 40, 3)), np.zeros((31, 40, 3)))


def test_light_correlation_is_what_the_loss_trains(photograph):
    rng = np.random.default_rng(3)
    painted = np.clip(photograph + 40 * ndimage.gaussian_filter(rng.normal(0, 9, (192, 256)), 9)[..., None], 0, 255)
    images, photographs = (np.float32(x[None] / 127.5 - 1) for x in (painted, photograph))
    (loss,) = ops.convert_to_numpy(light_loss(images, photographs))
    assert 0.01 < loss < 1
    # The loss adds an epsilon to its variances.
    assert light_correlation(painted, photograph) == pytest.approx(1 - loss, abs=5e-4)


def test_pictures_that_cannot_be_compared_are_refused(photograph):
    for probe in (border_ratio, blob_outliers, colour_inversion, light_correlation):
        with pytest.raises(ValueError, match=r"must have one shape. Received: \(192, 250, 3\) and \(192, 256, 3\)"):
            probe(photograph[:, :250], photograph)
    with pytest.raises(ValueError, match=r"`painted` must be more than 32 pixels .* Received: \(32, 40\)"):
        border_ratio(photograph[:32, :40], photograph[:32, :40])
