"""Photographs made poor and small: each step does what it says, by position and seed alone."""

import numpy as np
import pytest
from PIL import Image
from toy_super_resolution import photograph

from keras_stylegan import data


def test_clean_pictures_are_pillows_bicubic_and_the_rest_is_degraded_by_its_position():
    picture = photograph(32, 48)
    small = Image.fromarray(picture).resize((12, 8), Image.Resampling.BICUBIC)
    np.testing.assert_array_equal(data.Degradation(clean=1.0).at(picture, 5), np.asarray(small))
    degradation = data.Degradation(clean=0.0)
    first = degradation.at(picture, 5, seed=1)
    assert first.shape == (8, 12, 3) and first.dtype == np.uint8
    np.testing.assert_array_equal(first, degradation.at(picture, 5, seed=1))
    for other in (degradation.at(picture, 6, seed=1), degradation.at(picture, 5, seed=2)):
        assert np.abs(first.astype(int) - other).mean() > 0.5


def test_each_step_of_the_degradation_does_what_it_says():
    flat = np.full((64, 64, 3), 100, "uint8")
    nothing = {"blur": 0.0, "noise": 0.0, "quality": 100, "clean": 0.0}
    np.testing.assert_array_equal(data.Degradation(**nothing).at(flat, 0), flat[:16, :16])
    noisy = np.stack([data.Degradation(**{**nothing, "noise": 10.0}).at(flat, i) for i in range(40)]).astype("float32")
    spread = noisy.std(axis=(1, 2, 3))
    assert 3.5 < spread.mean() < 6.5 and spread.max() < 11  # uniform up to 10
    grey = np.abs(noisy - noisy[..., :1]).max(axis=(1, 2, 3)) == 0
    assert 8 < grey.sum() < 32
    edges = photograph(64, 64)
    sharp, soft = (
        np.mean([data.Degradation(**{**nothing, "blur": blur}).at(edges, i).std() for i in range(12)])
        for blur in (0.0, 6.0)
    )
    assert soft < 0.8 * sharp
    blocks = data.Degradation(**{**nothing, "quality": 5}).at(edges, 1)
    assert np.abs(blocks.astype(int) - data.Degradation(**nothing).at(edges, 1)).mean() > 1


def test_batches_are_pairs_of_a_crop_and_its_small_version():
    crops = data.Crops([photograph(40, 50, i) for i in range(3)], 16, 2, (1.0, 1.0), flip=False, seed=3)
    batches = data.DegradedBatches(crops, data.Degradation(clean=1.0))
    batch, again = batches[4], batches[4]
    assert batch["images"].shape == (2, 16, 16, 3) and batch["small"].shape == (2, 4, 4, 3)
    for key in batch:
        np.testing.assert_array_equal(batch[key], again[key])
    wanted = Image.fromarray(data.to_uint8(batch["images"][1])).resize((4, 4), Image.Resampling.BICUBIC)
    np.testing.assert_array_equal(data.to_uint8(batch["small"][1]), np.asarray(wanted))
    np.testing.assert_array_equal(batch["images"], crops[4])


@pytest.mark.parametrize(
    "options, message",
    [
        ({"factor": 0}, "`factor` must be at least 1"),
        ({"blur": -1.0}, "`blur` must be finite and at least 0"),
        ({"noise": float("nan")}, "`noise` must be finite and at least 0"),
        ({"quality": 0}, "`quality` must be from 1 to 100"),
        ({"clean": 1.5}, "`clean` must be from 0 to 1"),
    ],
)
def test_wrong_degradations_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        data.Degradation(**options)


def test_crops_must_divide():
    with pytest.raises(ValueError, match="`picture` must have sides that are multiples of 4. Received: 18x16"):
        data.Degradation().at(photograph(16, 18), 0)
    with pytest.raises(ValueError, match="`crops` must have sides that are multiples of 4"):
        data.DegradedBatches(data.Crops([photograph(40, 50)], 18, 1), data.Degradation())
