"""Content, style, total variation and grid losses: values by hand, invariances, gradients at zero distance."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_stylegan.losses import content_loss, grid_loss, light_loss, style_loss, style_statistics, total_variation
from keras_stylegan.losses.style import STYLE_DISTANCES, STYLE_METHODS
from keras_stylegan.metrics.artefacts import checkerboard_energy
from keras_stylegan.ops.patches import feature_patches, nearest_patches

WITHOUT_PLACES = tuple(method for method in STYLE_METHODS if method != "patch")


def random_features(batch=2, height=6, width=5, seed=0):
    random = np.random.default_rng(seed)
    return {tap: random.normal(1, 2, (batch, height, width, filters)).astype("float32")
            for tap, filters in (("relu1_1", 3), ("relu2_1", 4))}  # fmt: skip


class Descent(keras.Model):
    """One trainable tensor and a loss of it, so that Keras' own step gives the gradient on any backend."""

    def __init__(self, start, loss):
        super().__init__()
        self.value = self.add_weight(shape=start.shape, initializer="zeros")
        self.value.assign(start)
        self.loss_of_value = loss

    def build(self, input_shape=None):
        self.built = True

    def call(self, inputs):
        return ops.convert_to_tensor(self.value)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return ops.sum(self.loss_of_value(y_pred))


def gradient(loss, start):
    """Gradient by one SGD step of rate 1."""
    model = Descent(start, loss)
    model.compile(keras.optimizers.SGD(1.0), jit_compile=False)
    model.train_on_batch(np.zeros((1, 1)))
    return start - model.value.numpy()


def test_content_by_hand():
    features = np.array([[[[2.0, 0.0], [1.0, 1.0]]], [[[0.0, 0.0], [0.0, 0.0]]]], "float32")
    targets = np.array([[[[0.0, 0.0], [1.0, 2.0]]], [[[0.0, 1.0], [2.0, 0.0]]]], "float32")
    np.testing.assert_allclose(content_loss(features, targets), [1.0, 1.0], rtol=1e-6)
    np.testing.assert_allclose(content_loss(features, targets, "mse"), [1.25, 1.25], rtol=1e-6)
    np.testing.assert_allclose(content_loss(targets, features, "relative")[0], 5 / 6, rtol=1e-6)


def test_gram_style_by_hand():
    # Grams over height * width * channels = 2: [[5]] / 2 and [[1]] / 2.
    image = {"relu1_1": np.array([1.0, 2.0], "float32").reshape(1, 1, 2, 1)}
    style = {"relu1_1": np.array([1.0, 0.0], "float32").reshape(1, 1, 2, 1)}
    statistics, targets = style_statistics(image), style_statistics(style)
    np.testing.assert_allclose(statistics["relu1_1"], [[[2.5]]])
    np.testing.assert_allclose(style_loss(statistics, targets, distance="squared"), [4.0])
    np.testing.assert_allclose(style_loss(statistics, targets, distance="relative"), [4 / 6.5], rtol=1e-6)
    np.testing.assert_allclose(style_loss(statistics, targets), [(4 / 6.5) ** 0.5], rtol=1e-3)


def test_mean_std_style_by_hand():
    image = {"relu1_1": np.array([1.0, 3.0], "float32").reshape(1, 1, 2, 1)}  # mean 2, deviation 1
    style = {"relu1_1": np.array([0.0, 0.0, 4.0, 4.0], "float32").reshape(1, 2, 2, 1)}  # mean 2, deviation 2
    statistics, targets = style_statistics(image, "mean_std"), style_statistics(style, "mean_std")
    np.testing.assert_allclose(statistics["relu1_1"], [[[2.0], [1.0]]], rtol=1e-5)
    np.testing.assert_allclose(style_loss(statistics, targets, "mean_std", "squared"), [0.5], rtol=1e-4)
    np.testing.assert_allclose(style_loss(statistics, targets, "mean_std", "relative"), [1 / 13], rtol=1e-4)


def test_sorted_style_by_hand():
    image = {"relu1_1": np.array([4.0, 0.0], "float32").reshape(1, 1, 2, 1)}
    style = {"relu1_1": np.array([1.0, 2.0], "float32").reshape(1, 2, 1, 1)}
    statistics, targets = style_statistics(image, "sorted"), style_statistics(style, "sorted")
    np.testing.assert_allclose(style_loss(statistics, targets, "sorted", "squared"), [(1 + 4) / 2])
    np.testing.assert_allclose(style_loss(statistics, targets, "sorted", "relative"), [5 / 21], rtol=1e-6)


