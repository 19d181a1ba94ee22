"""Stroke size: the working size, guided upsampling, and one look at every size."""

import numpy as np
import pytest
from PIL import Image
from stand_in import StandInRuntime, photograph, stand_in

from keras_stylegan.inference import Stylizer, resolution
from keras_stylegan.inference.colour import luma
from keras_stylegan.inference.resolution import MAX_WORKING_PIXELS, upsample, working_size

RESAMPLING = Image.Resampling


@pytest.mark.parametrize(
    "size, stroke_size, expected",
    [
        ((4000, 3000), None, (682, 512)),
        ((3000, 4000), None, (512, 682)),
        ((481, 321), None, (481, 321)),  # never enlarged unasked
        ((481, 321), 1, (767, 512)),
        ((4000, 3000), 2, (341, 256)),
        ((4000, 3000), 0.5, (1365, 1024)),
        ((256, 256), 2.0, (256, 256)),
        ((1, 1), None, (1, 1)),
        ((24, 3000), None, (24, 3000)),
        ((10, 10), 1e6, (1, 1)),
    ],
)
def test_working_size(size, stroke_size, expected):
    assert working_size(size, 512, stroke_size) == expected


def test_working_size_is_bounded():
    width, height = working_size((400_000, 400), 512, None)
    assert MAX_WORKING_PIXELS * 0.99 < width * height <= MAX_WORKING_PIXELS
    with pytest.raises(ValueError, match=r"`stroke_size` must be at least 2\.0 for a picture of 2048x16 pixels"):
        working_size((2048, 16), 512, 1.99)
    assert working_size((2048, 16), 512, 2.0) == (32768, 256)
    with pytest.raises(ValueError, match=r"`stroke_size` must be at least 2\.0 .* Received: stroke_size=1e-300"):
        working_size((2048, 16), 512, 1e-300)


@pytest.mark.parametrize("stroke_size", [0, -1, float("nan"), float("inf"), "large"])
def test_stroke_sizes_that_are_refused(stroke_size):
    with pytest.raises(ValueError, match="`stroke_size` must be a number greater than 0. Received: stroke_size="):
        working_size((10, 10), 512, stroke_size)


