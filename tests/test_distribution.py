"""One update on two replicas equals the same update on one device."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops
from toy_gan import LATENT, SIZE, ToyGAN, batches
from toy_training import dataset_of

from keras_stylegan.layers import AdaptiveAugmentation, ClipWeights
from keras_stylegan.models import StyleGAN2
from keras_stylegan.networks import StyleGAN2Critic, StyleGAN2Generator
from keras_stylegan.ops.seeds import ReplicaSeedGenerator


def train(strategy, data, optimizer, model=ToyGAN, compile_arguments=None, **kwargs):
    """Trains with `fit` and returns the state and the logs of the last step."""
    with strategy.scope():
        gan = model(**kwargs)
        optimizers = {"discriminator": optimizer(), "generator": optimizer()}
        gan.compile(optimizers, ema={"half_life_kimg": 0.01, "ramp_up": 0.5}, **(compile_arguments or {}))
    history = gan.fit(dataset_of(data), epochs=1, shuffle=False, verbose=0)
    state = {name: ops.convert_to_numpy(ops.copy(v.value)) for name, v in gan.state_variables().items()}
    return gan, state, {name: values[0] for name, values in history.history.items()}


def assert_replicas_make_no_difference(mirrored, tolerance, data, optimizer, **kwargs):
    _, one, logs_of_one = train(tf.distribute.get_strategy(), data, optimizer, **kwargs)
    _, two, logs_of_two = train(mirrored, data, optimizer, **kwargs)
    # The generator's seed alone is drawn apart, and changes nothing: the draws are part of the data.
    for name in one.keys() - {"model/0000"}:
        np.testing.assert_allclose(two[name], one[name], rtol=0, atol=tolerance, err_msg=name)
    assert logs_of_two == pytest.approx(logs_of_one, abs=10 * tolerance, nan_ok=True)
    return two, logs_of_two


@pytest.mark.parametrize(
    ("optimizer", "tolerance", "settings"),
    [
        (lambda: keras.optimizers.SGD(0.1), 1e-6, {"steps": 2, "every": 2, "compile_arguments": {"clip_norm": 0.5}}),
        (lambda: keras.optimizers.Adam(0.01), 1e-9, {"steps": 2, "every": 2, "dtype": "float64"}),
        (
            lambda: keras.optimizers.SGD(0.1),
            1e-6,
            {"loss": "relativistic_average", "compile_arguments": {"updates": "simultaneous"}},
        ),
    ],
    ids=["sgd_critic_lazy_clipped", "adam_float64_critic_lazy", "sgd_relativistic_average_simultaneous"],
)
def test_two_replicas_equal_one_device(mirrored, optimizer, tolerance, settings):
    data = batches(3, settings.get("dtype", "float32"))
    assert_replicas_make_no_difference(mirrored, tolerance, data, optimizer, **settings)


def test_an_odd_batch_is_weighted_by_its_size(mirrored):
    assert_replicas_make_no_difference(mirrored, 1e-6, batches(2, batch=5), lambda: keras.optimizers.SGD(0.1))


def test_a_bad_image_on_one_replica_skips_the_update_on_both(mirrored):
    first, second = batches(2)
    second["images"][-1] = np.nan
    state, logs = assert_replicas_make_no_difference(
        mirrored, 1e-6, [first, second], lambda: keras.optimizers.Adam(0.01, epsilon=0.1), every=2
    )
    assert (logs["discriminator/skipped_updates"], logs["generator/skipped_updates"]) == (1, 0)
    assert np.isfinite(np.concatenate([value.ravel() for value in state.values()])).all()


class RememberingGAN(ToyGAN):
    """Its lazy regularizer keeps a running mean, as that of path lengths does."""

    def __init__(self, **kwargs):
        super().__init__(every=2, **kwargs)
        self.mean = keras.Variable(0.0, trainable=False)

    def players(self):
        discriminator, generator = super().players()
        discriminator.regularizers[0].state = [self.mean]
        return [discriminator, generator]

    def r1(self, batch):
        self.mean.assign(0.5 * self.mean + ops.mean(batch["images"]))
        return super().r1(batch)


def test_a_regularizer_keeps_the_mean_of_the_replicas_states(mirrored):
    data = batches(3)
    first, _, third = (batch["images"].mean() for batch in data)
    for strategy in (tf.distribute.get_strategy(), mirrored):
        gan, _, _ = train(strategy, data, lambda: keras.optimizers.SGD(0.1), model=RememberingGAN)
        value = float(ops.convert_to_numpy(ops.copy(gan.mean.value)))
        assert value == pytest.approx(0.5 * first + third, abs=1e-5)


class FurnishedGAN(ToyGAN):
    """Moving statistics, a constraint, dropout: state that is assigned inside of a replica."""

    def make_generator(self, dtype):
        layers = [keras.layers.Dense(5), keras.layers.BatchNormalization(), keras.layers.Dropout(0.2, seed=1)]
        constrained = keras.layers.Dense(SIZE, kernel_constraint=ClipWeights(0.1))
        return keras.Sequential([keras.Input((LATENT,)), *layers, constrained])


def test_buffers_constraints_and_seeds_work_on_replicas(mirrored):
    data = [{"images": batch["images"]} for batch in batches(3)]
    gan, _, logs = train(mirrored, data, lambda: keras.optimizers.Adam(0.1), model=FurnishedGAN, every=2)
    assert all(np.isfinite(value) for value in logs.values())
    assert logs["images_seen"] == 24
    for variable in [*gan.generator.weights, *gan.ema.weights]:
        copies = [value.numpy() for value in variable.value.values]
        np.testing.assert_array_equal(copies[0], copies[1], err_msg=variable.path)
    layers = gan.generator.layers
    assert np.abs(layers[1].moving_mean.value.values[0].numpy()).max() > 1e-3
    assert np.abs(layers[3].kernel.value.values[0].numpy()).max() == pytest.approx(0.1)


def test_replicas_draw_different_numbers(mirrored):
    with mirrored.scope():
        gan = ToyGAN()
    draw = tf.function(lambda: gan.draw({"images": tf.zeros((2, SIZE))})["latents"])
    first, second = mirrored.experimental_local_results(mirrored.run(draw))
    assert np.abs(first.numpy() - second.numpy()).max() > 1e-3


def test_a_replicas_draws_are_those_of_no_other_seed(mirrored):
    """Seeds of runs and of their parts lie beside each other."""
    drawn = {}
    for seed in range(3):
        with mirrored.scope():
            generator = ReplicaSeedGenerator(seed)
        draw = tf.function(lambda generator=generator: keras.random.normal((8,), seed=generator))
        for replica, value in enumerate(mirrored.experimental_local_results(mirrored.run(draw))):
            drawn[seed, replica] = value.numpy()
    values = list(drawn.values())
    assert all(np.abs(a - b).max() > 1e-3 for i, a in enumerate(values) for b in values[:i])


def test_stylegan2_on_two_replicas_equals_one_device(mirrored):
    """One of four pictures of class 0 lies beside those of class 1: mean styles are those of the whole batch."""
    random, shape = np.random.default_rng(0), {"size": (8, 8), "num_classes": 2, "channel_base": 32, "channel_max": 4}

    def made():
        generator = StyleGAN2Generator(**shape, latent_dim=3, style_dim=4, mapping_layers=1)
        critic = StyleGAN2Critic(**shape, mapping_layers=1, group_size=1)
        weights = np.random.default_rng(1)
        for network in (generator, critic):
            network.build()
            network.set_weights([weights.normal(size=w.shape, scale=0.5) for w in network.get_weights()])
        return StyleGAN2(generator, critic, penalty_every=1, gamma=1.0, path_length_weight=0.0, seed=0)

    noise = made().generator.noise_size
    data = [{"images": random.normal(size=(6, 8, 8, 3)), "labels": np.array([0, 0, 0, 0, 1, 1], "int32")}]
    for player in ("critic", "generator"):
        data[0][f"{player}/latents"] = random.normal(size=(6, 2, 3))
        data[0][f"{player}/cutoff"] = np.array([1, 2, 3, 1, 2, 3], "int32")
        data[0][f"{player}/noise"] = random.normal(size=(6, noise))
    data = [{name: v.astype("float32") if v.dtype == "float64" else v for name, v in data[0].items()}]
    states = []
    for strategy in (tf.distribute.get_strategy(), mirrored):
        with strategy.scope():
            gan = made()
            before = ops.convert_to_numpy(ops.copy(gan.generator.mean_styles.value))
            gan.compile({name: keras.optimizers.SGD(0.01) for name in ("critic", "generator")})
        gan.fit(dataset_of(data), epochs=1, shuffle=False, verbose=0)
        weights = [*gan.generator.weights, *gan.critic.weights]
        states.append({v.path: ops.convert_to_numpy(ops.copy(v.value)) for v in weights})
        moved = ops.convert_to_numpy(ops.copy(gan.generator.mean_styles.value)) - before
        assert (np.abs(moved).max(axis=1) > 1e-5).all()
    for one, two in zip(states[0].values(), states[1].values(), strict=True):
        np.testing.assert_allclose(two, one, rtol=1e-4, atol=2e-6)


def test_augmentation_differs_on_replicas_and_its_probability_does_not(mirrored):
    with mirrored.scope():
        layer = AdaptiveAugmentation(["brightness"], initial=1.0, limit=1.0, speed_kimg=0.1, interval=1)
    logits = mirrored.experimental_distribute_values_from_function(
        lambda context: tf.constant([1.0, -1.0 if context.replica_id_in_sync_group else 1.0])
    )

    def step(logits):
        layer.observe(logits)
        return layer(tf.zeros((2, 1, 1, 3)), training=True), layer.probability + 0.0, layer.sign_rate + 0.0

    results = tf.function(lambda logits: mirrored.run(step, (logits,)))(logits)
    images, probabilities, rates = map(mirrored.experimental_local_results, results)
    assert np.abs(images[0] - images[1]).min() > 1e-4
    assert float(rates[0]) == float(rates[1]) == 0.5
    assert float(probabilities[0]) == float(probabilities[1]) == pytest.approx(0.96)  # 4 images of 100 down from 1
