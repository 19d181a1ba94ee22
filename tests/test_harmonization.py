"""Pairs with a known truth: what is changed, where, how often, and the same for every reader."""

import numpy as np
import pytest
from stand_in import photograph

from keras_stylegan.data import Crops, HarmonizationPairs
from keras_stylegan.data.harmonization import GREATEST_SHARE, LEAST_SHARE, draw_region
from keras_stylegan.data.shifts import HELD_OUT_SHIFTS, SHIFTS, TRAINING_SHIFTS, apply_shifts
from keras_stylegan.inference.blending import grown

PHOTO = photograph(60, 48)
WEIGHTS = {"colour": 1.0, "light": 1.0}


def pairs(**options):
    crops = Crops([photograph(60, 48, seed) for seed in range(5)], 32, 4, seed=3)
    return HarmonizationPairs(crops, **{"shifts": WEIGHTS, "seed": 3, **options})


@pytest.mark.parametrize("name", SHIFTS)
def test_every_family_changes_pictures_and_repeats(name):
    changed = apply_shifts(PHOTO, (name,), np.random.default_rng(1))
    assert changed.dtype == np.uint8 and changed.shape == PHOTO.shape
    assert 0.3 < np.abs(changed.astype(int) - PHOTO).mean() < 90
    np.testing.assert_array_equal(changed, apply_shifts(PHOTO, (name,), np.random.default_rng(1)))
    assert np.abs(changed.astype(int) - apply_shifts(PHOTO, (name,), np.random.default_rng(2))).mean() > 0.5


def test_families_are_what_they_say():
    rng, picture = np.random.default_rng(0), PHOTO / 255.0
    luma = np.array([0.299, 0.587, 0.114])
    np.testing.assert_allclose(SHIFTS["saturation"](picture, rng) @ luma, picture @ luma, atol=1e-9)
    turned = SHIFTS["hue"](picture, rng)
    np.testing.assert_allclose(turned.mean(axis=-1), picture.mean(axis=-1), atol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(turned, axis=-1), np.linalg.norm(picture, axis=-1), atol=1e-9)
    for seed in range(6):  # an S curve or its inverse: monotonic, black, grey and white stay
        curve = SHIFTS["tone"](np.array([[[0, 0.5, 1], [0.2, 0.4, 0.6]]]), np.random.default_rng(seed))
        np.testing.assert_allclose(curve[0, 0], [0, 0.5, 1], atol=1e-9)
        assert (np.diff(curve[0, 1]) > 0).all()
    assert SHIFTS["blur"](picture, rng).std() < picture.std()
    assert np.ptp(SHIFTS["haze"](picture, rng)) < np.ptp(picture)
    assert not set(TRAINING_SHIFTS) & set(HELD_OUT_SHIFTS)
    with pytest.raises(ValueError, match="`names` must be shift families: colour, light, .*Received: fog"):
        apply_shifts(PHOTO, ("fog",), rng)


def test_batches_are_functions_of_seed_and_index():
    batches = pairs()
    batch = batches[3]
    for name, array in pairs()[3].items():
        np.testing.assert_array_equal(array, batch[name])
        assert array.dtype == np.float32
    assert batch["target"].shape == batch["source"].shape == (4, 32, 32, 3) and batch["masks"].shape == (4, 32, 32, 2)
    np.testing.assert_array_equal(batch["target"], batches.crops[3])
    assert not np.array_equal(batches[2]["masks"], batch["masks"])
    assert not np.array_equal(pairs(seed=4)[3]["masks"], batch["masks"])
    with pytest.raises(IndexError, match="must not be negative"):
        batches[-1]


def test_only_regions_are_changed():
    for index in range(4):
        batch = pairs(many_probability=1.0)[index]
        covered = batch["masks"].max(axis=-1, keepdims=True) > 0
        assert (batch["masks"].sum(axis=-1) <= 1 + 1e-6).all() and batch["masks"].min() >= 0
        difference = np.abs(batch["source"] - batch["target"])
        around = np.stack([grown(one[..., 0])[..., None] for one in covered])
        assert (difference * ~around).max() == 0 and (difference * (around & ~covered)).max() > 0.01
        for region in range(2):
            inside = batch["masks"][..., region] > 0.99
            assert not inside.any() or difference[inside].mean() > 0.005
    assert pairs(many_probability=0.0)[0]["masks"][..., 1].max() == 0
    same = pairs(unchanged_probability=1.0)[0]
    np.testing.assert_array_equal(same["source"], same["target"])


def test_regions_have_a_sensible_size():
    masks = [draw_region((40, 56), np.random.default_rng(seed)) for seed in range(60)]
    shares = [mask.mean() for mask in masks]
    assert LEAST_SHARE <= min(shares) < 0.2 and 0.5 < max(shares) <= GREATEST_SHARE
    assert all(mask.min() == 0 and mask.max() <= 1 for mask in masks)
    assert np.mean([((mask > 0) & (mask < 1)).mean() for mask in masks]) < 0.25


@pytest.mark.parametrize(
    "options, message",
    [
        ({"shifts": {"fog": 1.0}}, "`shifts` must weigh families among colour, .* Received: {'fog': 1.0}"),
        ({"shifts": {}}, "`shifts` must weigh families"),
        ({"shifts": {"blur": 0.0}}, "not all by 0"),
        ({"num_regions": 0}, "`num_regions` must be positive. Received: num_regions=0"),
        ({"twice_probability": 1.5}, r"`twice_probability` must be in \[0, 1\]. Received: twice_probability=1.5"),
    ],
)
def test_wrong_arguments_are_told(options, message):
    with pytest.raises(ValueError, match=message):
        pairs(**options)
