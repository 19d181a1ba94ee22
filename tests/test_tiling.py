"""Tiles: a style with the picture's statistics in it, tiles that fit together, when they are used."""

import keras
import numpy as np
import pytest
from PIL import Image
from stand_in import StandInRuntime, photograph

from keras_stylegan.inference import KerasRuntime, Stylizer, load, stylizer
from keras_stylegan.inference.palette import Mixture
from keras_stylegan.inference.tiling import MARGIN, WINDOWS, _Canvas, _grid, paint_in_tiles
from keras_stylegan.networks import StyleTransformer

WEIGHTS = np.array([0.25, 0.75], "float32")


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(4)
    network = StyleTransformer(2, widths=(4, 6, 8), num_blocks=(0, 1, 1), num_waves=3, normalization="all")
    network.build()
    rng = np.random.default_rng(0)
    network.bank.vectors.assign(network.bank.vectors + rng.normal(0, 0.3, network.bank.vectors.shape))
    return network


def floats(width, height):
    return photograph(width, height)[None].astype("float32") / 127.5 - 1


def test_a_frozen_style_paints_the_picture_that_it_was_frozen_on(network):
    in_branches = StyleTransformer(2, (4, 6, 8), (1, 1, 1), num_waves=3)
    in_branches.build()
    images = floats(48, 32)
    for each in (network, in_branches):
        vectors = each.bank(WEIGHTS[None], np.array([0.8], "float32"))
        frozen = each.freeze(images, vectors)
        assert frozen.shape == (1, each.vector_size)
        expected = np.array(each.paint(images, vectors))
        np.testing.assert_allclose(each.paint(images, frozen, frozen=True), expected, atol=1e-4)
        # The statistics are the picture's: another one is painted otherwise than by its own.
        other = -0.5 * images
        assert np.abs(np.array(each.paint(other, frozen, frozen=True)) - each.paint(other, vectors)).mean() > 1e-3


@pytest.mark.parametrize("num_blocks", [(0, 1, 1), (1, 0, 2), (1, 1, 0)])
def test_a_tile_is_the_middle_of_its_picture(num_blocks):
    """Without padding nothing of the middle changes, at any depth; and the network sees no further than it says."""
    keras.utils.set_random_seed(5)
    network = StyleTransformer(2, (4, 6, 8), num_blocks, num_waves=3)
    network.build()
    side = 2 * network.tile_margin + 24
    images, origin = floats(side + 8, side), np.array([[3.0, 5.0]], "float32")
    frozen = network.freeze(images, network.bank(WEIGHTS[None], np.array([0.8], "float32")), origin)
    whole, cut = np.array(network.paint(images, frozen, origin, frozen=True)), network.tile_margin
    tile = np.array(network.paint_tile(images, frozen, origin))
    assert tile.shape == (1, 24, 32, 3)
    np.testing.assert_allclose(tile, whole[:, cut:-cut, cut:-cut], atol=1e-4)
    beyond = images.copy()
    beyond[:, 0] = beyond[:, :, -1] = 1 - beyond[:, 0, :1]
    changed = np.abs(np.array(network.paint_tile(beyond, frozen, origin)) - tile).max(axis=(0, 3))
    assert changed[0].max() > 0 and changed[:, -1].max() > 0 and changed[8:, :-8].max() == 0


def test_parts_count_together(network):
    """The same part twice has the statistics of one; two different ones do not have those of the first."""
    vectors = network.bank(WEIGHTS[None], np.ones(1, "float32"))
    one, other = floats(32, 32), -floats(32, 32)
    frozen = [np.array(network.freeze(parts, vectors)) for parts in (one, np.concatenate([one, one]))]
    np.testing.assert_allclose(frozen[0], frozen[1], atol=1e-4)
    assert np.abs(np.array(network.freeze(np.concatenate([one, other]), vectors)) - frozen[0]).max() > 1e-2


@pytest.mark.parametrize("size", [(200, 120), (121, 77)])
def test_tiled_equals_whole(network, size):
    """The margin of 64 pixels is more than the 36 that this network sees."""
    runtime, photo = KerasRuntime(network, 8), Image.fromarray(photograph(*size))
    mixture = Mixture(WEIGHTS)
    whole = np.asarray(paint_in_tiles(runtime, photo, [mixture], 0.9, tile=1024), int)
    tiled = np.asarray(paint_in_tiles(runtime, photo, [mixture], 0.9, tile=48, margin=64), int)
    assert whole.shape == (size[1], size[0], 3)
    assert np.abs(tiled - whole).max() <= 2
    with pytest.raises(ValueError, match="`margin` must be at least 40 for this network. Received: 24"):
        paint_in_tiles(runtime, photo, [mixture], 0.9, tile=48, margin=24)