def test_patches_by_hand():
    ramp = np.arange(12, dtype="float32").reshape(1, 3, 4, 1)
    first, second = [0, 1, 2, 4, 5, 6, 8, 9, 10], [1, 2, 3, 5, 6, 7, 9, 10, 11]
    np.testing.assert_array_equal(feature_patches(ramp), [[first, second]])
    np.testing.assert_array_equal(feature_patches(ramp, num_patches=1), [[second]])  # the middle of two
    np.testing.assert_array_equal(feature_patches(ramp, num_patches=4), [[first, first, second, second]])
    # Neighbours in a row of the patch are channels of one position.
    pixels = np.arange(8, dtype="float32").reshape(1, 2, 2, 2)
    np.testing.assert_array_equal(feature_patches(pixels, size=2), np.arange(8).reshape(1, 1, 8))
    with pytest.raises(ValueError, match="`features` must have at least 3 positions on each side"):
        feature_patches(pixels)


def test_patch_style_by_hand():
    """By direction, not by distance: (2, 0) is nearer to (1, 1), but resembles (10, 1) more."""
    patches = np.array([[[2, 0], [1, 3]]], "float32")
    style = np.array([[[10, 1], [0, 1], [1, 1]]], "float32")
    np.testing.assert_array_equal(nearest_patches(patches, style), [[[10, 1], [0, 1]]])
    loss = {d: style_loss({"t": patches}, {"t": style}, "patch", d) for d in ("squared", "relative")}
    np.testing.assert_allclose(loss["squared"], [(64 + 1 + 1 + 4) / 4])
    np.testing.assert_allclose(loss["relative"], [70 / (14 + 102)], rtol=1e-6)
    # Every picture of a batch has the candidates of its own style.
    both = nearest_patches(np.concatenate([patches, patches]), np.concatenate([style, -style]))
    np.testing.assert_array_equal(both, [[[10, 1], [0, 1]], [[0, -1], [-10, -1]]])


def test_patch_style_sees_arrangements_that_gram_does_not():
    """Stripes and a checkerboard of the same two values, far enough apart for whole patches."""
    rows, columns = np.mgrid[:8, :8]
    pictures = [np.float32(v % 2)[None, ..., None] for v in (rows, rows + columns)]
    stripes, board = ({"t": np.concatenate([picture, 1 - picture], -1)} for picture in pictures)
    losses = {m: float(style_loss(style_statistics(stripes, m), style_statistics(board, m), m)[0])
              for m in ("gram", "sorted", "patch")}  # fmt: skip
    assert losses["gram"] < 1e-3 and losses["sorted"] < 1e-3 < 0.3 < losses["patch"]
    assert float(style_loss(*[style_statistics(stripes, "patch")] * 2, "patch")[0]) < 1e-6


@pytest.mark.parametrize("method", WITHOUT_PLACES)
def test_style_does_not_see_where_a_value_is(method):
    features = random_features()
    order = np.random.default_rng(3).permutation(30)
    moved = {tap: f.reshape(2, 30, -1)[:, order].reshape(f.shape) for tap, f in features.items()}
    loss = style_loss(style_statistics(moved, method), style_statistics(features, method), method, "relative")
    np.testing.assert_allclose(loss, [0, 0], atol=1e-10)
    changed = {tap: f + 0.5 for tap, f in features.items()}
    assert np.min(style_loss(style_statistics(changed, method), style_statistics(features, method), method)) > 0.05


def test_sorted_style_sees_a_distribution_that_moments_do_not():
    # Mean 0 and deviation 1 both; two values against three.
    two = {"relu1_1": np.array([-1, 1, -1, 1, -1, 1, -1, 1], "float32").reshape(1, 1, 8, 1)}
    three = {"relu1_1": np.array([-2, 0, 0, 0, 0, 0, 0, 2], "float32").reshape(1, 1, 8, 1)}
    losses = {method: float(style_loss(style_statistics(two, method), style_statistics(three, method), method)[0])
              for method in WITHOUT_PLACES}  # fmt: skip
    assert losses["gram"] < 1e-3 and losses["mean_std"] < 1e-3 < 0.3 < losses["sorted"]


