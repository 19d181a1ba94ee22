"""One update on two replicas equals the same update on one device."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops
from toy_gan import LATENT, SIZE, ToyGAN, batches
from toy_training import dataset_of

from keras_stylegan.layers import AdaptiveAugmentation, ClipWeights


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