def detailed(width, height):
    """A photograph with a sharp pattern on it."""
    pixels = photograph(width, height).astype(int)
    pattern = 25 * ((np.add.outer(np.arange(height) // 3, np.arange(width) // 3) % 2) * 2 - 1)
    return Image.fromarray(np.clip(pixels + pattern[..., None], 0, 255).astype(np.uint8))


def test_an_unpainted_picture_gets_its_detail_back():
    photo = detailed(300, 200)
    small = resolution.resize(photo, (150, 100))
    plain = small.resize(photo.size, RESAMPLING.BICUBIC)
    restored = upsample(small, small, photo)

    def error(image):
        return np.abs(np.asarray(image, float) - np.asarray(photo)).mean()

    assert error(restored) < 0.5 * error(plain)


def test_detail_is_left_out_where_the_painter_did_not_follow_the_photograph():
    photo = detailed(300, 200)
    small = resolution.resize(photo, (150, 100))
    for painted in (np.full((100, 150, 3), 90, np.uint8), 255 - np.asarray(small)):  # flat, and the reverse
        painted = Image.fromarray(painted)
        expected = np.asarray(painted.resize(photo.size, RESAMPLING.BICUBIC), int)
        assert np.abs(np.asarray(upsample(painted, small, photo)) - expected).max() <= 2


def test_detail_comes_back_as_strength_goes_to_zero():
    photo = detailed(300, 200)
    small = resolution.resize(photo, (150, 100))
    flat = Image.new("RGB", (150, 100), "gray")
    contrast = [np.asarray(upsample(flat, small, photo, s).convert("L")).std() for s in (1, 0.5, 0)]
    np.testing.assert_allclose(contrast[1], contrast[2] / 2, rtol=0.05)
    assert contrast[0] < 0.1 * contrast[2]
    assert np.abs(luma(upsample(small, small, photo, 0.0)) - luma(photo)).max() <= 12  # clipped overshoot at edges
    assert np.abs(luma(upsample(small, small, photo, 0.0)) - luma(photo)).mean() < 1


def reference_upsample(stylised, small, photo):
    """The formula of the module on whole pictures in float64, with the gain of its own coarse grid."""

    def enlarge(values):
        return np.asarray(Image.fromarray(values.astype(np.float32)).resize(photo.size, RESAMPLING.BICUBIC), float)

    gain = np.asarray(resolution._gain(luma(small), luma(stylised)).resize(photo.size, RESAMPLING.BILINEAR)) / 128
    detail = luma(photo) - enlarge(luma(small))
    bands = [enlarge(np.asarray(band)) for band in stylised.split()]
    return np.clip(np.stack(bands, -1) + (gain * detail)[..., None], 0, 255)


@pytest.mark.parametrize("size", [(301, 203), (97, 640), (700, 31)])
def test_strips_have_no_seams(size, monkeypatch):
    photo = detailed(*size)
    small = resolution.resize(photo, tuple(max(1, side // 3) for side in size))
    painted = Image.fromarray(stand_in(np.asarray(small), [0, 1, 0], 1))
    whole = upsample(painted, small, photo)
    expected = reference_upsample(painted, small, photo)
    # Bicubic overshoot is cut off at 8 bits, before and after the detail is added.
    assert np.abs(np.asarray(whole) - expected).mean() < 1
    monkeypatch.setattr(resolution, "_STRIP_PIXELS", size[0] * 7)
    # Pillow orders its passes by the shape of the result, which moves a rounding here and there.
    difference = np.abs(np.asarray(upsample(painted, small, photo), int) - np.asarray(whole))
    assert difference.max() <= 3 and difference.mean() < 0.3


def test_gain_is_covariance_over_variance():
    guide = luma(detailed(64, 64))
    for factor, expected in ((1, 1), (0.5, 0.5), (-1, 0), (3, 1)):
        stylised = np.rint(100 + factor * (guide - 100.0)).astype(np.int16)
        gain = np.asarray(resolution._gain(guide, stylised)) / 128
        variance = 25**2  # of the pattern alone: an upper bound of what the regulariser takes away
        assert gain.max() <= expected + 0.02 and gain.min() >= expected * variance / (variance + 64) - 0.05


def test_a_working_size_above_the_photograph_is_made_small():
    photo = Image.fromarray(photograph(30, 20))
    painted = Image.new("RGB", (60, 40), (10, 200, 30))
    result = upsample(painted, resolution.resize(photo, (60, 40)), photo)
    assert result.size == (30, 20) and (np.asarray(result) == [10, 200, 30]).all()


@pytest.mark.parametrize("color", ["style", "luma", "match"])
def test_the_look_does_not_change_with_the_size_of_the_photograph(color):
    photo = detailed(960, 720)
    runtime = StandInRuntime()
    net = Stylizer(runtime, ["inverted", "red_wash", "night"], working_size=120)
    results = []
    for size in ((960, 720), (480, 360), (240, 180), (160, 120)):
        result = net.stylize(photo.resize(size, RESAMPLING.BOX), "red_wash", color=color)
        assert result.size == size
        results.append(np.asarray(result.resize((80, 60), RESAMPLING.BOX), float))
    assert runtime.sizes == [(120, 160)] * 4
    for result in results[1:]:
        assert np.abs(result - results[0]).mean() < 2


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (2048, 16), (24, 3000), (777, 333)])
@pytest.mark.parametrize("stroke_size", [None, 2])
def test_results_have_exactly_the_size_of_the_photograph(size, stroke_size):
    net = Stylizer(StandInRuntime(), ["inverted", "red_wash", "night"], working_size=64)
    assert net.stylize(photograph(*size), "night", stroke_size=stroke_size).size == size
