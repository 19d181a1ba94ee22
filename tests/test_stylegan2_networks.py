"""StyleGAN2's networks: sizes to the unit, against the grouped form, and what mixing, truncation and noise do."""

import re

import keras
import numpy as np
import pytest
from grouped_convolutions import grouped_form
from keras import ops

from keras_stylegan.layers import EqualizedConv2D, EqualizedDense, MappingNetwork, MinibatchStddev
from keras_stylegan.networks import StyleGAN2Critic, StyleGAN2Generator, stages
from keras_stylegan.ops.gradients import value_and_gradients

RNG = np.random.default_rng(2)


def numpy(x):
    return ops.convert_to_numpy(ops.copy(x.value) if isinstance(x, keras.Variable) else x)


def randomized(network):
    """Built, with weights of which none is zero."""
    network.build()
    rng = np.random.default_rng(1)
    for variable in network.weights:
        variable.assign(variable + rng.normal(0, 0.3, variable.shape))
    return network


def generator(**kwargs):
    arguments = {"size": (8, 12), "channel_base": 32, "channel_max": 6, "latent_dim": 5, "style_dim": 7}
    return randomized(StyleGAN2Generator(**{**arguments, **kwargs}))


def critic(**kwargs):
    return randomized(StyleGAN2Critic(**{"size": (8, 12), "channel_base": 32, "channel_max": 6, **kwargs}))


# Parameter counts of NVIDIA's configurations, worked out from its layers' formulas: size, channel base, layers of the
# mapping, classes, generator, critic.
COUNTS = [
    (1024, 32768, 8, 0, 30_370_060, 29_012_513),
    (512, 32768, 8, 0, 30_276_583, 28_982_849),
    (512, 32768, 2, 0, 28_700_647, 28_982_849),
    (256, 32768, 8, 0, 30_034_338, 28_864_129),
    (256, 16384, 8, 0, 24_767_458, 24_001_089),
    (256, 16384, 2, 0, 23_191_522, 24_001_089),
    (128, 16384, 2, 0, 22_949_277, 23_882_369),
    (64, 16384, 2, 0, 22_243_608, 23_407_361),
    (32, 32768, 2, 0, 19_947_539, 20_720_641),
    (32, 32768, 2, 10, 20_215_315, 21_513_728),
]


@pytest.mark.parametrize("row", COUNTS, ids=str)
def test_parameter_counts(row, monkeypatch):
    size, base, mapping, classes, *expected = row
    # Only shapes count here, and drawing 50 million numbers takes its time.
    monkeypatch.setattr(keras.initializers, "RandomNormal", lambda stddev: keras.initializers.Zeros())
    shared = {"size": (size, size), "channel_base": base, "mapping_layers": mapping, "num_classes": classes}
    networks = StyleGAN2Generator(**shared), StyleGAN2Critic(**shared, residual=size > 32)
    for network in networks:
        network.build()
    counts = [sum(int(np.prod(v.shape)) for v in network.trainable_variables) for network in networks]
    assert counts == expected
    assert networks[0].num_styles == 2 * int(np.log2(size)) - 2


def test_synthesis_equals_the_grouped_form_in_values_and_gradients():
    net = generator(size=(16, 24), channels=4)
    latents = RNG.normal(size=(3, 5)).astype("float32")
    noise = RNG.normal(size=(3, net.noise_size)).astype("float32")
    direction = RNG.normal(size=(3, 16, 24, 4)).astype("float32")

    def evaluate():
        def loss():
            pictures = net(latents, noise=noise)
            return ops.sum(pictures * direction), pictures

        _, pictures, gradients = value_and_gradients(loss, net.trainable_variables)
        return [numpy(x) for x in (pictures, *gradients)]

    ours = evaluate()
    with grouped_form():
        theirs = evaluate()
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-5 * max(1.0, np.abs(other).max()))
    assert np.abs(ours[0]).std() > 0.1 and all(np.abs(gradient).max() > 0 for gradient in ours[1:])


