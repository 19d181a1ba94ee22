"""The augmentation layers and the controller of their probability."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_stylegan.layers import AdaptiveAugmentation, DiffAugment
from keras_stylegan.layers.adaptive_augmentation import GROUPS, OPERATIONS
from keras_stylegan.losses import adversarial_loss, r1_penalty
from keras_stylegan.models import AdversarialModel, CosineSchedule, Player, Regularizer
from keras_stylegan.ops.gradients import input_gradient


def noise(*shape, seed=1):
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype("float32")


def always(*operations, **options):
    return AdaptiveAugmentation(operations, initial=1.0, limit=1.0, seed=4, **options)


def applied(layer, images):
    return ops.convert_to_numpy(layer(images, training=True))


# What the operations do


def test_probability_zero_is_the_identity_to_the_bit():
    images = noise(5, 12, 17, 3)
    np.testing.assert_array_equal(applied(AdaptiveAugmentation(seed=1), images), images)
    np.testing.assert_array_equal(applied(AdaptiveAugmentation(seed=1), images[..., :1]), images[..., :1])
    np.testing.assert_array_equal(always("colour")(images), images)
    np.testing.assert_array_equal(DiffAugment()(images), images)


def test_flip():
    image = noise(1, 6, 8, 3)
    outputs = applied(always("flip"), np.repeat(image, 400, 0))
    flipped = (outputs == image[:, :, ::-1]).all((1, 2, 3))
    assert ((outputs == image).all((1, 2, 3)) != flipped).all()
    assert 160 < flipped.sum() < 240


def test_quarter_turn():
    square, wide = noise(1, 6, 6, 3), noise(1, 6, 8, 3)
    outputs = applied(always("quarter_turn"), np.repeat(square, 400, 0))
    turns = np.stack([(outputs == np.rot90(square[0], k)).all((1, 2, 3)) for k in range(4)])
    assert (turns.sum(0) == 1).all() and (turns.sum(1) > 70).all()
    outputs = applied(always("quarter_turn"), np.repeat(wide, 400, 0))
    turns = np.stack([(outputs == np.rot90(wide[0], k)).all((1, 2, 3)) for k in (0, 2)])
    assert (turns.sum(0) == 1).all() and (turns.sum(1) > 160).all()


def place_of(output, padded):
    """Where in the padded picture the output was taken from; it must be one place."""
    height, width, _ = output.shape
    offsets = np.ndindex(padded.shape[0] - height + 1, padded.shape[1] - width + 1)
    (place,) = [(y, x) for y, x in offsets if np.array_equal(output, padded[y : y + height, x : x + width])]
    return place


def test_translate_moves_by_whole_pixels_into_reflections():
    image = noise(1, 16, 24, 3)
    padded = np.pad(image[0], ((2, 2), (3, 3), (0, 0)), mode="reflect")
    seen = np.zeros((5, 7))
    for output in applied(always("translate"), np.repeat(image, 600, 0)):
        seen[place_of(output, padded)] += 1
    # Rounded uniform numbers: the outermost shifts have half the share of the others.
    np.testing.assert_allclose(seen.sum(1) / 600, [1 / 8, 1 / 4, 1 / 4, 1 / 4, 1 / 8], atol=0.06)
    np.testing.assert_allclose(seen.sum(0) / 600, [1 / 12, *[1 / 6] * 5, 1 / 12], atol=0.06)


def blob(x=0.0, y=0.0, width=3.0, size=48, count=1000):
    axis = np.arange(size) - (size - 1) / 2
    image = np.exp(-((axis[None] - x) ** 2 + (axis[:, None] - y) ** 2) / (2 * width**2)).astype("float32")
    return np.repeat(image[None, :, :, None], count, 0)


def moments(images):
    """Centre and spread along x and y of each image."""
    axis = np.arange(images.shape[1]) - (images.shape[1] - 1) / 2
    mass = images[..., 0] / images.sum((1, 2, 3))[:, None, None]
    centre = np.stack([(mass.sum(1) * axis).sum(1), (mass.sum(2) * axis).sum(1)], 1)
    square = np.stack([(mass.sum(1) * axis**2).sum(1), (mass.sum(2) * axis**2).sum(1)], 1)
    return centre, np.sqrt(square - centre**2)


def test_scale_and_stretch():
    for name, correlation in (("scale", 1), ("stretch", -1)):
        centre, spread = moments(applied(always(name), blob()))
        octaves = np.log2(spread / 3.0)
        assert np.abs(centre).max() < 0.05
        np.testing.assert_allclose(octaves.std(0), 0.2, atol=0.02)
        np.testing.assert_allclose(octaves.mean(0), 0.0, atol=0.03)
        whole = np.abs(octaves).max(1) < 0.5  # made smaller still, the blob's reflections come into sight
        np.testing.assert_allclose(octaves[whole, 1], correlation * octaves[whole, 0], atol=0.05)


def test_rotate_is_uniform_and_keeps_distances():
    centre, spread = moments(applied(always("rotate"), blob(x=5.0)))
    np.testing.assert_allclose(np.hypot(*centre.T), 5.0, atol=0.1)
    assert np.histogram(np.arctan2(*centre.T), 4, (-np.pi, np.pi))[0].min() > 200
    np.testing.assert_allclose(spread, 3.0, atol=0.1)


def test_shift_is_normal():
    centre, _ = moments(applied(always("shift"), blob(width=1.0, size=64)))
    near = np.abs(centre) < 16  # two deviations: farther ones meet their reflections
    assert 0.93 < near.mean() < 0.975
    np.testing.assert_allclose(np.median(np.abs(centre), axis=0), 0.6745 * 8, rtol=0.08)
    assert np.abs(centre % 1).std() > 0.2  # not by whole pixels


def test_colour_operations():
    pixels = np.repeat(noise(1, 1, 1, 3), 4000, 0)
    pixel, grey = pixels[0, 0, 0].astype("float64"), pixels[0].mean()
    outputs = {name: applied(always(name), pixels)[:, 0, 0].astype("float64") for name in GROUPS["colour"]}
    added = outputs["brightness"] - pixel
    np.testing.assert_allclose(added, added[:, :1] * np.ones(3), atol=1e-6)
    assert added.std() == pytest.approx(0.2, rel=0.05) and abs(added.mean()) < 0.015
    octaves = np.log2(outputs["contrast"] / pixel)
    np.testing.assert_allclose(octaves, octaves[:, :1] * np.ones(3), atol=1e-4)
    assert octaves.std() == pytest.approx(0.5, rel=0.05)
    flipped = np.isclose(outputs["luma_flip"], pixel - 2 * grey, atol=1e-6).all(1)
    assert (flipped != np.isclose(outputs["luma_flip"], pixel, atol=1e-6).all(1)).all()
    assert 0.46 < flipped.mean() < 0.54
    np.testing.assert_allclose(outputs["hue"].mean(1), grey, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(outputs["hue"], axis=1), np.linalg.norm(pixel), rtol=1e-5)
    np.testing.assert_allclose(outputs["hue"].mean(0), grey, atol=0.03)
    ratios = (outputs["saturation"] - grey) / (pixel - grey)
    np.testing.assert_allclose(ratios, ratios[:, :1] * np.ones(3), rtol=1e-3)
    assert np.log2(ratios[:, 0]).std() == pytest.approx(1.0, rel=0.05)


def test_operations_come_in_their_order(monkeypatch):
    def uniform(shape, low=0.0, high=1.0, **_):
        return ops.full(shape, low + 0.75 * (high - low))

    monkeypatch.setattr(keras.random, "uniform", uniform)
    monkeypatch.setattr(keras.random, "normal", lambda shape, stddev, **_: ops.full(shape, stddev))
    # By 1/16 of a side to the right and down, then twice by a quarter turn.
    centre, _ = moments(applied(always("rotate", "translate"), blob(size=32, count=1)))
    np.testing.assert_allclose(centre, [[-2, -2]], atol=0.02)
    outputs = applied(always("luma_flip", "contrast", "brightness"), np.full((1, 2, 2, 3), 0.3, "float32"))
    np.testing.assert_allclose(outputs, -(0.3 + 0.2) * 2**0.5, rtol=1e-5)


# How often


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_strikes_with_the_probability(name):
    image = noise(1, 16, 16, 3)
    outputs = applied(AdaptiveAugmentation([name], initial=0.3, seed=2), np.repeat(image, 2000, 0))
    changed = (np.abs(outputs - image) > 1e-6).any((1, 2, 3)).mean()
    # Half of the flips do nothing, one of four quarter turns, and one of 4 x 4 translations (0 has the width of one
    # pixel in 4 on either axis).
    effective = {"flip": 1 / 2, "luma_flip": 1 / 2, "quarter_turn": 3 / 4, "translate": 15 / 16}.get(name, 1.0)
    assert changed == pytest.approx(0.3 * effective, abs=0.035)


def test_coins_are_independent():
    pixel = noise(1, 1, 1, 3)
    outputs = applied(AdaptiveAugmentation(("brightness", "saturation"), initial=0.5), np.repeat(pixel, 4000, 0))
    difference = outputs[:, 0, 0] - pixel[0, 0]
    brighter = np.abs(difference.mean(1)) > 1e-6
    saturated = np.abs(difference - difference.mean(1, keepdims=True)).max(1) > 1e-6
    assert (brighter & saturated).mean() == pytest.approx(0.25, abs=0.03)


def test_a_seed_repeats_and_calls_differ():
    images = noise(4, 8, 8, 3)
    one, other = always("blit", "geometry", "colour"), always("blit", "geometry", "colour")
    first = applied(one, images)
    np.testing.assert_array_equal(applied(other, images), first)
    assert np.abs(applied(one, images) - first).max() > 0.1
    assert np.abs(first - images).max((1, 2, 3)).min() > 0.01  # each image its own
    assert len({round(float(x), 4) for x in applied(always("brightness"), images[:1].repeat(4, 0))[:, 0, 0, 0]}) == 4


# DiffAugment


def test_diff_augment_colour():
    images = np.repeat(noise(1, 2, 2, 3), 4000, 0)
    outputs = applied(DiffAugment(["colour"], seed=1), images).astype("float64")
    image = images[0].astype("float64")
    offset = outputs.mean((1, 2, 3)) - image.mean()
    assert -0.5 <= offset.min() < -0.48 and 0.48 < offset.max() <= 0.5 and abs(offset.mean()) < 0.02
    grey = outputs.mean(-1)
    contrast = (grey[:, 0, 0] - grey[:, 1, 1]) / (image.mean(-1)[0, 0] - image.mean(-1)[1, 1])
    assert 0.5 <= contrast.min() < 0.52 and 1.48 < contrast.max() <= 1.501
    chroma = (outputs - grey[..., None])[:, 0, 0, 0] / (image - image.mean(-1, keepdims=True))[0, 0, 0]
    assert 0 <= (chroma / contrast).min() < 0.02 and 1.98 < (chroma / contrast).max() <= 2.001


def test_diff_augment_translation():
    image = 2.0 + noise(1, 16, 24, 3)
    padded = np.pad(image[0], ((2, 2), (3, 3), (0, 0)))
    seen = np.zeros((5, 7))
    for output in applied(DiffAugment(["translation"], seed=1), np.repeat(image, 700, 0)):
        seen[place_of(output, padded)] += 1
    assert seen.min() > 5 and seen.max() < 40  # 20 each


def test_diff_augment_cutout():
    images = np.ones((800, 9, 8, 3), "float32")
    holes = applied(DiffAugment(["cutout"], seed=1), images)[..., 0] == 0
    rows, columns = holes.any(2), holes.any(1)
    assert (holes == (rows[:, :, None] & columns[:, None, :])).all()  # rectangles
    assert set(rows.sum(1)) == {3, 4, 5} and set(columns.sum(1)) == {2, 3, 4}
    assert 0.2 < holes[:, 4, 4].mean() / holes.mean() - 1 < 1.0  # the middle is hidden more often
    assert holes.any((1, 2)).all() and holes.mean(0).min() > 0.1


# The controller


def observed(layer, *batches):
    for logits in batches:
        layer.observe(np.array(logits, "float32"))
    return float(ops.convert_to_numpy(layer.probability))


def test_steps_of_the_controller():
    layer = AdaptiveAugmentation(speed_kimg=0.1, interval=2, limit=0.1)
    assert observed(layer, [1, 2, 3, 4]) == 0  # an interval is two updates
    assert observed(layer, [1, 2, 3, -4]) == pytest.approx(8 / 100)
    assert float(layer.sign_rate.numpy()) == pytest.approx(6 / 8)
    assert observed(layer, [5, 5, 5, 5], [5, 5, 5, 5]) == pytest.approx(0.1)  # the bound above
    assert observed(layer, [1, 1, 1, -1], [1, 1, 1, -1]) == pytest.approx(0.02)  # r = 0.5 is below the target
    assert observed(layer, [-1] * 4, [-1] * 4) == 0  # the bound below
    assert observed(layer, [np.nan] * 4, [np.nan, 1, 1, 1]) == 0
    assert float(layer.sign_rate.numpy()) == pytest.approx(3 / 8)
    assert observed(layer, np.ones((4, 2, 2, 1)), np.ones((4, 2, 2, 1))) == pytest.approx(0.08)  # images, not logits
    assert observed(AdaptiveAugmentation(target=None, initial=0.2), *[[9, 9]] * 9) == pytest.approx(0.2)


def test_p_follows_a_schedule_over_the_images_seen():
    layer = AdaptiveAugmentation({"flip": 1.0}, target=None, schedule=CosineSchedule(0.0, 0.8, 0.008))
    for images, probability in ((0, 0.0), (4, 0.4), (8, 0.8), (80, 0.8)):
        layer.observe(np.full(4, -9.0, "float32"), images)  # whatever the logits are
        assert float(layer.probability) == pytest.approx(probability)
    assert list(layer.signals()) == ["augment/probability"]
    copy = AdaptiveAugmentation.from_config(layer.get_config())
    assert copy.operations == {"flip": 1.0} and float(copy.schedule(4)) == pytest.approx(0.4)
    bounded = AdaptiveAugmentation(schedule=CosineSchedule(0.0, 1.0, 0.001), limit=0.3)
    bounded.observe(np.ones(4, "float32"), 1000)
    assert float(bounded.probability) == pytest.approx(0.3)


def test_operations_have_shares_of_p():
    image = noise(1, 6, 8, 3)
    layer = AdaptiveAugmentation({"translate": 1.0, "colour": 0.25}, target=None, initial=0.8, limit=1.0, seed=2)
    outputs = applied(layer, np.repeat(image, 3000, 0))
    kept = np.sort(outputs.reshape(3000, -1)) - np.sort(image.reshape(1, -1))
    unchanged = np.abs(kept).max(axis=1) < 1e-6  # in their colours: of five operations each strikes one in five
    assert (1 - 0.2) ** 5 * 0.2 < unchanged.mean() < (1 - 0.2) ** 4


def test_cutout_sets_a_rectangle_to_zero():
    outputs = applied(always("cutout"), np.ones((500, 8, 12, 3), "float32"))
    assert set(np.unique(outputs)) == {0.0, 1.0}
    holes = (outputs == 0).all(axis=3)
    for hole in holes:
        rows, columns = np.flatnonzero(hole.any(1)), np.flatnonzero(hole.any(0))
        assert hole.sum() == len(rows) * len(columns)  # one rectangle
        assert 2 <= len(rows) <= 4 and 3 <= len(columns) <= 6  # half of the sides, at most half of it outside
    assert holes.sum(axis=(1, 2)).max() == 24 and holes.any(axis=0).all()
    some = applied(AdaptiveAugmentation(["corruption"], initial=0.3, seed=2), np.ones((2000, 4, 4, 1), "float32"))
    assert 0.26 < (some.min(axis=(1, 2, 3)) == 0).mean() < 0.34


class AugmentedGAN(AdversarialModel):
    """A critic of fixed pictures against pictures of the same kind; the generator is a bystander."""

    def __init__(self, augment, r1=False, **kwargs):
        super().__init__(seed=1, **kwargs)
        self.augment = augment
        self.regularizers = [Regularizer("r1", self.r1)] if r1 else []
        self.generator = keras.Sequential([keras.Input((6, 6, 3)), keras.layers.Conv2D(3, 1)])
        layers = [keras.layers.Flatten(), keras.layers.Dense(64, activation="relu"), keras.layers.Dense(1)]
        self.critic = keras.Sequential([keras.Input((6, 6, 3)), *layers])
        self.pair = adversarial_loss("non_saturating")

    def score(self, images):
        return self.critic(self.augment(images, training=True))

    def players(self):
        return [
            Player("critic", [self.critic], self.lose_critic, regularizers=self.regularizers),
            Player("generator", [self.generator], self.lose_generator),
        ]

    def signals(self):
        return self.augment.signals()

    def lose_critic(self, batch):
        real = self.score(batch["images"])
        self.augment.observe(real)
        return {"adversarial": self.pair.discriminator(real, self.score(batch["fakes"]))}

    def r1(self, batch):
        return r1_penalty(input_gradient(self.score, batch["images"])[1], gamma=0.001)

    def lose_generator(self, batch):
        return {"adversarial": self.pair.generator(None, self.score(self.generator(batch["fakes"])))}


def compiled(augment, **options):
    keras.utils.set_random_seed(0)
    gan = AugmentedGAN(augment, **options)
    gan.compile({"critic": keras.optimizers.Adam(0.01), "generator": keras.optimizers.SGD(0.0)})
    return gan


def test_p_rises_on_an_overfitting_critic_and_falls_otherwise():
    """Real and generated pictures have the same distribution, so that only memory can tell them apart."""
    rng = np.random.default_rng(0)
    gan = compiled(AdaptiveAugmentation(("colour",), initial=0.3, speed_kimg=4.0, seed=1))
    step, few = gan.make_step(), rng.uniform(-1, 1, (16, 6, 6, 3)).astype("float32")

    def train(steps, draw):
        fakes = [rng.uniform(-1, 1, (16, 6, 6, 3)).astype("float32") for _ in range(steps)]
        return [step({"images": draw(), "fakes": fake}) for fake in fakes][-1]

    memorised = train(100, lambda: few)
    assert memorised["augment/sign_rate"] > 0.6 and memorised["augment/probability"] > 0.45
    fresh = train(60, lambda: rng.uniform(-1, 1, (16, 6, 6, 3)).astype("float32"))
    assert fresh["augment/sign_rate"] < 0.4
    assert fresh["augment/probability"] < memorised["augment/probability"] - 0.15


def test_checkpoints_hold_p_and_a_resumed_run_equals_an_undisturbed_one():
    def run(seed):
        augment = AdaptiveAugmentation(("flip", "contrast"), initial=0.5, speed_kimg=0.1, interval=5, seed=seed)
        return compiled(augment, r1=True)

    def state(gan):
        return {name: ops.convert_to_numpy(ops.copy(v.value)) for name, v in gan.state_variables().items()}

    batch = {"images": noise(4, 6, 6, 3), "fakes": noise(4, 6, 6, 3, seed=2)}
    undisturbed, resumed = run(3), run(9)
    step = undisturbed.make_step()
    for _ in range(4):  # within an interval
        step(batch)
    saved = state(undisturbed)
    logs = [step(batch) for _ in range(2)][-1]
    assert abs(logs["augment/probability"] - 0.5) == pytest.approx(0.2) and logs["augment/sign_rate"] != 0
    for name, variable in resumed.state_variables().items():
        variable.assign(saved[name])
    step = resumed.make_step()
    assert [step(batch) for _ in range(2)][-1] == logs
    for name, value in state(resumed).items():
        np.testing.assert_array_equal(value, state(undisturbed)[name], err_msg=name)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: AdaptiveAugmentation("flip"), "`operations` must be a sequence of names among blit.*'flip'"),
        (lambda: AdaptiveAugmentation(["twirl"]), r"`operations` must be .*Received: operations=\['twirl'\]"),
        (lambda: AdaptiveAugmentation({"flip": 0.0}), "`operations` must have shares above 0, at most 1. Received"),
        (lambda: AdaptiveAugmentation(target=1.0), "`target` must be None or between -1 and 1. Received: target=1.0"),
        (lambda: AdaptiveAugmentation(limit=1.5), "`limit` must be above 0 and at most 1. Received: limit=1.5"),
        (lambda: AdaptiveAugmentation(initial=0.9), "`initial` must be from 0 to `limit`=0.85. Received: initial=0.9"),
        (lambda: AdaptiveAugmentation(speed_kimg=0), "`speed_kimg` must be positive. Received: speed_kimg=0"),
        (lambda: AdaptiveAugmentation(interval=0), "`interval` must be at least 1. Received: interval=0"),
        (lambda: always("hue")(noise(1, 2, 2, 4), training=True), "`images` must have 1 or 3 channels. Received.*4"),
        (lambda: DiffAugment(["color"]), r"`policies` must be a sequence of names among colour.*\['color'\]"),
    ],
)
def test_layers_refuse(make, message):
    with pytest.raises(ValueError, match=message):
        make()
