"""StyleGAN and progressive growing at full size: published counts; truncation, mixing, noise, mean style, average."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_stylegan.layers import AdaINLayer
from keras_stylegan.models import StyleGAN
from keras_stylegan.networks import ProgressiveCritic, ProgressiveGenerator, StyleGANGenerator

SIZE, LATENT = (8, 12), 5


@pytest.mark.parametrize(
    "make, count",
    [
        # The published logs of 1024x1024: 26.2 M and 23.1 M parameters.
        (lambda size: StyleGANGenerator(size, filters=16), 26_219_627),
        (lambda size: ProgressiveCritic(size, filters=16), 23_087_249),
        (lambda size: ProgressiveGenerator(size, filters=16), 23_079_115),
    ],
    ids=["stylegan", "critic", "progressive"],
)
def test_parameter_counts_at_1024(make, count):
    network = make((1024, 1024))
    with keras.StatelessScope(initialize_variables=False):  # no numbers are needed to count them
        network.build()
    assert sum(int(np.prod(variable.shape)) for variable in network.trainable_variables) == count


def test_adain_gives_every_channel_mean_and_deviation_of_its_style():
    layer = AdaINLayer(3, convolve=False)
    rng = np.random.default_rng(0)
    features = rng.normal(2.0, 5.0, (2, 6, 7, 3)).astype("float32")
    styles, noise = rng.normal(size=(2, 4)).astype("float32"), rng.normal(size=(2, 6, 7, 1)).astype("float32")
    layer(features, styles, noise)
    for weight in layer.weights:
        weight.assign(rng.normal(size=weight.shape))
    found = np.array(layer(features, styles, noise))
    scale, shift = np.split(np.array(layer.affine(styles)), 2, axis=-1)
    np.testing.assert_allclose(found.mean((1, 2)), shift, atol=1e-4)
    np.testing.assert_allclose(found.std((1, 2)), np.abs(1 + scale), rtol=1e-3)
    assert np.abs(found - np.array(layer(features, styles, 0 * noise))).max() > 0.1
    with pytest.raises(ValueError, match="`upsample` needs `convolve`. Received: upsample=True, convolve=False"):
        AdaINLayer(3, upsample=True, convolve=False)


@pytest.fixture(scope="module")
def generator():
    keras.utils.set_random_seed(0)
    generator = StyleGANGenerator(SIZE, latent_dim=LATENT, style_dim=6, mapping_layers=2, filters=4)
    generator.build()
    rng = np.random.default_rng(0)
    for weight in generator.weights:
        if weight.name in ("noise_strength", "mean_style"):
            weight.assign(rng.normal(size=weight.shape))
    return generator


def latents(count=3):
    return np.random.default_rng(1).normal(size=(count, LATENT)).astype("float32")


def test_truncation_draws_pictures_to_that_of_the_mean_style(generator):
    mean = np.array(generator.synthesize(generator.broadcast(ops.convert_to_tensor(generator.mean_style))))
    np.testing.assert_allclose(generator(latents(), truncation=0.0), np.repeat(mean, 3, 0), atol=1e-4)
    np.testing.assert_allclose(generator(latents(), truncation=1.0), generator(latents()), atol=1e-6)
    w, center = np.array(generator.map_latents(latents())), np.array(generator.mean_style)
    np.testing.assert_allclose(generator.truncate(w, truncation=0.7), center + 0.7 * (w - center), atol=1e-5)


def test_layers_before_the_cutoff_take_the_first_style(generator):
    first, second = ops.ones((3, 6)), ops.zeros((3, 6))
    mixed = np.array(generator.mix(first, second, np.array([1, 3, 4])))
    assert mixed.shape == (3, generator.num_styles, 6) == (3, 4, 6)
    np.testing.assert_array_equal(mixed.mean(-1), [[1, 0, 0, 0], [1, 1, 1, 0], [1, 1, 1, 1]])


def test_noise_moves_the_picture_and_stays_constant_without(generator):
    assert generator.noise_size == 2 * (4 * 6 + 8 * 12)
    quiet, again = np.array(generator(latents())), np.array(generator(latents()))
    np.testing.assert_array_equal(quiet, again)
    loud = generator(latents(), noise=np.random.default_rng(0).normal(size=(3, generator.noise_size)))
    assert np.abs(quiet - np.array(loud)).max() > 1e-2


def test_a_step_moves_the_mean_style_once_and_the_average_copies_it():
    keras.utils.set_random_seed(0)
    generator = StyleGANGenerator(SIZE, latent_dim=LATENT, style_dim=6, mapping_layers=2, filters=4)
    critic = ProgressiveCritic(SIZE, filters=4)
    generator.build()
    critic.build()
    model = StyleGAN(generator, critic, penalties={"r1": 1.0}, seed=0)
    optimizers = {name: keras.optimizers.SGD(0.0) for name in ("critic", "generator")}
    model.compile(optimizers, ema={"half_life_kimg": 1.0})
    images = np.zeros((4, *SIZE, 3), "float32")
    drawn = model.draw({"images": images})
    assert drawn["noise"].shape == (4, generator.noise_size) and drawn["other_latents"].shape == (4, LATENT)
    cutoffs = np.concatenate([np.array(model.draw({"images": images})["cutoff"]) for _ in range(8)])
    assert cutoffs.min() >= 1 and cutoffs.max() <= generator.num_styles and len(set(cutoffs)) > 2
    given = latents(4)
    model.make_step()({"images": images, "latents": given})
    expected = 0.005 * np.array(generator.map_latents(given)).mean(0, keepdims=True)
    np.testing.assert_allclose(np.array(generator.mean_style), expected, atol=1e-6)
    np.testing.assert_array_equal(np.array(model.ema.mean_style), np.array(generator.mean_style))
    assert model.generate([0, 1], truncation=0.5).shape == (2, *SIZE, 3)


def test_training_paints_mixed_styles_under_noise(generator):
    critic = ProgressiveCritic(SIZE, filters=4)
    critic.build()
    model, rng = StyleGAN(generator, critic), np.random.default_rng(4)
    batch = {
        "latents": latents(), "other_latents": latents()[::-1], "cutoff": np.array([1, 2, 4]),
        "noise": rng.normal(size=(3, generator.noise_size)).astype("float32"),
    }  # fmt: skip
    made = np.array(model.imagine(batch))
    first, second = (np.array(generator.map_latents(batch[name])) for name in ("latents", "other_latents"))
    for row, cutoff in enumerate(batch["cutoff"]):
        styles = np.stack([first[row] if layer < cutoff else second[row] for layer in range(generator.num_styles)])
        alone = generator.synthesize(styles[None], batch["noise"][row : row + 1])
        np.testing.assert_allclose(made[row], np.array(alone)[0], atol=1e-5)
    for name in ("other_latents", "noise"):
        assert np.abs(np.array(model.imagine({**batch, name: -batch[name]})) - made).max(axis=(1, 2, 3))[0] > 1e-3


def test_mixing_probability_is_checked(generator):
    critic = ProgressiveCritic(SIZE, filters=4)
    critic.build()
    with pytest.raises(ValueError, match=r"`mixing_probability` must be in \[0, 1\]. Received: mixing_probability=2"):
        StyleGAN(generator, critic, mixing_probability=2)
