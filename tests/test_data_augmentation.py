"""Augmentation of the data: each change against an independent reference, and alike for all that belong together."""

import numpy as np
import pytest
import scipy.ndimage
import scipy.spatial.transform
import skimage.transform
from PIL import Image

from keras_stylegan import data
from keras_stylegan.data import Augmentation, Change


def scene(height=40, width=52, seed=0):
    """Smooth, so that interpolations of different libraries nearly agree."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (5, 6, 3), "uint8"))
    return np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC))


def inner(picture, border=12):
    return picture[border:-border, border:-border].astype("float")


def close(ours, theirs, levels=2.0):
    return np.abs(inner(ours) - inner(theirs)).max() <= levels


# Each change


def test_nothing_is_nothing():
    picture = scene()
    np.testing.assert_array_equal(Change().apply(picture), picture)
    np.testing.assert_array_equal(Augmentation().at(5).apply(picture), picture)


def test_flips_are_exact():
    picture = scene()
    np.testing.assert_array_equal(Change(flip=True).apply(picture), picture[:, ::-1])
    np.testing.assert_array_equal(Change(vertical_flip=True).apply(picture), picture[::-1])


def test_rotation_is_clockwise_about_the_centre():
    picture = scene()
    expected = scipy.ndimage.rotate(picture, -20, reshape=False, order=1, mode="mirror")
    assert close(Change(rotation=np.radians(20)).apply(picture), expected)
    turned = np.asarray(Image.fromarray(picture).rotate(-20, Image.Resampling.BILINEAR))
    assert close(Change(rotation=np.radians(20)).apply(picture), turned)
    square = picture[:, :40]
    np.testing.assert_allclose(Change(rotation=np.pi / 2).apply(square), np.rot90(square, -1), atol=1)


def test_shift_is_to_the_right_and_downwards():
    picture = scene()
    moved = Change(shift=(4 / 52, 2 / 40)).apply(picture)
    np.testing.assert_allclose(moved[2:, 4:].astype("int"), picture[:-2, :-4], atol=1)
    np.testing.assert_allclose(moved[:, :4].astype("int"), moved[:, 5:9][:, ::-1], atol=1)  # reflected
    half = Change(shift=(0, 2.5 / 40)).apply(picture)
    expected = scipy.ndimage.shift(picture.astype("float"), (2.5, 0, 0), order=1, mode="mirror")
    np.testing.assert_allclose(half, expected, atol=0.51)


def test_zoom_enlarges():
    picture = scene()
    larger = skimage.transform.resize(picture.astype("float"), (80, 104), order=1)
    assert close(Change(zoom=2.0).apply(picture), larger[20:60, 26:78])


def test_shear_slants():
    picture = scene()
    moved = Change(shear=0.5).apply(picture)
    for row in (8, 20, 30):
        expected = scipy.ndimage.shift(picture[row].astype("float"), ((row - 19.5) * 0.5, 0), order=1, mode="mirror")
        np.testing.assert_allclose(moved[row], expected, atol=0.51)


def test_all_moves_are_one_warp_in_the_documented_order():
    picture = scene(60, 60)
    together = Change(flip=True, zoom=1.3, shear=0.2, rotation=0.4, shift=(0.05, -0.1)).apply(picture)
    steps = picture
    for change in (
        Change(flip=True), Change(zoom=1.3), Change(shear=0.2), Change(rotation=0.4), Change(shift=(0.05, -0.1))
    ):  # fmt: skip
        steps = change.apply(steps)
    assert np.abs(inner(together, 20) - inner(steps, 20)).max() < 6
    assert np.abs(inner(together, 20) - inner(picture, 20)).max() > 40


def test_colours():
    picture = scene()[..., :3].clip(60, 190)
    values = picture.astype("float")
    grey = values.mean(-1, keepdims=True)
    for change, expected in [
        (Change(brightness=0.1), values + 25.5),
        (Change(contrast=0.6), 127.5 + 0.6 * (values - 127.5)),
        (Change(saturation=0.3), grey + 0.3 * (values - grey)),
        (Change(brightness=0.9), np.full_like(values, 255)),
        (Change(brightness=0.1, contrast=0.6), 127.5 + 0.6 * (values - 127.5) + 25.5),
    ]:
        np.testing.assert_allclose(change.apply(picture), expected, atol=0.51)
    angle = np.radians(50)
    turn = scipy.spatial.transform.Rotation.from_rotvec(angle * np.ones(3) / 3**0.5)
    expected = turn.apply(values.reshape(-1, 3)).reshape(values.shape).clip(0, 255)
    np.testing.assert_allclose(Change(hue=angle).apply(picture), expected, atol=0.51)


# Draws

ALL = Augmentation(True, True, 30.0, 0.1, (0.8, 1.25), 10.0, 0.1, 0.2, 0.3, 40.0)


def test_draws_fill_their_ranges():
    changes = [ALL.at(position) for position in range(3000)]

    def drawn(name):
        return np.array([getattr(change, name) for change in changes])

    for name in ("flip", "vertical_flip"):
        assert 0.46 < drawn(name).mean() < 0.54
    for name, limit in [("rotation", np.radians(30)), ("shift", 0.1), ("brightness", 0.1), ("hue", np.radians(40))]:
        assert -limit <= drawn(name).min() < -0.98 * limit and 0.98 * limit < drawn(name).max() <= limit
        assert abs(drawn(name).mean()) < 0.04 * limit
    for name, limit in [("contrast", 0.2), ("saturation", 0.3)]:
        assert 1 - limit <= drawn(name).min() < 1 - 0.98 * limit and 1 + 0.98 * limit < drawn(name).max() <= 1 + limit
    assert 0.8 <= drawn("zoom").min() < 0.81 and 1.24 < drawn("zoom").max() <= 1.25
    assert abs(np.log(drawn("zoom")).mean()) < 0.01
    assert np.degrees(np.arctan(np.abs(drawn("shear")).max())) == pytest.approx(10, abs=0.2)


def test_a_change_is_a_function_of_seed_and_position():
    assert ALL.at(3, seed=1) == ALL.at(3, seed=1)
    assert len({ALL.at(*key).rotation for key in [(3, 1), (4, 1), (3, 2), (3, 1, 1)]}) == 4
    # Of the others nothing changes when one is switched off.
    fewer = Augmentation(rotation=30.0)
    assert fewer.at(3).rotation == ALL.at(3).rotation and fewer.at(3).hue == 0


def test_pairs_and_masks_move_with_their_picture():
    picture, change = scene(), ALL.at(11)
    pair = np.concatenate([picture, 255 - picture], axis=2)
    np.testing.assert_array_equal(change.apply(pair)[..., :3], change.apply(picture))
    np.testing.assert_array_equal(change.apply(pair)[..., 3:], change.apply(255 - picture))
    # A region is where its picture is.
    yes = np.zeros((40, 52), "uint8")
    yes[10:25, 12:40] = 7
    moved = Change(rotation=change.rotation, shift=change.shift, zoom=1.2, flip=True)
    mask = moved.apply_to_mask(yes)
    assert mask.dtype == np.uint8 and set(np.unique(mask)) == {0, 7}
    shown = moved.apply(np.repeat(yes[..., None] * 36, 3, 2))[..., 0]
    assert ((shown > 126) == (mask == 7)).mean() > 0.99
    labels = np.arange(40 * 52, dtype="int64").reshape(40, 52)
    assert moved.apply_to_mask(labels).dtype == np.int64
    np.testing.assert_array_equal(moved.apply_to_mask(labels[..., None])[..., 0], moved.apply_to_mask(labels))


def test_batches_are_augmented_alike_on_both_engines(tmp_path):
    for folder, sign in (("A", 1), ("B", -1)):
        (tmp_path / folder).mkdir()
        for index in range(6):
            picture = scene(seed=index)[::1]
            Image.fromarray(picture if sign > 0 else 255 - picture).save(tmp_path / folder / f"{index}.png")
    options = {"size": 32, "batch_size": 4, "seed": 3}
    plain = data.open(tmp_path, "paired", **options, engine="numpy")[2]
    augmentation = Augmentation(rotation=20, zoom=(0.9, 1.1))
    changed = data.open(tmp_path, "paired", **options, engine="numpy", augmentation=augmentation)[2]
    np.testing.assert_allclose(changed["images_b"], -changed["images_a"], atol=1.5 / 127.5)
    for k in range(4):
        expected = augmentation.at(8 + k, seed=3).apply(data.to_uint8(plain["images_a"][k]))
        np.testing.assert_array_equal(data.to_uint8(changed["images_a"][k]), expected)
    assert np.abs(changed["images_a"] - plain["images_a"]).max() > 0.1
    native = data.open(tmp_path, "paired", **options, engine="tensorflow", augmentation=augmentation)[2]
    np.testing.assert_array_equal(native["images_a"], changed["images_a"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rotation": -1}, "`rotation` must be at least 0. Received: rotation=-1"),
        ({"shear": 90}, "`shear` must be from 0 to below 90. Received: shear=90"),
        ({"contrast": 1.5}, "`contrast` must be from 0 to 1. Received: contrast=1.5"),
        ({"zoom": (0, 1)}, r"`zoom` must be \(low, high\) with 0 < low <= high. Received: zoom=\(0, 1\)"),
        ({"zoom": (2, 1)}, "`zoom` must be"),
    ],
)
def test_augmentation_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        Augmentation(**arguments)