def test_sorted_style_of_another_size_interpolates_quantiles():
    ramp = np.linspace(0, 1, 64, dtype="float32")
    small = {"relu1_1": ramp.reshape(1, 8, 8, 1)}
    large = {"relu1_1": np.linspace(0, 1, 400, dtype="float32").reshape(1, 20, 20, 1)}
    statistics = style_statistics(small, "sorted")
    for quantiles in (None, 100):
        targets = style_statistics(large, "sorted", num_quantiles=quantiles)
        assert targets["relu1_1"].shape[1] == (quantiles or 400)
        np.testing.assert_allclose(style_loss(statistics, targets, "sorted", "squared"), [0], atol=1e-4)


@pytest.mark.parametrize("method", STYLE_METHODS)
@pytest.mark.parametrize("distance", STYLE_DISTANCES)
def test_one_value_per_image_and_targets_of_one_broadcast(method, distance):
    features, style = random_features(batch=3), random_features(batch=1, seed=1)
    statistics, targets = style_statistics(features, method), style_statistics(style, method)
    loss = style_loss(statistics, targets, method, distance)
    assert loss.shape == (3,) and loss.dtype == "float32"
    for image in range(3):
        alone = {tap: value[image : image + 1] for tap, value in features.items()}
        single = style_loss(style_statistics(alone, method), targets, method, distance)
        np.testing.assert_allclose(single, loss[image : image + 1], rtol=1e-4)


def test_a_bank_of_styles_is_gathered_per_image():
    bank = style_statistics(random_features(batch=4, seed=1))
    statistics = style_statistics(random_features(batch=2))
    chosen = {tap: ops.take(value, np.array([3, 0]), axis=0) for tap, value in bank.items()}
    loss = style_loss(statistics, chosen)
    for image, style in enumerate((3, 0)):
        one = style_loss(
            {tap: value[image : image + 1] for tap, value in statistics.items()},
            {tap: value[style : style + 1] for tap, value in bank.items()},
        )
        np.testing.assert_allclose(one, loss[image : image + 1], rtol=1e-5)


@pytest.mark.parametrize("distance", ["rooted", "relative"])
def test_balanced_distances_do_not_depend_on_the_scale_of_a_tap(distance):
    features, style = random_features(), random_features(seed=1)
    louder = [
        {tap: value * (10.0 if tap == "relu2_1" else 1.0) for tap, value in one.items()} for one in (features, style)
    ]
    expected = style_loss(style_statistics(features), style_statistics(style), distance=distance)
    got = style_loss(*(style_statistics(one) for one in louder), distance=distance)
    np.testing.assert_allclose(got, expected, rtol=1e-4)
    squared = style_loss(*(style_statistics(one) for one in louder), distance="squared")
    assert np.all(
        squared > 10 * np.asarray(style_loss(style_statistics(features), style_statistics(style), distance="squared"))
    )


def test_only_the_targets_taps_count():
    statistics, targets = style_statistics(random_features()), style_statistics(random_features(seed=1))
    one = {"relu2_1": targets["relu2_1"]}
    both = style_loss(statistics, targets, distance="relative")
    first, second = (style_loss(statistics, {tap: targets[tap]}, distance="relative") for tap in targets)
    np.testing.assert_allclose(both, (np.asarray(first) + np.asarray(second)) / 2, rtol=1e-5)
    np.testing.assert_allclose(style_loss(statistics, one, distance="relative"), second)


@pytest.mark.parametrize("method", STYLE_METHODS)
@pytest.mark.parametrize("distance", STYLE_DISTANCES)
def test_gradient_is_finite_at_zero_distance_and_on_flat_features(method, distance):
    flat = np.full((1, 3, 3, 2), 2.0, "float32")
    for start in (flat, np.zeros_like(flat), random_features(batch=1)["relu1_1"]):
        targets = style_statistics({"relu1_1": start}, method)
        found = gradient(
            lambda x, t=targets: style_loss(style_statistics({"relu1_1": x}, method), t, method, distance), start
        )
        assert np.isfinite(found).all()
        np.testing.assert_allclose(style_loss(targets, targets, method, distance), [0], atol=1e-7)


@pytest.mark.parametrize("method", STYLE_METHODS)
def test_gradient_leads_towards_the_style(method):
    start, style = random_features(batch=1)["relu1_1"], random_features(batch=1, seed=1)["relu1_1"] * 2
    targets = style_statistics({"relu1_1": style}, method)

    def loss(x):
        return style_loss(style_statistics({"relu1_1": x}, method), targets, method)

    assert float(loss(start - 0.5 * gradient(loss, start))[0]) < float(loss(start)[0])


