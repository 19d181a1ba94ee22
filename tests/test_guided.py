"""Changes of small pictures carried over to large ones."""

import numpy as np
import pytest
from stand_in import photograph

from keras_stylegan.inference.guided import enlarge_change, shrink_parts

SLOPES = np.float32([[0.8, 0.1, 0], [0, 0.7, 0.1], [0.1, 0, 0.9]])


def shrunk(picture, factor=4):
    height, width = picture.shape[:2]
    return np.rint(picture.reshape(height // factor, factor, width // factor, factor, 3).mean(axis=(1, 3)))


def test_a_change_that_is_linear_in_colour_keeps_all_detail():
    rng = np.random.default_rng(0)
    picture = np.clip(photograph(160, 120, 1) + rng.integers(-40, 40, (120, 160, 3)), 0, 255).astype("uint8")
    small, known = shrunk(picture).astype("uint8"), np.zeros((30, 40), bool)
    known[5:25, 8:32] = True
    change = (small @ SLOPES + 20 - small).astype("float32")
    # Where nothing is known there may be anything.
    change[~known] = 1000
    enlarged = enlarge_change(change, small, known, picture)
    expected = picture @ SLOPES + 20 - picture
    inside = np.kron(known, np.ones((4, 4))) > 0
    assert np.abs(enlarged - expected)[inside].max() < 1.5
    assert np.abs(enlarged - expected).max() < 8  # continued
    part = np.s_[17:61, 30:]
    np.testing.assert_allclose(enlarge_change(change, small, known, picture, part), enlarged[part], atol=1e-3)


def test_a_change_of_place_is_enlarged_as_it_is():
    picture = np.full((80, 80, 3), 120, "uint8")
    ramp = np.linspace(-20, 20, 20, dtype="float32")[None, :, None] * np.ones((20, 1, 3), "float32")
    enlarged = enlarge_change(ramp, np.full((20, 20, 3), 120, "uint8"), np.ones((20, 20), bool), picture)
    expected = -20 + 40 * ((np.arange(80) + 0.5) / 4 - 0.5) / 19
    np.testing.assert_allclose(enlarged[40, 2:-2, 0], expected[2:-2], atol=0.1)


@pytest.mark.parametrize("size", [(40, 30), (37, 23)])
def test_shrunk_pictures_mix_no_target_with_what_is_put_in(size):
    masks = np.zeros((120, 160, 2), "float32")
    masks[33:71, 21:90, 0], masks[33:71, 90:121, 1] = 1, 0.4
    covered = masks.max(axis=-1, keepdims=True) > 0
    target = np.where(covered, np.uint8(0), np.uint8(200)).repeat(3, axis=-1)
    source, small, regions = shrink_parts(255 - target, target, masks, size)
    assert source.shape == small.shape == (size[1], size[0], 3) and set(np.unique(regions)) == {0, 1}
    outside = regions.sum(axis=-1) == 0
    assert (small[outside] == 200).all() and (small[~outside] < 200).all() and (source[outside] == 55).all()
    assert regions.sum(axis=-1).max() == 1 and regions.sum(axis=(0, 1)).min() > 0
