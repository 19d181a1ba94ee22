"""What a preset of a GAN says is what its model, optimizers and average do."""

import functools
import json

import keras
import numpy as np
import pytest

from keras_stylegan import systems
from keras_stylegan.models.schedules import CosineSchedule, HeadStart, ScheduledAdam
from keras_stylegan.presets import get_preset, with_settings
from keras_stylegan.systems.gan_parts import open_batches

SMALL = {
    "dcgan": ["size=8,8", "latent_dim=4", "filters=4", "max_filters=4"],
    "stylegan2": [
        "size=8,8", "latent_dim=4", "style_dim=4", "mapping_layers=1", "channel_base=32", "channel_max=4",
        "group_size=2",
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    path, rng = tmp_path_factory.mktemp("data") / "pictures.npz", np.random.default_rng(0)
    np.savez(path, images=rng.integers(0, 256, (6, 10, 12, 3)).astype("uint8"))
    return path


@pytest.fixture
def named(pictures):
    """Makes the model of a preset, compiled, on batches of 4."""

    def make(name, *settings):
        chosen = [f"data={pictures}", "batch_size=4", "kimg=0.1", *SMALL[name], *settings]
        return systems.build(with_settings(get_preset(name), chosen)).model

    return make


@pytest.fixture(params=SMALL)
def made(request, named):
    """The same for each of the presets."""
    return functools.partial(named, request.param)


def rates(model):
    """Learning rates of generator and critic at the moment."""
    return [float(model.optimizers[name].learning_rate) for name in ("generator", "critic")]


def after(model, images):
    """The model when it has seen that many images in batches of 4."""
    model.images_seen.assign(images)
    for name, steps in (("generator", 1), ("critic", getattr(model, "critic_steps", 1))):
        model.optimizers[name].iterations.assign(images // 4 * steps)
    return model


def test_settings_move_along_half_a_cosine_and_stay(made):
    options = ["learning_rate=0.01", "critic_learning_rate=0.02", "final_learning_rate=0.001", "beta_2=0.9"]
    model = made(*options, "final_beta_2=0.99", "schedule_kimg=0.08", "ema_half_life_kimg=1", "ema_ramp_up=0")
    for images, share in ((0, 1.0), (20, (1 + np.sqrt(0.5)) / 2), (40, 0.5), (80, 0.0), (800, 0.0)):
        after(model, images)
        expected = [0.001 + (rate - 0.001) * share for rate in (0.01, 0.02)]
        assert rates(model) == pytest.approx(expected, rel=1e-5)
        assert float(model.optimizers["critic"].beta_2) == pytest.approx(0.99 - 0.09 * share, rel=1e-5)
        half_life = model._training.average.half_life_kimg
        assert float(model.now(half_life)) == pytest.approx(10 - 9 * share, rel=1e-5)
    assert isinstance(model.optimizers["generator"], ScheduledAdam)


def test_without_a_schedule_settings_stay(made):
    model = made("learning_rate=0.01", "critic_learning_rate=0.02", "beta_1=0.3", "beta_2=0.7")
    for images in (0, 4000):
        assert rates(after(model, images)) == pytest.approx([0.01, 0.02])
    assert [model.optimizers["critic"].beta_1, model.optimizers["critic"].beta_2] == [0.3, 0.7]


def test_rates_fall_to_nothing_along_a_line(made):
    model = made("learning_rate=0.01", "critic_learning_rate=0.02", "decay_kimg=0.2")
    for images, share in ((0, 1.0), (50 * 4, 0.0), (10 * 4, 0.8)):
        assert rates(after(model, images)) == pytest.approx([0.01 * share, 0.02 * share], abs=1e-9)
    with pytest.raises(ValueError, match="`decay_kimg` must be 0 or at least `kimg`.*decay_kimg=0.05, kimg=0.1"):
        made("decay_kimg=0.05")
    with pytest.raises(ValueError, match="`decay_kimg` or `schedule_kimg`. Received: decay_kimg=0.2, schedule_kimg=1"):
        made("decay_kimg=0.2", "schedule_kimg=1")


def test_a_critic_with_a_head_start_learns_alone(named, eagerly):
    """Exactly so long, with the generator as it was drawn; the schedule beneath goes on."""
    model = named("dcgan", "critic_steps=2", "head_start_kimg=0.008", "learning_rate=0.01", "decay_kimg=0.2")
    step = model.make_step()
    batch = {"images": np.random.default_rng(1).uniform(-1, 1, (4, 8, 8, 3)).astype("float32")}
    kernels = [next(w for w in part.trainable_weights) for part in (model.generator, model.critic)]
    moved = []
    for _ in range(3):
        before = [np.array(kernel) for kernel in kernels]
        step(batch)
        moved.append([bool((np.array(kernel) != old).any()) for kernel, old in zip(kernels, before, strict=True)])
    assert moved == [[False, True], [False, True], [True, True]]
    assert rates(model) == pytest.approx([0.01 * (1 - 12 / 200), 0.0002 * (1 - 12 / 200)])
    # A return to an earlier checkpoint lowers the rate that is to come, too.
    after(model, 0).roll_back(lambda: None, 0.5)
    assert rates(model) == pytest.approx([0, 0.0001])
    assert rates(after(model, 12)) == pytest.approx([0.005 * (1 - 12 / 200), 0.0001 * (1 - 12 / 200)])
    with pytest.raises(ValueError, match="`head_start_kimg` must be below `kimg`.*head_start_kimg=0.1, kimg=0.1"):
        named("dcgan", "head_start_kimg=0.1")


def test_a_head_start_is_data():
    with pytest.raises(ValueError, match="`kimg` must be positive. Received: kimg=0"):
        HeadStart(0.1, 0)
    told = keras.saving.serialize_keras_object(HeadStart(CosineSchedule(1.0, 0.0, 4.0), 2.0))
    again = keras.saving.deserialize_keras_object(json.loads(json.dumps(told)))
    assert [float(again(images)) for images in (0, 1999, 2000, 4000)] == pytest.approx([0, 0, 0.5, 0], abs=1e-6)


def test_final_penalties_are_those_of_the_critic(named):
    with pytest.raises(ValueError, match="`final_penalties` must be among those of `penalties`. Received: r3"):
        named("dcgan", "critic_normalization=none", "penalties=r1:1", "final_penalties=r3:1", "schedule_kimg=1")


def test_schedules_count_images_however_many_updates_a_step_has(named):
    model = after(named("dcgan", "critic_steps=2", "decay_kimg=0.2", "learning_rate=0.01"), 100)
    assert rates(model) == pytest.approx([0.005, 0.0001])
    model = after(named("dcgan", "critic_steps=2", "schedule_kimg=0.2", "final_learning_rate=1e-9"), 100)
    assert rates(model) == pytest.approx([0.0001, 0.0001], rel=1e-4)


def test_gradients_are_clipped_and_the_rule_is_chosen_by_name(made):
    model = made("clip_norm=0.25", "optimizer=rmsprop")
    assert {update.clip_norm for update in model._training.updates} == {0.25}
    assert all(isinstance(rule, keras.optimizers.RMSprop) for rule in model.optimizers.values())
    assert {update.clip_norm for update in made()._training.updates} == {None}
    with pytest.raises(ValueError, match="`optimizer` must be one of adam, rmsprop. Received: optimizer=sgd"):
        made("optimizer=sgd")


def test_pictures_are_cut_as_the_preset_says(pictures):
    settings = ["size=8,4", "scale=0.4,0.7", "flip=0", "batch_size=3", "seed=5"]
    batches, _ = open_batches(with_settings(get_preset("dcgan"), [f"data={pictures}", *settings]))
    crops = batches.crops[0]
    assert crops.scale == (0.4, 0.7) and not crops.flip
    assert (crops.crop_size, crops.batch_size, crops.seed) == ((8, 4), 3, 5)


def test_players_may_move_together(made):
    assert made("updates=simultaneous")._training.simultaneous and not made()._training.simultaneous
    with pytest.raises(ValueError, match="`updates` must be"):
        made("updates=both")


def test_penalties_and_limits_of_a_gan(named):
    penalties = ["penalties=r1:4,drift:0.5", "final_penalties=r1:1", "schedule_kimg=0.08", "penalty_every=3"]
    options = ["weight_limit=0.01", "rotation_weights=1,0.5", "critic_steps=2", "critic_normalization=none"]
    model = named("dcgan", *penalties, *options)
    assert model.penalty_every == 3 and model.rotation_weights == (1.0, 0.5)
    for images, weight in ((0, 4.0), (40, 2.5), (80, 1.0)):
        after(model, images)
        assert float(model.weight("r1")) == pytest.approx(weight) and model.weight("drift") == 0.5
    assert {variable.constraint.limit for variable in model.critic.trainable_variables} == {0.01}
    assert [(player.name, player.steps) for player in model.players()] == [("critic", 2), ("generator", 1)]


def test_gamma_of_stylegan2_moves_and_is_saved(named):
    model = named("stylegan2", "gamma=4", "final_gamma=1", "schedule_kimg=0.08")
    batch = {"images": np.random.default_rng(0).uniform(-1, 1, (4, 8, 8, 3)).astype("float32")}
    penalties = [float(keras.ops.mean(after(model, images).r1(batch))) for images in (0, 40, 80)]
    np.testing.assert_allclose(np.array(penalties) / penalties[-1], [4.0, 2.5, 1.0], rtol=1e-5)
    again = type(model).from_config(model.get_config())
    assert again.get_config() == model.get_config()
    assert float(again.gamma(40)) == pytest.approx(2.5)
    # 0 stands for the rule, and for what it began with.
    model = named("stylegan2", "schedule_kimg=0.08")
    assert model.gamma == pytest.approx(0.0002 * 64 / 4)
    with pytest.raises(ValueError, match="`final_gamma` needs a `schedule_kimg`. Received: final_gamma=1.0"):
        named("stylegan2", "final_gamma=1")
    for name in ("gamma", "final_gamma"):
        with pytest.raises(ValueError, match=f"`{name}` must be 0 for a critic of projected, without R1"):
            named("stylegan2", "critic=projected", f"{name}=1", "schedule_kimg=1")