def test_style_errors_name_the_valid_choices():
    features = random_features()
    statistics = style_statistics(features)
    with pytest.raises(ValueError, match="`method` must be among gram, mean_std, sorted, patch. Received: 'grams'"):
        style_statistics(features, "grams")
    with pytest.raises(ValueError, match="`method` must be among"):
        style_loss(statistics, statistics, "grams")
    with pytest.raises(ValueError, match="`distance` must be among rooted, relative, squared. Received: 'l2'"):
        style_loss(statistics, statistics, distance="l2")
    with pytest.raises(ValueError, match="`taps` must be among relu1_1, relu2_1. Received: 'relu9_1'"):
        style_statistics(features, taps=["relu9_1"])
    with pytest.raises(ValueError, match="`targets` must be among relu1_1. Received: 'relu2_1'"):
        style_loss({"relu1_1": statistics["relu1_1"]}, statistics)
    with pytest.raises(ValueError, match="at least one tap"):
        style_loss(statistics, {})
    with pytest.raises(ValueError, match='`masks` need `method="gram"`'):
        style_statistics(features, "sorted", masks={})
    with pytest.raises(ValueError, match="`masks` must be among"):
        style_statistics(features, masks={})
    with pytest.raises(ValueError, match='`num_quantiles` needs `method="sorted"`'):
        style_statistics(features, num_quantiles=4)
    with pytest.raises(ValueError, match='`num_patches` needs `method="patch"`'):
        style_statistics(features, num_patches=4)
    with pytest.raises(ValueError, match="`method` must be one of correlation, relative, mse. Received: 'l1'"):
        content_loss(features["relu1_1"], features["relu1_1"], "l1")
    with pytest.raises(ValueError, match="`form` must be one of squared, absolute, sum. Received: 'l2'"):
        total_variation(np.zeros((1, 2, 2, 3)), "l2")


def test_total_variation_by_hand():
    # Rows (0, 1, 3) and (2, 2, 2): vertical differences 2, 1, -1; horizontal 1, 2, 0, 0.
    images = np.array([[0, 1, 3], [2, 2, 2]], "float32").reshape(1, 2, 3, 1)
    images = np.concatenate([images, np.full_like(images, 0.3)])
    np.testing.assert_allclose(total_variation(images), [6 / 3 + 5 / 4, 0], rtol=1e-6)
    np.testing.assert_allclose(total_variation(images, "absolute"), [4 / 3 + 3 / 4, 0], rtol=1e-6)
    np.testing.assert_allclose(total_variation(images, "sum"), [7, 0], rtol=1e-6)


def test_total_variation_of_one_row_and_one_pixel():
    row = np.array([0, 1, 3], "float32").reshape(1, 1, 3, 1)
    np.testing.assert_allclose(total_variation(row), [5 / 2])
    np.testing.assert_allclose(total_variation(row[:, :, :1]), [0])


def test_total_variation_sum_is_tensorflows():
    tensorflow = pytest.importorskip("tensorflow")
    images = np.random.default_rng(0).normal(size=(2, 5, 4, 3)).astype("float32")
    np.testing.assert_allclose(
        total_variation(images, "sum"), tensorflow.image.total_variation(tensorflow.constant(images)), rtol=1e-5
    )


class TestGrid:
    @staticmethod
    def noise(size=(64, 48)):
        return np.random.default_rng(0).normal(0, 0.1, (1, *size, 3)).astype("float32")

    def test_flat_pictures_and_smooth_ones_have_none(self):
        slope = np.broadcast_to(np.linspace(-1, 1, 64, dtype="float32")[None, :, None, None], (1, 64, 48, 3))
        np.testing.assert_array_equal(grid_loss(np.full((1, 64, 48, 3), 0.7, "float32")), [0])
        assert float(grid_loss(slope)[0]) < 0.05
        assert float(grid_loss(self.noise())[0]) < 0.2  # by chance

    def test_power_of_a_wave_is_its_squared_amplitude(self):
        """One wave along the columns, on noise whose power beside the line is known: the ratio by hand."""
        size, amplitude, deviation = (256, 128), 0.2, 0.1
        noise = np.random.default_rng(1).normal(0, deviation, (1, *size, 3))
        wave = amplitude * np.cos(np.pi / 2 * np.arange(256) + 0.3)[None, :, None, None]
        # Of the three bins, the middle one has the amplitude and its neighbours half of it (Hann).
        on = amplitude**2 * (1 + 2 / 4) / 3
        beside = deviation**2 * (4 / 256) ** 2 * 256 * 3 / 8
        found = grid_loss((noise + wave).astype("float32"), periods=(4,))
        np.testing.assert_allclose(found, [np.log(on / beside) / 2], rtol=0.02)

    @pytest.mark.parametrize("period", [2, 4, 8])
    @pytest.mark.parametrize("axis", [1, 2])
    def test_agrees_with_the_probe(self, period, axis):
        """The probe of `metrics` sees the same pattern, by another way."""
        noise = self.noise((128, 96))
        line = 0.04 * period * (np.arange(noise.shape[axis]) % period == 0)
        grid = noise + np.expand_dims(line, [a for a in range(4) if a != axis]).astype("float32")
        clean, marked = (float(grid_loss(images, (period,))[0]) for images in (noise, grid))
        probed = [checkerboard_energy((images[0] + 1) * 127.5, (period,)) for images in (noise, grid)]
        assert marked > clean + 0.3 and probed[1] > 2 * probed[0]

    def test_strong_texture_costs_nothing(self):
        weak, strong = (float(grid_loss(self.noise() * factor)[0]) for factor in (1, 4))
        np.testing.assert_allclose(weak, strong, rtol=0.02)

    def test_mistakes(self):
        with pytest.raises(ValueError, match="`images` must be at least 32x32. Received: 64x16"):
            grid_loss(np.zeros((1, 16, 64, 3)))
        with pytest.raises(ValueError, match="`periods` must be at least 2"):
            grid_loss(np.zeros((1, 32, 32, 3)), periods=(1,))