def test_a_style_is_its_own_image_s_alone():
    """A shared convolution must not mix the images: what one has for style does not reach another."""
    net = generator()
    styles = RNG.normal(size=(2, net.num_styles, 7)).astype("float32")
    other = styles.copy()
    other[1] += 1
    one, two = (numpy(net.synthesize(s)) for s in (styles, other))
    np.testing.assert_array_equal(one[0], two[0])
    assert np.abs(one[1] - two[1]).max() > 1e-2


def test_output_does_not_grow_with_the_style():
    """Demodulation: the first convolution forgets the length of its style."""
    layer = generator().blocks[0][0]
    x = RNG.normal(size=(1, 4, 6, 6)).astype("float32")
    layer.affine.bias.assign(ops.zeros_like(layer.affine.bias))
    style, noise = RNG.normal(size=(1, 7)).astype("float32"), np.zeros((1, 4, 6, 1), "float32")
    np.testing.assert_allclose(numpy(layer(x, style, noise)), numpy(layer(x, 9 * style, noise)), rtol=1e-4, atol=1e-4)


def test_layers_before_the_cutoff_get_the_first_style():
    net = generator()
    first, second = RNG.normal(size=(2, 3, 7)).astype("float32")
    mixed = numpy(net.mix(first, second, ops.convert_to_tensor([0, 3, net.num_styles])))
    assert mixed.shape == (3, net.num_styles, 7)
    np.testing.assert_array_equal(mixed[0], np.tile(second[0], (net.num_styles, 1)))
    np.testing.assert_array_equal(mixed[1], [*np.tile(first[1], (3, 1)), *np.tile(second[1], (net.num_styles - 3, 1))])
    np.testing.assert_array_equal(mixed[2], np.tile(first[2], (net.num_styles, 1)))


def test_cutoffs_mix_as_often_as_the_probability_says():
    net = StyleGAN2Generator((8, 8))
    drawn = {share: numpy(net.draw_cutoffs(1000, share, 5)) for share in (0.0, 0.8, 0.9, 1.0)}
    mixed = {share: np.mean(cutoff < net.num_styles) for share, cutoff in drawn.items()}
    assert mixed[0.0] == 0 and mixed[1.0] == 1
    assert mixed[0.8] == pytest.approx(0.8, abs=0.05) and mixed[0.8] < mixed[0.9] < 1
    assert set(drawn[1.0]) == set(range(1, net.num_styles)) and set(drawn[0.0]) == {net.num_styles}


