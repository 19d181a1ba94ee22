"""R3GAN: counts to the unit, grouped convolution in both forms, schedules."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_stylegan.layers import GroupedConv2D
from keras_stylegan.models import AveragedNetwork, CosineSchedule, NoiseToImage, PerUpdate, ScheduledAdam
from keras_stylegan.networks import R3GANCritic, R3GANGenerator
from keras_stylegan.ops.gradients import input_gradient, value_and_gradients
from keras_stylegan.ops.grouped import grouped_conv, grouped_conv_by_taps
from keras_stylegan.presets import PRESETS, get_preset
from keras_stylegan.systems.gan_networks import r3gan_networks
from keras_stylegan.systems.gans import compile_gan, training_options

# Of presets, with a number of classes: parameters of generator and critic.
COUNTS = {
    ("r3gan_cifar10", 0): (20_732_160, 20_683_776),
    ("r3gan_cifar10", 10): (20_781_952, 21_280_512),
    ("r3gan_ffhq64", 0): (22_429_824, 22_381_440),
    ("r3gan_ffhq256", 0): (23_057_952, 23_009_568),
    ("r3gan_imagenet32", 1000): (82_914_304, 86_548_992),
    ("r3gan_imagenet64", 1000): (103_570_432, 107_205_120),
}


@pytest.mark.parametrize("case", COUNTS)
def test_parameter_counts_to_the_unit(case):
    name, num_classes = case
    assert (PRESETS[name].classes == "all") == (num_classes == 1000)
    counts = []
    for network in r3gan_networks(PRESETS[name], num_classes):
        # No numbers are needed to count them.
        with keras.StatelessScope(initialize_variables=False):
            network.build()
        counts.append(sum(int(np.prod(variable.shape)) for variable in network.trainable_variables))
    assert tuple(counts) == COUNTS[case]


def test_both_forms_of_grouped_convolution_are_equal_with_their_gradients():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(2, 5, 4, 6)).astype("float32")
    kernel = keras.Variable(rng.normal(size=(3, 3, 2, 6)).astype("float32"))
    results = []
    for convolve in (grouped_conv, grouped_conv_by_taps):

        def loss(convolve=convolve):
            def score(x):
                return ops.sum(ops.square(convolve(x, ops.convert_to_tensor(kernel))), axis=(1, 2, 3))

            outputs, slopes = input_gradient(score, features)
            return ops.sum(ops.square(slopes)), (outputs, slopes)

        total, (outputs, slopes), (gradient,) = value_and_gradients(loss, [kernel])
        results.append([convolve(features, kernel.value), total, outputs, slopes, gradient])
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=2e-4, atol=1e-3)


def test_the_fallback_differentiates_in_float64():
    layer = GroupedConv2D(2, dtype="float64")
    layer.build((None, None, None, 4))
    features = np.random.default_rng(0).normal(size=(1, 4, 4, 4))
    _, slopes = input_gradient(lambda x: ops.sum(ops.square(layer(x)), axis=(1, 2, 3)), features)
    shift = np.zeros_like(features)
    shift[0, 1, 2, 3] = 1e-5
    values = [float(ops.sum(ops.square(layer(features + sign * shift)))) for sign in (1, -1)]
    assert float(slopes[0, 1, 2, 3]) == pytest.approx((values[0] - values[1]) / 2e-5, rel=1e-6)


def test_groups_are_checked():
    for options, message in (
        ({"group_width": 0}, "`group_width` must be positive. Received: group_width=0"),
        ({"form": "fast"}, "`form` must be one of auto, grouped, taps. Received: form='fast'"),
    ):
        with pytest.raises(ValueError, match=message):
            GroupedConv2D(**options)
    with pytest.raises(ValueError, match="`group_width` must divide the channels. Received: group_width=3, channels=4"):
        GroupedConv2D(3).build((None, None, None, 4))


def test_a_new_network_is_the_identity_of_its_blocks():
    """W3 starts at 0: pictures come from basis and resampling alone, of about unit size."""
    keras.utils.set_random_seed(0)
    generator = R3GANGenerator((16, 16), latent_dim=32, filters=32, max_filters=32)
    pictures = np.array(generator(np.random.default_rng(0).normal(size=(8, 32)).astype("float32")))
    assert 0.3 < pictures.std() < 3
    block = generator.stages[0][0]
    features = np.random.default_rng(1).normal(size=(1, 4, 4, 32)).astype("float32")
    np.testing.assert_array_equal(np.array(block(features)), features)
    # The branch before W3 keeps the variance, but for the fourth root of the depth: (1 / 6) ** (1 / 2) over two layers.
    x = ops.leaky_relu(block.grouped(ops.leaky_relu(block.expand(features), 0.2)), 0.2)
    assert np.mean(np.square(x)) == pytest.approx(6**-1.0, rel=0.4)


# Schedules


def test_cosine_schedule_by_hand():
    schedule = CosineSchedule(2.0, 0.2, kimg=20.0)
    found = [float(schedule(images)) for images in (0, 5_000, 10_000, 20_000, 50_000)]
    np.testing.assert_allclose(found, [2.0, 0.2 + 1.8 * (1 + 0.5**0.5) / 2, 1.1, 0.2, 0.2], rtol=1e-5)
    with pytest.raises(ValueError, match="`kimg` must be positive. Received: kimg=0"):
        CosineSchedule(1.0, 0.0, kimg=0)


def test_scheduled_adam_equals_the_formula():
    beta = PerUpdate(CosineSchedule(0.9, 0.5, kimg=0.002), images=1)
    optimizer = ScheduledAdam(beta_2=beta, learning_rate=0.1, beta_1=0.0, epsilon=0.0)
    variable = keras.Variable([1.0])
    optimizer.build([variable])
    value, velocity = 1.0, 0.0
    for step, gradient in enumerate((3.0, 1.0, -2.0)):
        optimizer.apply([ops.convert_to_tensor([gradient])], [variable])
        beta_2 = [0.9, 0.7, 0.5][step]
        velocity = beta_2 * velocity + (1 - beta_2) * gradient**2
        value -= 0.1 * gradient / (velocity / (1 - beta_2 ** (step + 1))) ** 0.5
        np.testing.assert_allclose(np.array(variable), [value], rtol=1e-5)
    copy = ScheduledAdam.from_config(optimizer.get_config())
    assert float(copy.beta_2) == pytest.approx(0.9) and copy.get_config() == optimizer.get_config()


def test_the_average_follows_a_scheduled_half_life():
    network = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    average = AveragedNetwork(network, CosineSchedule(0.0, 2.0, kimg=1.0))
    assert float(average.decay(500, 0)) == 0.0
    assert float(average.decay(500, 500)) == pytest.approx(0.5**0.5)
    assert float(average.decay(500, 9000)) == pytest.approx(0.5**0.25)


def test_presets_hold_the_published_schedules():
    generator, critic = (kind((8, 8), filters=16, max_filters=16) for kind in (R3GANGenerator, R3GANCritic))
    generator.build()
    critic.build()
    preset = PRESETS["r3gan_cifar10"]
    model = NoiseToImage(generator, critic, **training_options(preset))
    compile_gan(model, preset)
    for optimizer in model.optimizers.values():
        assert float(optimizer.learning_rate) == pytest.approx(2e-4) and optimizer.beta_1 == 0.0
        optimizer.iterations.assign(20_000_000 // 512 + 1)
        assert float(optimizer.learning_rate) == pytest.approx(5e-5) and float(optimizer.beta_2) == pytest.approx(0.99)
    assert float(model.weight("r2")) == pytest.approx(0.05)
    model.images_seen.assign(10_000_000)
    assert float(model.weight("r1")) == pytest.approx(0.0275)
    # Halfway through the schedule the augmentation has half of its probability; colours have half of that.
    for images in (0, 10_000_000, 20_000_000):
        model.images_seen.assign(images)
        model.observe(np.zeros((1, 1), "float32"), np.zeros((1, 1), "float32"))
        expected = 0.55 * images / 20_000_000
        assert float(model.augment.probability) == pytest.approx(expected, abs=1e-6)
    assert model.augment.operations == {"blit": 1.0, "geometry": 1.0, "colour": 0.5, "corruption": 1.0}
    final = {name: get_preset(f"r3gan_{name}").augment_probability for name in ("ffhq64", "imagenet32", "imagenet64")}
    assert final == {"ffhq64": 0.3, "imagenet32": 0.5, "imagenet64": 0.4}
    # 0.5 ** (512 / 5e6), the paper's 0.9999.
    assert float(model._training.average.decay(512, 20_000_000)) == pytest.approx(0.99993, abs=1e-5)
