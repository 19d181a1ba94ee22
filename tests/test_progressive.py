"""Progressive growing: shares, the middle of a fade, blended reals, a start that is not square."""

import dataclasses

import keras
import numpy as np
import pytest
from keras import ops

from keras_stylegan.models import ProgressiveGAN, StyleGAN
from keras_stylegan.models.transfer import transfer_weights
from keras_stylegan.networks import ProgressiveCritic, ProgressiveGenerator, StyleGANGenerator
from keras_stylegan.networks.progressive import blend, stage_shares
from keras_stylegan.ops.resampling import upsample_nearest
from keras_stylegan.presets import get_preset
from keras_stylegan.systems.gans import growth_notes, untrained_gan

SIZE, LATENT = (16, 24), 5


def networks(**options):
    generator = ProgressiveGenerator(SIZE, latent_dim=LATENT, filters=4, max_filters=6)
    critic = ProgressiveCritic(SIZE, filters=4, max_filters=6, **options)
    generator.build()
    critic.build()
    return generator, critic


@pytest.fixture(scope="module")
def built():
    keras.utils.set_random_seed(0)
    return networks(group_size=1)


def pictures(count=2):
    return np.random.default_rng(0).uniform(-1, 1, (count, *SIZE, 3)).astype("float32")


@pytest.mark.parametrize(
    "progress, shares",
    [(0.0, [1, 0, 0]), (0.25, [0.75, 0.25, 0]), (1.0, [0, 1, 0]), (1.5, [0, 0.5, 0.5]), (2.0, [0, 0, 1])],
)
def test_shares_are_a_triangle(progress, shares):
    np.testing.assert_allclose([float(share) for share in stage_shares(progress, 3)], shares, atol=1e-6)


def test_a_picture_in_the_middle_of_a_fade_is_the_mean_of_both_sizes(built):
    generator, _ = built
    assert generator.sizes == [(4, 6), (8, 12), (16, 24)]  # the start is not square
    latents, stages = np.ones((2, LATENT), "float32"), {}
    for progress in (1.0, 1.5, 2.0):
        generator.progress.assign(progress)
        stages[progress] = np.array(generator(latents))
    np.testing.assert_allclose(stages[1.5], (stages[1.0] + stages[2.0]) / 2, atol=1e-5)
    # A stage's picture has only its own detail: every 2x2 pixels are equal.
    corners = stages[1.0][:, ::2, ::2]
    np.testing.assert_allclose(np.array(upsample_nearest(corners)), stages[1.0], atol=1e-6)
    assert np.abs(stages[2.0] - np.array(upsample_nearest(stages[2.0][:, ::2, ::2]))).max() > 1e-3


def test_real_pictures_are_blended_with_the_same_share():
    real = pictures()
    half = ops.average_pool(real, 2)
    np.testing.assert_allclose(blend(real, 1.5, 3), 0.5 * real + 0.5 * np.array(upsample_nearest(half)), atol=1e-5)
    quarter = np.array(upsample_nearest(ops.average_pool(real, 4), 4))
    np.testing.assert_allclose(blend(real, 0.0, 3), quarter, atol=1e-5)


def test_the_critic_passes_over_sizes_beyond_the_progress(built):
    _, critic = built
    real = pictures()
    fine = real + np.tile([[1.0, -1.0], [-1.0, 1.0]], (8, 12))[None, :, :, None].astype("float32")  # mean 0 over 2x2
    for progress, blind in ((1.0, True), (1.5, False)):
        critic.progress.assign(progress)
        difference = np.abs(np.array(critic(real) - critic(fine))).max()
        assert (difference < 1e-4) == blind
    # In the middle of the fade both ways into size 1 count half.
    entered = critic.from_images[1](ops.average_pool(real, 2))
    first, second = critic.stages[1]
    below = ops.average_pool(second(first(critic.from_images[2](real))), 2)
    x = 0.5 * entered + 0.5 * below
    first, second = critic.stages[0]
    x = critic.last(critic.variety(ops.average_pool(second(first(x)), 2)))
    expected = critic.score(critic.hidden(ops.reshape(x, (2, -1))))
    np.testing.assert_allclose(critic(real), expected, atol=1e-4)