@pytest.mark.parametrize("num_classes", [0, 3])
def test_truncation_draws_towards_the_mean_style_of_the_class(num_classes):
    net = generator(num_classes=num_classes)
    latents = RNG.normal(size=(2, 5)).astype("float32")
    labels = np.eye(3, dtype="float32")[[2, 0]] if num_classes else None
    w = numpy(net.map_latents(latents, labels))
    mean = numpy(net.mean_styles)[[2, 0] if num_classes else [0, 0]]
    np.testing.assert_allclose(numpy(net.truncate(w, labels, 0.7)), mean + 0.7 * (w - mean), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(numpy(net.truncate(w, labels, np.float32([0, 1]))), [mean[0], w[1]], rtol=1e-5)
    pictures = numpy(net(latents, labels, truncation=0.0))
    if not num_classes:
        np.testing.assert_allclose(pictures[0], pictures[1], atol=1e-5)
    whole = numpy(net(latents, labels, truncation=1.0))
    np.testing.assert_allclose(whole, numpy(net.synthesize(net.broadcast(w))), atol=1e-5)


def test_mean_styles_follow_their_classes():
    net = generator(num_classes=3)
    before = numpy(net.mean_styles)
    w = RNG.normal(size=(3, 7)).astype("float32")
    net.update_mean_styles(w, np.eye(3, dtype="float32")[[1, 1, 2]], decay=0.9)
    after = numpy(net.mean_styles)
    np.testing.assert_array_equal(after[0], before[0])
    np.testing.assert_allclose(after[1], 0.9 * before[1] + 0.1 * w[:2].mean(axis=0), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(after[2], 0.9 * before[2] + 0.1 * w[2], rtol=1e-5, atol=1e-6)


def test_a_generator_grows_from_smaller_ones_of_its_base_alone():
    net = generator()
    before = [numpy(weight) for weight in net.weights]
    for size in ((8, 12), (16, 24), (4, 4)):
        net.grow_from(generator(size=size))
    for weight, value in zip(net.weights, before, strict=True):
        np.testing.assert_array_equal(numpy(weight), value)
    smaller = generator(size=(4, 6))
    net.grow_from(smaller)
    assert not numpy(net.blocks[1][-1].kernel).any() and numpy(net.blocks[0][-1].kernel).all()
    np.testing.assert_array_equal(numpy(net.constant_noise)[:, :24], numpy(smaller.constant_noise))


def test_noise():
    net = generator()
    latents = RNG.normal(size=(2, 5)).astype("float32")
    constant = numpy(net(latents))
    np.testing.assert_array_equal(numpy(net(latents)), constant)
    given = np.tile(numpy(net.constant_noise), (2, 1))
    np.testing.assert_allclose(numpy(net(latents, noise=given)), constant, atol=1e-5)
    none = numpy(net(latents, noise=np.zeros_like(given)))
    assert np.abs(none - constant).mean() > 1e-2
    assert net.noise_shapes == [(4, 6), (8, 12), (8, 12)] and net.noise_size == 24 + 2 * 96


def test_equalized_gain():
    """Unit inputs give unit outputs, whatever the fan-in; the multiplier only changes how weights are stored."""
    x = RNG.normal(size=(64, 400)).astype("float32")
    for multiplier in (1.0, 0.01):
        layer = EqualizedDense(300, gain=3.0, learning_rate_multiplier=multiplier, initial_bias=0.5)
        outputs = numpy(layer(x))
        assert outputs.std() == pytest.approx(3.0, rel=0.05) and outputs.mean() == pytest.approx(1.5, abs=0.05)
        assert numpy(layer.kernel).std() == pytest.approx(1 / multiplier, rel=0.05)
    images = RNG.normal(size=(2, 16, 16, 32)).astype("float32")
    assert numpy(EqualizedConv2D(64)(images)).std() == pytest.approx(1.0, rel=0.1)  # less at the border
    activated = EqualizedConv2D(5, activation="leaky_relu", gain=2.0)
    plain = EqualizedConv2D(5)
    plain.build((None, None, None, 32))
    activated(images)
    activated.bias.assign([1.0, -1.0, 0.5, 2.0, -2.0])
    plain.set_weights(activated.get_weights())
    values = numpy(plain(images))
    np.testing.assert_allclose(numpy(activated(images)), 2 * np.where(values > 0, values, 0.2 * values), atol=1e-5)


def test_mapping_normalises():
    mapping = MappingNetwork(6, num_layers=2)
    x = RNG.normal(size=(2, 4)).astype("float32")
    np.testing.assert_allclose(numpy(mapping(x)), numpy(mapping(5 * x)), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("batch", "group"), [(8, 4), (4, 4), (6, 3), (2, 2)])
def test_minibatch_deviation_is_over_strided_groups(batch, group):
    x = RNG.normal(size=(batch, 3, 2, 5)).astype("float32")
    outputs = numpy(MinibatchStddev(4)(x))
    np.testing.assert_array_equal(outputs[..., :-1], x)
    groups = batch // group
    for i in range(batch):
        expected = np.sqrt(x[i % groups :: groups].var(axis=0) + 1e-8).mean()
        np.testing.assert_allclose(outputs[i, ..., -1], expected, rtol=1e-4)


def test_projection_is_a_product_with_the_mapped_class():
    net = critic(num_classes=3, group_size=0)
    images = RNG.normal(size=(1, 8, 12, 3)).astype("float32")
    seen = []
    net.score.call, score = lambda x: seen.append(score(x)) or seen[-1], net.score.call
    labels = np.float32([[0, 1, 0]])
    logit = numpy(net(images, labels))
    mapped = numpy(net.mapping(net.embedding(labels)))
    assert logit.shape == (1, 1)
    np.testing.assert_allclose(logit[0, 0], np.sum(numpy(seen[0]) * mapped) / np.sqrt(6), rtol=1e-4)
    assert abs(logit[0, 0] - numpy(net(images, np.float32([[1, 0, 0]])))[0, 0]) > 1e-3


def test_residual_branches_halve_their_power():
    net = critic(residual=True)
    first, second, skip = net.blocks[1]
    x = RNG.normal(size=(2, 8, 12, 4)).astype("float32")
    bare = EqualizedConv2D(6, 1, use_bias=False, resample="down")
    bare.build((None, None, None, 4))
    bare.set_weights(skip.get_weights())
    np.testing.assert_allclose(numpy(skip(x)), numpy(bare(x)) * np.sqrt(0.5), atol=1e-6)
    assert second.gain == pytest.approx(1.0) and first.gain == pytest.approx(np.sqrt(2))
    np.testing.assert_allclose(numpy(net._run(net.blocks[1], x)), numpy(second(first(x)) + skip(x)), atol=1e-6)


def test_stages():
    assert [tuple(stage) for stage in stages((64, 64), 128, 20)] == [
        *((4, 4, 20), (8, 8, 16), (16, 16, 8)),
        *((32, 32, 4), (64, 64, 2)),
    ]
    assert stages((144, 256))[0][:2] == (9, 16) and stages((4, 4))[0][:2] == (4, 4)
    for size in ((100, 100), (64, 2)):
        with pytest.raises(ValueError, match=r"`size` must be \(height, width\), 4 to 16 pixels.*Received"):
            stages(size)
    for size, near in (((180, 320), (176, 320)), ((100, 100), (96, 96)), ((3, 3), (4, 4)), ((17, 40), (16, 40))):
        with pytest.raises(ValueError, match=re.escape(f"Received: size={size}; near it is {near}")):
            stages(size)
        assert stages(near)
    with pytest.raises(ValueError, match=r"`size` must be \(height, width\), both positive. Received: size=\(64,\)"):
        stages((64,))
    with pytest.raises(ValueError, match="`channel_base` must be positive. Received: channel_base=0"):
        stages((8, 8), 0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: StyleGAN2Generator(num_classes=1), "`num_classes` must be 0 or at least 2. Received: num_classes=1"),
        (lambda: StyleGAN2Generator(latent_dim=0), "`latent_dim` must be positive. Received: latent_dim=0"),
        (lambda: StyleGAN2Critic(num_classes=-1), "`num_classes` must be 0 or at least 2. Received: num_classes=-1"),
        (lambda: StyleGAN2Critic(group_size=-1), "`group_size` must not be negative. Received: group_size=-1"),
        (lambda: EqualizedDense(0), "`units` must be positive. Received: units=0"),
        (lambda: EqualizedDense(1, learning_rate_multiplier=0), "`learning_rate_multiplier` must be positive"),
        (lambda: EqualizedDense(1, activation="relu"), "`activation` must be None or \"leaky_relu\". Received.*'relu'"),
        (lambda: EqualizedDense(1, gain=0), "`gain` must be positive. Received: gain=0"),
        (lambda: EqualizedConv2D(1, 5), "`kernel_size` must be 1 or 3. Received: kernel_size=5"),
        (lambda: EqualizedConv2D(1, resample="left"), "`resample` must be None, .* Received: resample='left'"),
        (lambda: MinibatchStddev(0), "`group_size` must be positive. Received: group_size=0"),
        (lambda: MappingNetwork(3, 0), "`num_layers` must be positive. Received: num_layers=0"),
    ],
)
def test_arguments_are_checked(make, message):
    with pytest.raises(ValueError, match=message):
        make()
