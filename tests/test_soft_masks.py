"""The edges of regions: wide where nothing is, sharp along an edge of the photograph, whole where regions meet."""

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage
from stand_in import photograph

from keras_stylegan.inference import soft_masks
from keras_stylegan.inference.soft_masks import FEATHER, SoftMasks

WIDTH, HEIGHT = 160, 120
RNG = np.random.default_rng(0)


def half(inside=255, outside=0, start=WIDTH // 2, stop=WIDTH):
    values = np.full((HEIGHT, WIDTH), outside, np.uint8)
    values[:, start:stop] = inside
    return Image.fromarray(values)


def scene(contrast, noise=4.0):
    """A photograph whose right half is so much brighter than its left."""
    values = 90 + contrast * (np.arange(WIDTH) >= WIDTH // 2) + RNG.normal(0, noise, (HEIGHT, WIDTH))
    return Image.fromarray(np.uint8(np.clip(np.rint(values), 0, 255))).convert("RGB")


def width_of_edge(mask):
    """Pixels of the middle row that are neither in nor out."""
    row = np.asarray(mask)[HEIGHT // 2]
    return int(((row > 13) & (row < 242)).sum())


@pytest.mark.parametrize("scale", [0.5, 1, 2])
def test_an_edge_of_the_photograph_is_followed(scale):
    size = round(WIDTH * scale), round(HEIGHT * scale)
    followed, elsewhere, even = (
        np.asarray(next(SoftMasks([half(start=start)], guide).at(size)))[size[1] // 2]
        for guide, start in ((scene(100), WIDTH // 2), (scene(100), WIDTH // 4), (scene(0), WIDTH // 2))
    )
    between = [int(((row > 13) & (row < 242)).sum()) for row in (followed, elsewhere, even)]
    # From 5 to 95 % a Gaussian edge is 3.3 deviations wide.
    wide = 3.3 * FEATHER * min(size)
    assert between[0] <= max(5 * min(scale, 1) + 1, 3)
    assert 0.8 * wide < between[2] < 1.2 * wide and between[1] > 0.7 * wide


def test_texture_is_no_edge():
    noisy = Image.fromarray(RNG.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8))
    leaves = Image.fromarray(photograph(WIDTH, HEIGHT)).resize((WIDTH, HEIGHT))
    soft = width_of_edge(next(SoftMasks([half()], scene(0)).at((WIDTH, HEIGHT))))
    assert width_of_edge(next(SoftMasks([half()], noisy).at((WIDTH, HEIGHT)))) > 0.9 * soft
    assert width_of_edge(next(SoftMasks([half(start=30)], leaves).at((WIDTH, HEIGHT)))) > 0.5 * soft


@pytest.mark.parametrize("contrast", [0, 30, 100])
def test_regions_that_meet_leave_no_gap_and_no_photograph(contrast):
    guide = scene(contrast)
    # Three regions, of whose borders one follows the edge of the photograph.
    masks = [half(stop=30, start=0), half(start=30, stop=80), half(start=80)]
    soft = SoftMasks(masks, guide)
    together = sum(np.asarray(mask, int) for mask in soft.at((WIDTH, HEIGHT)))
    assert together.min() >= 252 and together.max() <= 258
    shares = soft.shares((WIDTH, HEIGHT))
    np.testing.assert_allclose(shares.sum(axis=-1), 1, atol=1e-6)
    painted = Image.new("RGB", (WIDTH, HEIGHT), (200, 10, 10))
    soft.keep_rest(painted, guide)
    assert np.abs(np.asarray(painted, int) - (200, 10, 10)).max() <= 3


def test_strips_of_the_rest_reach_the_last_row(monkeypatch):
    monkeypatch.setattr(soft_masks, "_ROWS", 7)
    photo, painted = photograph(WIDTH, HEIGHT), Image.new("RGB", (WIDTH, HEIGHT), (200, 10, 10))
    mask = half()
    mask.paste(0, (0, HEIGHT - 50, WIDTH, HEIGHT))
    SoftMasks([mask], Image.fromarray(photo), feather=0).keep_rest(painted, Image.fromarray(photo))
    inside = np.asarray(mask) > 0
    np.testing.assert_array_equal(np.asarray(painted)[~inside], photo[~inside])
    assert (np.asarray(painted)[inside] == (200, 10, 10)).all()


def test_a_feather_of_one_s_own_is_the_same_everywhere():
    widths = {}
    for feather in (0.0, 0.05):
        for contrast in (0, 100):
            mask = next(SoftMasks([half()], scene(contrast), feather).at((WIDTH, HEIGHT)))
            widths[feather, contrast] = width_of_edge(mask)
    assert widths[0.0, 0] == widths[0.0, 100] == 0 and widths[0.05, 0] == widths[0.05, 100] > 10


@pytest.mark.parametrize("scale", [1, 3])
@pytest.mark.parametrize("feather", [None, 0.0, 0.02, 0.4])
def test_a_part_is_that_of_the_whole(scale, feather):
    """Also where a wide edge is computed on a smaller mask, and at the picture's border."""
    size = WIDTH * scale, HEIGHT * scale
    masks = [half().resize(size), half(stop=30, start=0).resize(size)]
    soft = SoftMasks(masks, scene(60), feather)
    for box in ((0, 0, 40, 30), (7 * scale, 11 * scale, 91 * scale, 120 * scale), (0, 0, *size)):
        for part, whole in zip(soft.within(box), soft.at(size), strict=True):
            difference = np.abs(np.asarray(part, int) - np.asarray(whole.crop(box), int))
            assert part.size == (box[2] - box[0], box[3] - box[1]) and difference.max() <= 2


def test_a_wide_edge_on_a_smaller_mask_is_that_of_the_mask_itself():
    mask = half().resize((8 * WIDTH, 8 * HEIGHT), Image.Resampling.NEAREST)
    deviation = 0.1 * 8 * HEIGHT
    found = np.asarray(next(SoftMasks([mask], scene(0), 0.1).at(mask.size)), float)
    step = np.pad(np.asarray(mask, float), 4 * int(deviation), mode="edge")
    expected = ndimage.gaussian_filter1d(step[step.shape[0] // 2], deviation)[4 * int(deviation) :][: mask.width]
    assert np.abs(found[found.shape[0] // 2] - expected).max() < 6