def test_training_moves_the_progress_and_the_average_copies_it(tmp_path):
    generator, critic = networks(group_size=2)
    model = ProgressiveGAN(generator, critic, stable_kimg=0.004, fade_kimg=0.008, penalties={"drift": 0.001})
    optimizers = {name: keras.optimizers.SGD(0.0) for name in ("critic", "generator")}
    model.compile(optimizers, ema={"half_life_kimg": 1.0})
    found = []
    for _ in range(8):
        batch = model.draw({"images": pictures(4)})
        found.append(float(ops.convert_to_tensor(generator.progress)))
        np.testing.assert_allclose(model.reals(batch), blend(batch["images"], found[-1], 3), atol=1e-5)
        model.images_seen.assign(model.images_seen + 4)
    assert found == [0.0, 0.0, 0.5, 1.0, 1.0, 1.5, 2.0, 2.0]
    model.images_seen.assign(8)
    model.make_step()({"images": pictures(4)})
    assert float(ops.convert_to_tensor(model.ema.progress)) == 0.5
    model.ema.save(tmp_path / "generator.keras")
    loaded = keras.models.load_model(tmp_path / "generator.keras")
    assert float(ops.convert_to_tensor(loaded.progress)) == 0.5


@pytest.mark.parametrize("kind", [ProgressiveGAN, StyleGAN])
def test_a_whole_model_goes_on_growing_after_loading(kind, tmp_path):
    if kind is StyleGAN:
        options = {"mixing_probability": 0.3}
        generator = StyleGANGenerator(SIZE, latent_dim=LATENT, style_dim=6, mapping_layers=2, filters=4)
        generator.build()
        critic = networks(group_size=2)[1]
    else:
        options = {}
        generator, critic = networks(group_size=2)
    model = kind(generator, critic, stable_kimg=0.004, fade_kimg=0.008, seed=3, **options)
    model.grown_kimg.assign(0.002)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.get_config() == model.get_config()
    assert all(getattr(loaded, name) == value for name, value in options.items())
    assert float(loaded.progress_at(6)) == float(model.progress_at(6)) == 0.5
    np.testing.assert_array_equal(loaded.generate([1, 2]), model.generate([1, 2]))


def test_growth_begins_where_an_earlier_network_stood():
    model = ProgressiveGAN(*networks(), stable_kimg=0.004, fade_kimg=0.008)
    assert model.growth_kimg == pytest.approx(0.024)
    earlier = ProgressiveGenerator((8, 12), latent_dim=LATENT, filters=6, max_filters=6)  # has no 16x24
    earlier.build()
    taken = transfer_weights(earlier, model.generator).taken
    # Of P: when it is reached again, and how much is left. A size that was reached is not trained alone once more.
    for progress, left in ((0.0, 0.02), (0.25, 0.018), (1.0, 0.008)):
        earlier.progress.assign(progress)
        model.grow_on_from(earlier, taken)
        assert float(model.progress_at(0)) == pytest.approx(progress, abs=1e-6)
        assert model.growth_kimg == pytest.approx(left, abs=1e-6)
    assert float(model.progress_at(4)) == pytest.approx(1.5)
    # Sizes count as far as all of their weights are taken: of one that begins anew nothing has grown.
    for size, width in (((12, 12), 6), ((8, 12), 4)):
        other = ProgressiveGenerator(size, latent_dim=LATENT, filters=width, max_filters=width)
        other.build()
        begun = ProgressiveGAN(*networks(), stable_kimg=0.004, fade_kimg=0.008)
        begun.grow_on_from(other, transfer_weights(other, begun.generator).taken)
        assert begun.growth_kimg == pytest.approx(0.024)


def test_growth_is_told_under_a_strategy_too(mirrored):
    preset = dataclasses.replace(get_preset("progressive"), size=SIZE, filters=4, max_filters=6, latent_dim=LATENT)
    with mirrored.scope():
        model = untrained_gan(dataclasses.replace(preset, stable_kimg=0.004, fade_kimg=0.008))
        model.grow_on_from(model.generator, model.generator.weights)
        (note,) = growth_notes(ProgressiveGAN(*networks(), stable_kimg=0.004, fade_kimg=0.008), 0.013)
    assert model.growth_kimg == 0 and growth_notes(model, 0.0) == []
    assert note == "note: 16x24 is there after 0.024 kimg; at 0.013 the largest size that has faded in is 8x12"


def test_wrong_arguments_are_told(built):
    generator, critic = built
    with pytest.raises(ValueError, match="`fade_kimg` must be positive. Received: fade_kimg=0"):
        ProgressiveGAN(generator, critic, fade_kimg=0)
    other = ProgressiveCritic((8, 8), filters=4)
    with pytest.raises(ValueError, match=r"`critic` must be of the generator's size \(16, 24\). Received: \(8, 8\)"):
        ProgressiveGAN(generator, other)
