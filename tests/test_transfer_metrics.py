"""Warping errors, stability, single-picture distances and deception against values computed by hand."""

import numpy as np
import pytest
from stand_in import photograph

from keras_stylegan.metrics import instability, shift_instability, single_image_frechet, warping_error
from keras_stylegan.metrics.stability import add_noise, fgsm_step, through_jpeg
from keras_stylegan.metrics.warping import pan, warp, zoom

PHOTO = photograph(60, 44)


# Motion


def test_pan_moves_whole_pixels_to_the_right_and_down():
    moved, inside = warp(PHOTO, pan(3, 2))
    np.testing.assert_allclose(moved[2:, 3:], PHOTO[:-2, :-3], atol=1e-9)
    assert inside[2:, 3:].all() and not inside[:2].any() and not inside[:, :3].any()


def test_zoom_enlarges_about_the_centre():
    ramp = np.repeat(np.repeat(np.arange(41.0)[:, None], 41, 1)[..., None], 3, 2)
    moved, inside = warp(ramp, zoom(2.0))
    np.testing.assert_allclose(moved[:, 7, 0], 20 + (np.arange(41) - 20) / 2, atol=1e-9)
    assert inside.all()


def test_warping_error_of_a_still_and_of_a_flickering_scene():
    frames = [PHOTO[:, i : i + 40] for i in range(3)]  # the camera goes right, the scene left
    assert warping_error(frames, pan(-1, 0)) == 0
    assert warping_error(frames, pan(1, 0)) > 1e-5
    flicker = [np.full((9, 9, 3), value, "uint8") for value in (100, 151, 100)]
    assert warping_error(flicker, pan(0, 0)) == pytest.approx(0.2**2)
    for wrong, rule in (
        ((frames[:1], pan(0, 0)), "at least two"),
        (([PHOTO, PHOTO[:9]], pan(0, 0)), "one shape"),
        ((flicker, pan(20, 0)), "pixels in common"),
    ):
        with pytest.raises(ValueError, match=rule):
            warping_error(*wrong)


# Stability


def test_instability_is_the_gain_of_a_linear_painter():
    middle = (64 + PHOTO // 2).astype("uint8")
    disturbed = add_noise(middle, seed=1)
    assert np.std(disturbed.astype(int) - middle) == pytest.approx(4, rel=0.05)
    assert instability(lambda picture: picture, middle, disturbed) == 1
    assert instability(lambda picture: 3.0 * picture, middle, disturbed) == pytest.approx(3)
    assert instability(lambda picture: 0 * picture, middle, through_jpeg(middle)) == 0
    with pytest.raises(ValueError, match="`disturbed` must differ"):
        instability(lambda picture: picture, middle, middle)


def test_shift_instability_sees_a_painter_that_is_tied_to_the_frame():
    assert shift_instability(lambda picture: 255 - picture, PHOTO) == 0
    grid = (np.arange(PHOTO.shape[1] - 1) % 2 * 40.0)[None, :, None]
    tied = shift_instability(lambda picture: picture + grid, PHOTO)
    steps = PHOTO[:, 1:].astype(float) - PHOTO[:, :-1]
    assert tied == pytest.approx(40 / np.sqrt((steps**2).mean()))


def test_fgsm_step_is_one_grey_level_uphill():
    picture = np.array([[[0, 255, 7]]], "uint8")
    np.testing.assert_array_equal(fgsm_step(picture, np.array([[[-2.0, 0.5, 1e-9]]])), [[[0, 255, 8]]])
    np.testing.assert_array_equal(fgsm_step(picture, np.array([[[2.0, -0.5, 0.0]]])), [[[1, 254, 7]]])


# Perceptual networks


def test_single_image_frechet_of_known_moments():
    rows = np.random.default_rng(0).normal(size=(5, 8, 3))
    assert single_image_frechet(rows, rows) == pytest.approx(0, abs=1e-9)
    assert single_image_frechet(rows, rows + [3, 0, 4]) == pytest.approx(25)
    # One channel: (m - m')^2 + (s - s')^2, with s' = 2 s.
    one = rows[..., :1]
    spread = one.std(ddof=1)
    expected = one.mean() ** 2 + spread**2
    assert single_image_frechet(one, 2 * one) == pytest.approx(expected)
    with pytest.raises(ValueError, match="the same channels"):
        single_image_frechet(rows, one)


@pytest.fixture(scope="module")
def distances():
    from keras_stylegan.metrics import TransferDistances
    from keras_stylegan.networks import build_perceptual

    return TransferDistances(build_perceptual("compact"), "compact")


def stripes(period, colour):
    wave = np.sin(np.arange(96)[None, :, None] * 2 * np.pi / period)
    return np.uint8(np.broadcast_to(128 + 90 * wave * np.array(colour), (96, 96, 3)))


def test_content_and_style_distances_are_ordered(distances):
    photo, painting = photograph(96, 96), stripes(6, (1, 0.2, -0.5))
    seen, target = distances.features(photo), distances.features(painting)
    assert distances.content(seen, seen) == 0
    assert distances.style(target, target) == pytest.approx(0, abs=1e-6)
    half = distances.features((photo // 2 + painting // 2).astype("uint8"))
    for measure, ends in ((distances.content, (seen, target)), (distances.style, (target, seen))):
        near, middle, far = (measure(features, ends[0]) for features in (ends[0], half, ends[1]))
        assert near < middle < far
    assert distances.single_image_frechet(half, target) < distances.single_image_frechet(seen, target)


def test_classifier_names_styles(distances):
    from keras_stylegan.metrics import StyleClassifier

    paintings = {"fine": stripes(4, (1, 1, 1)), "coarse": stripes(24, (1, 1, 1)), "red": stripes(24, (1, -1, -1))}
    classifier = StyleClassifier(distances, paintings)
    assert classifier.accuracy == 1.0
    for name, painting in paintings.items():
        assert classifier.classify(distances.features(add_noise(painting[::-1].copy(), 3))) == name
    # Two paintings whose halves have changed places: all that one half teaches is wrong of the other.
    fine, coarse = paintings["fine"], paintings["coarse"]
    exchanged = {"one": np.vstack([fine[:48], coarse[48:]]), "other": np.vstack([coarse[:48], fine[48:]])}
    assert StyleClassifier(distances, exchanged).accuracy == 0.0
    with pytest.raises(ValueError, match="at least two styles. Received: 1"):
        StyleClassifier(distances, {"fine": paintings["fine"]})