@pytest.mark.parametrize("lost", [0, 12, 32])
def test_tiles_land_where_they_were_cut(lost):
    """From a network that returns its margins, as files of earlier versions do, a part of them, or none."""

    class Inverting:
        stride = 8

        def freeze(self, parts, origin, weights, strength, vector):
            return None

        def run_tile(self, image, frozen, origin, strength):
            return 255 - image[lost : len(image) - lost, lost : image.shape[1] - lost]

    photo = photograph(101, 59)
    painted = paint_in_tiles(Inverting(), Image.fromarray(photo), [Mixture(WEIGHTS)], 1.0, tile=24, margin=32)
    np.testing.assert_array_equal(painted, 255 - photo)


def test_the_packaged_network_sees_no_further_than_tiles_overlap():
    """What lies beyond the margin of a tile's corner pixels may be anything."""
    runtime = load().runtime
    side = 2 * MARGIN + 16 * runtime.stride
    picture, noise = photograph(side, side), np.random.default_rng(0).integers(0, 256, (side, side, 3), "uint8")
    weights = np.full(len(load().styles), 1 / len(load().styles), "float32")
    frozen = runtime.freeze(picture[None], np.zeros((1, 2), "float32"), weights, 1.0)

    def pixel(margin):
        """The one at the middle, as a tile's first and as its last, of a picture with noise beyond the margin."""
        middle, painted = side // 2, []
        for first, last in ((middle - margin, side), (0, middle + 1 + margin)):
            changed = noise.copy()
            changed[first:last, first:last] = picture[first:last, first:last]
            painted.append(middle_of(runtime.run_tile(changed, frozen, (0, 0), 1.0)))
        return np.array(painted)

    def middle_of(tile):  # without the margins, or a part of them
        return tile[len(tile) // 2, tile.shape[1] // 2].astype(int)

    whole = middle_of(runtime.run_tile(picture, frozen, (0, 0), 1.0))
    assert np.abs(pixel(MARGIN) - whole).max() <= 1
    assert np.abs(pixel(MARGIN // 8) - whole).max() > 3


def test_a_picture_of_one_window_is_painted_as_ever(network):
    """But for its border, beyond which the picture is reflected, and not the features of every layer."""
    runtime, photo, margin = KerasRuntime(network, 8), photograph(150, 110), network.tile_margin
    tiled = np.asarray(paint_in_tiles(runtime, Image.fromarray(photo), [Mixture(WEIGHTS)], 0.7), int)
    difference = np.abs(tiled - runtime.run(photo, WEIGHTS, 0.7))
    assert difference[margin:-margin, margin:-margin].max() <= 1
    assert difference.mean() > 0


def test_own_styles_in_tiles(network):
    runtime, photo = KerasRuntime(network, 8), Image.fromarray(photograph(90, 70))
    own = np.array(network.bank.style_vectors())[1]
    named = np.asarray(paint_in_tiles(runtime, photo, [Mixture(WEIGHTS)], 1.0), int)
    mixed = np.asarray(paint_in_tiles(runtime, photo, [Mixture(np.array([0.25, 0]), 0.75 * own)], 1.0), int)
    assert np.abs(named - mixed).max() <= 1


@pytest.mark.parametrize("options, message", [({"tile": 20}, "`tile` must be a multiple of 8. Received: tile=20"),
                                              ({"margin": 3}, "`margin` must be a multiple of 8")])  # fmt: skip
def test_sides_that_do_not_fit_are_refused(network, options, message):
    with pytest.raises(ValueError, match=message):
        paint_in_tiles(KerasRuntime(network, 8), Image.new("RGB", (9, 9)), [Mixture(WEIGHTS)], 1.0, **options)


def test_when_tiles_are_used(monkeypatch):
    tiled, shares = [], []

    def note(runtime, photo, mixtures, strength, report):
        tiled.append(photo.size)
        report(0.5)
        return photo

    monkeypatch.setattr(stylizer, "paint_in_tiles", note)
    monkeypatch.setattr(stylizer, "TILE_ABOVE", 100 * 80)
    monkeypatch.setattr(StandInRuntime, "run_tile", None, raising=False)  # without it, as on a server, nothing is tiled
    net = Stylizer(StandInRuntime(), ["inverted", "red_wash", "night"], working_size=64)
    large = photograph(200, 160)
    net.stylize(large, "night")
    assert tiled == [] and net.runtime.sizes == [(64, 80)]
    net.stylize(large, "night", tile=True, report=shares.append)
    net.stylize(large, "night", stroke_size=0.5)
    assert tiled == [(200, 160), (160, 128)] and shares == [0.5]
    net.stylize(photograph(100, 80), "night", tile=True)  # not above the limit: whole
    assert len(tiled) == 2 and net.runtime.sizes[-1] == (80, 100)
    with pytest.raises(ValueError, match="`tile` paints every pixel: give it without"):
        net.stylize(large, "night", tile=True, stroke_size=2)


class TilingRuntime(StandInRuntime):
    """The stand-in with tiles, whose sizes it keeps too: no statistic, so a frozen style is the style."""

    stride = 8

    def freeze(self, parts, origin, weights, strength, vector):
        return weights

    def run_tile(self, image, frozen, origin, strength):
        return self.run(image, frozen, strength)


@pytest.mark.parametrize("feather", [0.0, 0.1])
def test_regions_of_a_large_picture_are_painted_in_tiles(feather):
    """The stand-in paints pixel by pixel, so that mixtures of styles and of pictures are the same."""
    photo, left, right = photograph(100, 80), np.zeros((80, 100), np.uint8), np.zeros((80, 100), np.uint8)
    left[:, :50], right[20:60, 30:80] = 255, 200
    regions, shares = [(left, "night"), (right, {"red_wash": 1, "inverted": 1})], []
    net = Stylizer(TilingRuntime(), ["inverted", "red_wash", "night"], working_size=64)
    options = {"regions": regions, "feather": feather, "tile": True}
    with pytest.warns(UserWarning, match="the masks overlap"):
        together = np.asarray(net.stylize(photo, **options, report=shares.append), int)
    assert net.runtime.sizes == [(80, 100)] and shares == []
    net.runtime.max_pixels = 4 * 80 * 100 - 4  # maps of styles take four times the memory of one
    with pytest.warns(UserWarning, match="the masks overlap"):
        apart = np.asarray(net.stylize(photo, **options, report=shares.append), int)
    assert shares[-1] == 1 and sorted(shares) == shares
    assert np.abs(apart - together).max() <= 2
    np.testing.assert_array_equal(apart[70:, 95:], photo[70:, 95:])
    assert np.abs(apart - photo).mean() > 10


def test_tiles_have_the_styles_whose_masks_they_touch():
    photo, left, right = (Image.fromarray(values) for values in (photograph(96, 64), *np.zeros((2, 64, 96), np.uint8)))
    left.paste(255, (0, 0, 30, 64))
    right.paste(100, (20, 0, 40, 64))
    mixtures, runtime = [Mixture(np.eye(3, dtype="float32")[k]) for k in (0, 2)], TilingRuntime()
    options = {"masks": lambda box: (mask.crop(box) for mask in (left, right)), "margin": 8}
    tiled = np.asarray(paint_in_tiles(runtime, photo, mixtures, 1.0, tile=16, **options), int)
    assert len(runtime.sizes) == 4 * (2 + 2)  # two columns of tiles each, of six
    np.testing.assert_array_equal(tiled, paint_in_tiles(runtime, photo, mixtures, 1.0, **options))
    first, second = (runtime.run(np.asarray(photo), one.weights, 1.0).astype(int) for one in mixtures)
    np.testing.assert_array_equal(tiled[:, :20], first[:, :20])
    np.testing.assert_array_equal(tiled[:, 30:40], second[:, 30:40])  # whatever the mask has there, nothing else is
    np.testing.assert_array_equal(tiled[:, 40:], np.asarray(photo)[:, 40:])
    mixed = (255 * first + 100 * second)[:, 20:30] / 355
    assert np.abs(tiled[:, 20:30] - mixed).max() <= 0.5 + 1e-4


def test_tiles_are_nearly_alike():
    """A narrow rest would be painted with the margins of a whole tile."""
    canvas = _Canvas(Image.new("RGB", (2100, 1500)), 8)
    assert canvas.size == (1504, 2104)
    assert canvas.even_tile(1408) == (752, 1056)
    assert canvas.even_tile(2104) == canvas.size
    assert canvas.even_tile(8) == (8, 8)


def test_windows_of_statistics_are_spread_over_the_picture():
    """Each with its own pixels, from edge to edge, and its waves where they are in the whole picture."""
    photo = photograph(1000, 512)
    parts, corners = _Canvas(Image.fromarray(photo), 8).windows()
    assert corners == [(top, left) for top in (0, 256) for left in (0, 248, 496, 744)]
    for part, (top, left) in zip(parts, corners, strict=True):
        np.testing.assert_array_equal(part, photo[top : top + 256, left : left + 256])
    frozen = []

    class Noting(TilingRuntime):
        def freeze(self, parts, origin, weights, strength, vector):
            frozen.append((parts, origin))

        def run_tile(self, image, frozen, origin, strength):
            return image

    paint_in_tiles(Noting(), Image.fromarray(photo), [Mixture(np.eye(3, dtype="float32")[0])], 1.0)
    ((seen, origin),) = frozen
    np.testing.assert_array_equal(seen, parts)
    # The waves are added to features at a quarter of the size.
    np.testing.assert_array_equal(origin, [(top, left) for top in (0, 64) for left in (0, 62, 124, 186)])


@pytest.mark.parametrize("size, ratio", [((20_000, 30_000), 2 / 3), ((9000, 12_000), 0.75), ((3000, 100_000), 0.03)])
def test_windows_of_a_huge_picture_are_limited(size, ratio):
    rows, columns = _grid(*size)
    assert 0.75 * WINDOWS <= rows * columns <= WINDOWS
    assert abs(rows - ratio * columns) <= 1
    assert _grid(*size[::-1]) == (columns, rows)