class TestLight:
    @staticmethod
    def photographs():
        """Patches of 14 by 12 pixels, off the cells' own grid."""
        patches = np.random.default_rng(0).uniform(-1, 1, (2, 5, 4, 3)).astype("float32")
        return patches.repeat(14, axis=1).repeat(12, axis=2)

    def test_equals_numpy_correlation_of_cells(self):
        a, b = self.photographs(), self.photographs()[::-1] ** 2

        def cells(image):
            luma = image[:64] @ np.array([0.299, 0.587, 0.114], "float32")
            return luma.reshape(4, 16, 3, 16).mean((1, 3)).ravel()

        expected = [1 - np.corrcoef(cells(x), cells(y))[0, 1] for x, y in zip(a, b, strict=True)]
        np.testing.assert_allclose(light_loss(a, b), expected, atol=1e-3)  # of the variance's epsilon

    def test_contrast_and_strokes_are_free_and_halos_are_not(self):
        a = self.photographs()
        strokes = a + 0.5 * np.tile([1, -1], 24)[None, None, :, None].astype("float32")
        np.testing.assert_allclose(light_loss(0.4 * strokes + 0.3, a), [0, 0], atol=2e-3)
        np.testing.assert_allclose(light_loss(-a, a), [2, 2], atol=2e-3)
        assert (np.asarray(light_loss(np.full_like(a, 0.5), a)) == 1).all()
        halo = np.exp(-np.square(np.linspace(-2, 2, 48, dtype="float32")))[None, None, :, None]
        weak, strong = (np.asarray(light_loss(a + height * halo, a)) for height in (0.5, 1))
        assert (weak > 0.02).all() and (strong > 1.5 * weak).all()

    def test_too_small_for_two_cells(self):
        with pytest.raises(ValueError, match="`images` must be at least 32x32. Received: 48x31"):
            light_loss(np.zeros((1, 31, 48, 3)), np.zeros((1, 31, 48, 3)))


class TestCorrelationContent:
    @staticmethod
    def features(seed):
        return np.random.default_rng(seed).normal(size=(2, 6, 5, 3)).astype("float32")

    def test_equals_numpy_correlation_of_each_channel(self):
        a, b = self.features(0), self.features(1) + 0.5 * self.features(0)
        expected = [1 - np.mean([np.corrcoef(x[..., c].ravel(), y[..., c].ravel())[0, 1] for c in range(3)])
                    for x, y in zip(a, b, strict=True)]  # fmt: skip
        np.testing.assert_allclose(content_loss(a, b, "correlation"), expected, atol=1e-4)

    def test_ignores_gain_and_offset_but_not_sign(self):
        a = self.features(0)
        np.testing.assert_allclose(content_loss(3 * a + 2, a, "correlation"), [0, 0], atol=1e-4)
        np.testing.assert_allclose(content_loss(-a, a, "correlation"), [2, 2], atol=1e-4)

    def test_a_silent_channel_gives_a_finite_loss(self):
        assert np.isfinite(content_loss(np.zeros((1, 4, 4, 2), "float32"), self.features(0)[:1, :4, :4, :2])).all()
